/** Recordings of every kind of thing that a graph has to do with, damage included. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { RolloutSource, SourceProblem } from "@rollout-trace/protocol";
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { type MemoryPayload, memorySource } from "@rollout-trace/reducer/testing";

const FIXTURES = resolve(import.meta.dirname, "../../../../fixtures/reducer");

export interface Recording {
  readonly name: string;
  readonly rollout: RolloutSource;
  readonly graph: RolloutGraph;
}

export const RECORDINGS: readonly Recording[] = readdirSync(FIXTURES)
  .filter((file) => file.endsWith(".json"))
  .map((file) => {
    const { recording, payloads } = JSON.parse(readFileSync(join(FIXTURES, file), "utf8")) as {
      readonly recording: readonly unknown[];
      readonly payloads: { readonly [id: string]: MemoryPayload };
    };
    const rollout = recordingSource(recording, new Map(Object.entries(payloads)));
    return { name: file.replace(".json", ""), rollout, graph: reduceRollout(rollout) };
  });

/** A source of whatever is given as events; `{ problem }` is a place that the source could not read. */
export function recordingSource(
  recording: Iterable<unknown>,
  payloads: ReadonlyMap<string, MemoryPayload> = new Map(),
): RolloutSource {
  return {
    ...memorySource("recording", { events: [], payloads }),
    eventCount: null,
    *events() {
      for (const value of recording) {
        const problem = (value as { readonly problem?: SourceProblem } | null)?.problem;
        yield problem === undefined ? { type: "event", value } : { type: "problem", problem };
      }
    },
  };
}
