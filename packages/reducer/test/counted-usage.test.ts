import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  RolloutBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce, textsOf } from "./support.ts";

const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

const COUNTED = {
  ...USAGE,
  cached_input_tokens: 0,
  cache_creation_input_tokens: 0,
  reasoning_output_tokens: 0,
};

/** A request for a summary, and the response with that. */
function compactionRequest(turn: TurnBuilder, requestId: string, response: JsonObject): void {
  const { rollout } = turn.thread;
  const ids = { compaction_id: "k", compaction_request_id: requestId };
  turn.event({
    type: "compaction_request_started",
    ...ids,
    thread_id: turn.thread.id,
    turn_id: turn.id,
    model: "model-1",
    provider: "provider-1",
    request: rollout.payload("compaction_request", { input: [] }),
  });
  turn.event({
    type: "compaction_request_completed",
    ...ids,
    response: rollout.payload("compaction_response", response),
  });
}

describe("the tokens of a response", () => {
  it("are those of the thread that asked, and not those of a child whose history has that response too", () => {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "r1", usage: USAGE });
    const child = rollout.child("child").turn();
    const inherited = child.request([userMessage("a")]);
    inherited.respond([assistantMessage("b")], { responseId: "r1", usage: USAGE });
    const graph = reduce(rollout);
    expect(graph.usage).toEqual({
      total: COUNTED,
      by_model: { "model-1": COUNTED },
      by_thread: { root: COUNTED },
      by_turn: { [parent.id]: COUNTED },
    });
    expect(graph.turns[child.id]?.usage).toBeNull();
    expect(graph.inference_calls[inherited.id]?.usage).toEqual(COUNTED);
    expect(checkGraph(graph)).toEqual([]);
  });

  it.each(["id", "response_id"])(
    "count once where compaction requests, and a request of the conversation, have it under %s",
    (key) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      compactionRequest(turn, "k-1", { [key]: "r1", usage: USAGE });
      compactionRequest(turn, "k-2", { [key]: "r1", usage: USAGE });
      turn.request([userMessage("a")]).respond([], { responseId: "r1", usage: USAGE });
      const graph = reduce(rollout);
      expect(graph.usage.total).toEqual(COUNTED);
      expect(Object.values(graph.compaction_requests).map(({ usage }) => usage)).toEqual([COUNTED, COUNTED]);
    },
  );

  it("count for each response that has no id, or an empty one", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    compactionRequest(turn, "k-1", { usage: USAGE });
    compactionRequest(turn, "k-2", { id: "", usage: USAGE });
    compactionRequest(turn, "k-3", { id: "", usage: USAGE });
    turn.request([userMessage("a")]).respond([], { usage: USAGE });
    for (const responseId of ["", ""])
      turn.request([userMessage("a")]).respond([], { responseId, usage: USAGE });
    const graph = reduce(rollout);
    expect(graph.usage.total.total_tokens).toBe(6 * USAGE.total_tokens);
    expect(new Set(Object.values(graph.inference_calls).map((call) => call.response_id))).toEqual(
      new Set([null]),
    );
  });

  it("count for each response that has the id of another and took other tokens, and once for one that is told of again", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const flat = { input_tokens: 20, output_tokens: 5 };
    const detailed = { ...flat, total_tokens: 25, input_tokens_details: { cached_tokens: 10 } };
    for (const usage of [USAGE, detailed, USAGE, flat])
      turn.request([userMessage("a")]).respond([], { responseId: "chatcmpl-412", usage });
    compactionRequest(turn, "k", { id: "chatcmpl-412", usage: { ...USAGE, output_tokens: 6 } });
    expect(reduce(rollout).usage.total).toMatchObject({
      input_tokens: 40,
      cached_input_tokens: 10,
      output_tokens: 16,
    });
  });

  it.each(["turn", "thread"] as const)(
    "count, and what it says was said, also where it is recorded after its %s has ended",
    (whole) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const call = turn.request([userMessage("a")]);
      if (whole === "turn") turn.end();
      else rollout.root.end();
      call.respond([assistantMessage("b")], { responseId: "r1", usage: USAGE });
      if (whole === "thread") rollout.root.resume();
      rollout.root.turn().request([userMessage("a"), assistantMessage("b")]);
      const graph = reduce(rollout);
      expect(graph.inference_calls[call.id]).toMatchObject({
        execution: { status: "cancelled", end_cause: "turn_ended", ended_seq: 5 },
        response_id: "r1",
        response_item_ids: ["item:2"],
        usage: COUNTED,
        evidence: { seqs: [4, 5, 6], payload_ids: ["payload-1", "payload-2"] },
      });
      expect(graph.usage.by_turn).toEqual({ [turn.id]: COUNTED });
      expect(textsOf(graph, graph.threads["root"]?.conversation_item_ids ?? [])).toEqual(["a", "b"]);
      expect(checkGraph(graph)).toEqual([]);
    },
  );

  it("from the cache are those that chat completions call hits of the prompt's cache, where there are no details", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const hits = { prompt_tokens: 7, prompt_cache_hit_tokens: 4, completion_tokens: 2 };
    const detailed = { ...hits, prompt_tokens_details: { cached_tokens: 3 } };
    for (const usage of [hits, detailed]) {
      turn.request([{ role: "user", content: "a" }], { dialect: "openai_chat" }).respond([], { usage });
    }
    const cached = Object.values(reduce(rollout).inference_calls).map(
      ({ usage }) => usage?.cached_input_tokens,
    );
    expect(cached).toEqual([4, 3]);
  });
});
