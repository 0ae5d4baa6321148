import { describe, expect, it } from "vitest";
import {
  checkGraph,
  createReducer,
  expandRequest,
  graphDigest,
  graphJson,
  reduceRollout,
} from "@rollout-trace/reducer";
import {
  assistantMessage,
  MemoryPayloads,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

function small() {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("a")]).respond([assistantMessage("b")]);
  turn.request([userMessage("a"), assistantMessage("b"), userMessage("c")]);
  return rollout;
}

describe("the canonical text", () => {
  it("of the smallest recording", () => {
    const rollout = new RolloutBuilder();
    rollout.end().complete();
    const text = graphJson(reduce(rollout));
    expect(text).toMatchInlineSnapshot(`
      "{
       "schema_version": 1,
       "trace_id": "trace-1",
       "rollout_id": "rollout-1",
       "status": "completed",
       "recording_complete": true,
       "root_thread_id": "root",
       "started_at_us": 1700000000001000,
       "ended_at_us": 1700000000003000,
       "host": null,
       "threads": {
        "root": {
         "thread_id": "root",
         "recorded_id": "root",
         "agent_path": "/root",
         "nickname": null,
         "model": null,
         "origin": {
          "type": "root"
         },
         "execution": {
          "started_at_us": 1700000000002000,
          "started_seq": 2,
          "ended_at_us": 1700000000003000,
          "ended_seq": 3,
          "status": "aborted",
          "end_cause": "rollout_ended"
         },
         "turn_ids": [],
         "conversation_item_ids": [],
         "evidence": {
          "seqs": [
           2,
           3
          ],
          "payload_ids": []
         },
         "provenance": "recorded"
        }
       },
       "turns": {},
       "conversation_items": {},
       "inference_calls": {},
       "tool_calls": {},
       "code_cells": {},
       "terminal_sessions": {},
       "terminal_operations": {},
       "compactions": {},
       "compaction_requests": {},
       "interaction_edges": {},
       "spans": {},
       "payloads": {},
       "usage": {
        "total": {
         "input_tokens": 0,
         "cached_input_tokens": 0,
         "cache_creation_input_tokens": 0,
         "output_tokens": 0,
         "reasoning_output_tokens": 0,
         "total_tokens": 0
        },
        "by_model": {},
        "by_thread": {},
        "by_turn": {}
       },
       "diagnostics": [],
       "findings": []
      }
      "
    `);
    expect(graphDigest(reduce(rollout))).toMatchInlineSnapshot(
      `"da227ca52be54ede5699c67a5a50391088ef8b111b9c7155861ab1563208ed25"`,
    );
  });

  it("ends with a newline, has no trailing spaces, and parses to the graph", () => {
    const graph = reduce(small());
    const text = graphJson(graph);
    expect(text.endsWith("}\n")).toBe(true);
    expect(text).not.toMatch(/[ \t]$/m);
    expect(JSON.parse(text)).toEqual(graph);
  });

  it("writes what a request showed in full when asked to", () => {
    const text = graphJson(reduce(small()), { expand: true });
    expect(JSON.parse(text)).toMatchObject({
      inference_calls: { "inference-2": { request: { expanded_item_ids: ["item:1", "item:2", "item:3"] } } },
    });
  });

  it("keeps ids that are names of an object's own machinery", () => {
    const rollout = new RolloutBuilder({ rootThreadId: "__proto__" });
    rollout.root.turn("constructor").request([userMessage("a")], { id: "toString" });
    const graph = reduce(rollout);
    expect(Object.keys(graph.threads)).toEqual(["__proto__"]);
    expect(graph.threads["hasOwnProperty"]).toBeUndefined();
    expect(expandRequest(graph, "toString")).toEqual(["item:1"]);
    expect(expandRequest(graph, "valueOf")).toEqual([]);
    expect(graphJson(graph)).toContain('"__proto__": {\n   "thread_id": "__proto__"');
    expect(graphJson(graph, { expand: true })).toContain('"toString": {');
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("spans", () => {
  it("have their own times, and attributes in the order of their keys", () => {
    const rollout = new RolloutBuilder();
    const ids = { otel_trace_id: "0".repeat(32), span_id: "1".repeat(16) };
    const span = { ...ids, name: "chat", links: [] };
    rollout.event(
      { type: "span_started", ...span, kind: "client", attributes: { b: 1, a: 2 }, start_time_unix_us: 5 },
      { thread: "root" },
    );
    rollout.event({
      type: "span_ended",
      ...span,
      attributes: { a: 3 },
      status: { code: "error" },
      end_time_unix_us: 9,
    });
    expect(reduce(rollout).spans["1".repeat(16)]).toEqual({
      span_id: "1".repeat(16),
      recorded_id: "1".repeat(16),
      otel_trace_id: "0".repeat(32),
      parent_span_id: null,
      tool_call_id: null,
      thread_id: "root",
      turn_id: null,
      name: "chat",
      kind: "client",
      attributes: { a: 3 },
      links: [],
      status: { code: "error", message: null },
      execution: {
        started_at_us: 5,
        started_seq: 3,
        ended_at_us: 9,
        ended_seq: 4,
        status: "failed",
        end_cause: "observed",
      },
      evidence: { seqs: [3, 4], payload_ids: [] },
      provenance: "recorded",
    });
  });
});

describe("a tool call's spans", () => {
  it("are those that carry its id and those below them", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("c", { host: true });
    const span = (id: string, parent: string | null, attributes: object) =>
      turn.event({
        type: "span_started",
        otel_trace_id: "0".repeat(32),
        span_id: id.repeat(16),
        parent_span_id: parent?.repeat(16) ?? null,
        name: "GET",
        kind: "client",
        attributes,
        links: [],
        start_time_unix_us: 5,
      });
    span("1", null, { "rollout_trace.tool_call_id": "c" });
    span("2", "1", {});
    span("3", "2", { "rollout_trace.tool_call_id": "no such call" });
    span("4", null, {});
    // A span that claims to be below itself belongs to nothing.
    span("5", "6", {});
    span("6", "5", {});
    call.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["c"]?.span_ids).toEqual(["1", "2", "3"].map((id) => id.repeat(16)));
    expect(Object.values(graph.spans).map(({ tool_call_id }) => tool_call_id)).toEqual([
      "c",
      "c",
      "c",
      null,
      null,
      null,
    ]);
  });
});

describe("the loop", () => {
  it("marks the objects of an imported source", () => {
    const graph = reduceRollout({ ...small().source(), provenance: "imported" });
    expect(graph.conversation_items["item:1"]?.provenance).toBe("imported");
  });

  it("says how far it is and stops when told to", () => {
    const source = small().source();
    const seen: unknown[] = [];
    reduceRollout(source, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { events: 0, total: 6 },
      { events: 6, total: 6 },
    ]);
    const signal = AbortSignal.abort(new Error("enough"));
    expect(() => reduceRollout(source, { signal })).toThrow("enough");
  });

  it("takes no event after the end", () => {
    const reducer = createReducer({ payloads: new MemoryPayloads(new Map()) });
    reducer.finish();
    expect(() => reducer.apply({})).toThrow(expect.objectContaining({ code: "reducer_finished" }));
  });
});

describe("the check", () => {
  it("finds what is wrong with a graph", () => {
    const graph = reduce(small());
    const turn = graph.turns["turn-1"];
    const broken = {
      ...graph,
      status: "completed",
      ended_at_us: 10 ** 16,
      turns: { "turn-1": { ...turn, turn_id: "other", thread_id: "gone", inference_call_ids: [] } },
    } as typeof graph;
    expect(
      checkGraph(broken).map(({ object, message }) => `${object.type} ${object.id}: ${message}`),
    ).toEqual([
      "turn turn-1: its key is not its id",
      "conversation_item item:1: its turn is of another thread",
      "conversation_item item:2: its turn is of another thread",
      "conversation_item item:3: its turn is of another thread",
      "inference_call inference-1: its turn is of another thread",
      "inference_call inference-2: its turn is of another thread",
      'turn turn-1: its turn_id names turn "other", which there is not',
      'turn turn-1: its thread_id names thread "gone", which there is not',
      'thread root: is linked to turn "turn-1", which is not linked to it',
      'inference_call inference-1: is linked to turn "turn-1", which is not linked to it',
      'inference_call inference-2: is linked to turn "turn-1", which is not linked to it',
      "thread root: it is running in a rollout that is over",
      "turn turn-1: it is running in a rollout that is over",
      "inference_call inference-2: it is running in a rollout that is over",
    ]);
  });
});
