/** The whole graph of a recorded demo, without what differs from run to run, and the fixture that it is compared with. */
import { join } from "node:path";
import { openSource } from "@rollout-trace/cli";
import { decodeRawEvent, type JsonValue } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import { ROOT } from "./run-demo.ts";
import { stableGraph } from "./stable-graph.ts";

/** Made by `npm run fixtures`. */
export const DEMO_FIXTURE: string = join(ROOT, "fixtures/demo/stable-graph.json");

export function stableDemo(storePath: string): JsonValue {
  using source = openSource(storePath);
  const graph = reduceRollout(source.rollout, { mode: "strict" });
  const eventTypes = new Map<number, string>();
  for (const record of source.rollout.events()) {
    const decoded = record.type === "event" ? decodeRawEvent(record.value) : null;
    if (decoded?.ok === true) eventTypes.set(decoded.event.seq, decoded.event.payload.type);
  }
  return stableGraph(graph, { eventTypes, texts: new Map([[graph.rollout_id ?? "", "<rollout>"]]) });
}
