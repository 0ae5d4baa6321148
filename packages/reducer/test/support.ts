import type { PayloadReader } from "@rollout-trace/protocol";
import {
  type ConversationItem,
  createReducer,
  expandRequest,
  type RolloutGraph,
  type ReducerCheckpoint,
  reduceRollout,
  resumeReducer,
} from "@rollout-trace/reducer";
import type { RolloutBuilder } from "@rollout-trace/reducer/testing";

/** Reduces strictly: what a test calls consistent must not have an error in it. */
export function reduce(rollout: RolloutBuilder): RolloutGraph {
  return reduceRollout(rollout.source(), { mode: "strict" });
}

export function reduceLeniently(rollout: RolloutBuilder): RolloutGraph {
  return reduceRollout(rollout.source());
}

/** Reduces with a checkpoint, kept as text, after every event. */
export function reduceInSteps(rollout: RolloutBuilder): RolloutGraph {
  const { payloads } = rollout.source();
  let reducer = createReducer({ payloads });
  for (const event of rollout.events) {
    reducer.apply(event);
    const text = JSON.stringify(reducer.save());
    reducer = resumeReducer(JSON.parse(text) as ReducerCheckpoint, { payloads });
  }
  return reducer.finish();
}

/** The same payloads, of which nobody can tell how two arrays begin alike. */
export function untold(payloads: PayloadReader): PayloadReader {
  return {
    json: (id) => payloads.json(id),
    items: (id, key) => payloads.items(id, key),
    stat: (id) => payloads.stat(id),
  };
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

/** An item in one line: role / channel / kind, call id, and its parts. */
export function lineOf({ role, channel, kind, call_id, body }: ConversationItem): string {
  const parts = body.parts.map((part) => {
    if (part.type === "text" || part.type === "summary") return `${part.type} ${part.text}`;
    if (part.type === "code") return `code ${part.source}`;
    if (part.type === "encoded") return `${part.label} ${part.value}`;
    return part.type === "json" ? `json ${part.preview}` : `ref ${part.label}`;
  });
  const head = `${role}/${channel ?? "-"}/${kind}`;
  return [call_id === null ? head : `${head} ${call_id}`, ...parts].join(" | ");
}

/** The lines of what a request showed to the model. */
export function linesOf(graph: RolloutGraph, callId: string): readonly string[] {
  return expandRequest(graph, callId).map((id) => lineOf(graph.conversation_items[id] as ConversationItem));
}

/** A function call as chat completions write it. */
export function chatCall(id: string, name: string, input: string) {
  return { id, type: "function", function: { name, arguments: input } };
}
