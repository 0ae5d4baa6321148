/** Sound graphs that a test breaks, to see that the check finds it. */
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import type { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

export type Open<Value> = Value extends object ? { -readonly [Key in keyof Value]: Open<Value[Key]> } : Value;
/** A graph to be broken; what spans carry is JSON of any depth. */
export type Broken = Open<Omit<RolloutGraph, "spans">>;
export type Breaking = readonly [what: string, breakIt: (graph: Broken) => unknown, violation: string];

export function there<Entry>(entry: Entry | null | undefined): Entry {
  if (entry === undefined || entry === null) throw new Error("there is no such object");
  return entry;
}

/** What the check finds wrong with the graph of a recording once it is broken. */
export function violationsOf(
  rollout: RolloutBuilder,
  breakIt: (graph: Broken) => unknown,
): readonly string[] {
  // Objects of a graph may share a list; those of its text do not.
  const graph = JSON.parse(JSON.stringify(reduce(rollout))) as RolloutGraph & Broken;
  breakIt(graph);
  return checkGraph(graph).map(({ object, message }) => `${object.type} ${object.id}: ${message}`);
}
