/** The whole graph of a recorded demo, without what differs from run to run, and the fixture that it is compared with. */
import { join } from "node:path";
import { openSource } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { eventTypesOf, type StableGraph, stableGraph } from "@rollout-trace/reducer/testing";
import { ROOT } from "./run-demo.ts";

/** Made by `npm run fixtures`. */
export const DEMO_FIXTURE: string = join(ROOT, "fixtures/demo/stable-graph.json");

export function stableDemo(storePath: string): StableGraph {
  using source = openSource(storePath);
  const graph = reduceRollout(source.rollout, { mode: "strict" });
  return stableGraph(graph, {
    eventTypes: eventTypesOf(source.rollout),
    text: (text) =>
      text
        .replaceAll(graph.rollout_id ?? "", "<rollout>")
        .replaceAll(/Wall time \d+(\.\d+)? seconds/g, "Wall time <n> seconds"),
  });
}
