import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import type { RolloutBuilder } from "@rollout-trace/reducer/testing";

/** Reduces strictly: what a test calls consistent must not have an error in it. */
export function reduce(rollout: RolloutBuilder): RolloutGraph {
  return reduceRollout(rollout.source(), { mode: "strict" });
}

export function reduceLeniently(rollout: RolloutBuilder): RolloutGraph {
  return reduceRollout(rollout.source());
}

/** The texts of items, for reading a transcript at a glance. */
export function textsOf(graph: RolloutGraph, itemIds: readonly string[]): readonly string[] {
  return itemIds.map((id) => {
    const parts = graph.conversation_items[id]?.body.parts ?? [];
    return parts.map((part) => ("text" in part ? part.text : part.type)).join("");
  });
}

export function codesOf(graph: RolloutGraph): readonly string[] {
  return graph.diagnostics.map(({ code }) => code);
}

export function findingsOf(graph: RolloutGraph): readonly string[] {
  return graph.findings.map(({ code, object }) => `${code} ${object.id}`);
}
