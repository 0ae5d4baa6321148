import { describe, expect, it } from "vitest";
import { expandRequest } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  developerMessage,
  functionCall,
  functionOutput,
  reasoning,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce } from "./support.ts";

describe("acceptance", () => {
  it("is noted on the item that comes later, and its event is evidence", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn().accept("msg_1");
    turn.request([userMessage("hi", { id: "msg_1" })]);
    expect(reduce(rollout).conversation_items["item:1"]).toMatchObject({
      accepted: { at_us: 1_700_000_000_004_000, seq: 4 },
      evidence: { seqs: [4, 5], payload_ids: ["payload-1"] },
    });
  });

  it("is noted on the item that came before", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([assistantMessage("yo", { id: "msg_2" })]);
    turn.accept("msg_2");
    expect(reduce(rollout).conversation_items["item:2"]?.accepted?.seq).toBe(6);
  });

  it("with a body makes the item, which a later request carries", () => {
    const rollout = new RolloutBuilder();
    const message = { ...agentMessage("/root/a", "/root", "done"), id: "amsg_1" };
    const turn = rollout.root.turn().accept("amsg_1", message);
    turn.request([userMessage("hi"), message]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-1")).toEqual(["item:2", "item:1"]);
    expect(graph.conversation_items["item:1"]).toMatchObject({
      role: "assistant",
      channel: "analysis",
      agent_message: { author: "/root/a", recipient: "/root" },
      accepted: { seq: 4 },
    });
  });

  it("with a body of what a response then says leaves it produced by that response", () => {
    const rollout = new RolloutBuilder();
    const [call, answer] = [
      functionCall("c1", "f", {}, { id: "fc_1" }),
      assistantMessage("a", { id: "msg_1" }),
    ];
    const turn = rollout.child("kid").turn();
    const inference = turn.request([userMessage("q")]);
    turn.accept("msg_1", answer).accept("fc_1", call);
    inference.respond([answer, call]);
    turn.tool("c1").end();
    turn.end();
    turn.event({
      type: "agent_result_observed",
      edge_id: "result-1",
      child_thread_id: "kid",
      child_turn_id: turn.id,
      parent_thread_id: "root",
      message: "a",
      carried: rollout.payload("agent_result", { message: "a" }),
    });
    const graph = reduce(rollout);
    const producer = { type: "inference", inference_call_id: inference.id };
    expect(graph.inference_calls[inference.id]).toMatchObject({
      response_item_ids: ["item:2", "item:3"],
      tool_call_ids: ["c1"],
    });
    expect(graph.conversation_items["item:2"]?.produced_by).toEqual([producer]);
    expect(graph.conversation_items["item:3"]?.produced_by).toEqual([producer]);
    expect(graph.conversation_items["item:2"]?.evidence.payload_ids).toHaveLength(2);
    expect(graph.tool_calls["c1"]?.caused_by?.inference_call_id).toBe(inference.id);
    expect(Object.values(graph.interaction_edges)[0]?.source).toEqual({
      type: "conversation_item",
      id: "item:2",
    });
  });

  it("of an output that no request carries does not mean that the model has seen it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q")]).respond([functionCall("c1", "f", {}), functionCall("c2", "f", {})]);
    const carried = functionOutput("c2", "seen", { id: "out_2" });
    turn.tool("c1").end();
    turn.tool("c2").end();
    turn.accept("out_1", functionOutput("c1", "lost")).accept("out_2", carried);
    turn.request([userMessage("q"), functionCall("c1", "f", {}), functionCall("c2", "f", {}), carried]);
    turn.end();
    rollout.end();
    const graph = reduce(rollout);
    const lost = { output_item_ids: ["item:4"], visibility: { seen_by_model: false, to_model_bytes: null } };
    const seen = { output_item_ids: ["item:5"], visibility: { seen_by_model: true, to_model_bytes: 4 } };
    expect(graph.tool_calls).toMatchObject({ c1: lost, c2: seen });
    expect(findingsOf(graph)).toEqual(["tool_result_never_seen c1"]);
  });

  it("of an output that the input of a compaction has is of one that was in the history", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const output = functionOutput("c1", "r", { id: "out_1" });
    turn.request([userMessage("q")]).respond([functionCall("c1", "f", {})]);
    turn.tool("c1").end();
    turn.accept("out_1", output);
    turn.compact("k", { input: [userMessage("q"), functionCall("c1", "f", {}), output], replacement: [] });
    const graph = reduce(rollout);
    expect(graph.compactions["k"]?.input_item_ids).toEqual(["item:1", "item:2", "item:3"]);
    expect(graph.tool_calls["c1"]?.visibility.seen_by_model).toBe(true);
  });

  it("of an item that nothing ever shows is a finding once the rollout is over", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().accept("msg_lost");
    expect(findingsOf(reduce(rollout))).toEqual([]);
    rollout.end();
    expect(findingsOf(reduce(rollout))).toEqual(["accepted_item_never_seen root"]);
  });
});

describe("a compaction", () => {
  it("keeps its input, adds a marker, and makes new items of its replacement", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const question = userMessage("question", { id: "msg_q" });
    turn.request([question]).respond([assistantMessage("answer")]);
    turn.compact("compaction-1", {
      input: [question, assistantMessage("answer")],
      replacement: [question, userMessage("summary")],
    });
    turn.request([question, userMessage("summary"), userMessage("next")]);
    const graph = reduce(rollout);
    expect(graph.compactions["compaction-1"]).toEqual({
      compaction_id: "compaction-1",
      recorded_id: "compaction-1",
      thread_id: "root",
      turn_id: "turn-1",
      installed_at_us: 1_700_000_000_006_000,
      installed_seq: 6,
      marker_item_id: "item:3",
      request_ids: [],
      input_item_ids: ["item:1", "item:2"],
      replacement_item_ids: ["item:4", "item:5"],
      evidence: { seqs: [6], payload_ids: ["payload-3"] },
      provenance: "recorded",
    });
    expect(graph.conversation_items["item:3"]).toMatchObject({
      kind: "compaction_marker",
      body: { parts: [] },
    });
    expect(expandRequest(graph, "inference-2")).toEqual(["item:4", "item:5", "item:6"]);
    expect(findingsOf(graph)).toEqual([]);
  });

  it("whose history was interrupted by another request is what the next one repeats, and nothing older is", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [question, summary] = [userMessage("question"), userMessage("summary")];
    turn.request([question]).respond([assistantMessage("answer")]);
    turn.compact("k", { input: [question, assistantMessage("answer")], replacement: [question, summary] });
    turn.request([userMessage("find a title")]).respond([assistantMessage("A title")]);
    turn.request([question, summary, userMessage("next")]);
    turn.request([question, assistantMessage("answer")]);
    const graph = reduce(rollout);
    expect(graph.compactions["k"]?.replacement_item_ids).toEqual(["item:4", "item:5"]);
    expect(graph.inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: null,
      keep: 0,
      item_ids: ["item:4", "item:5", "item:8"],
    });
    expect(graph.inference_calls["inference-4"]?.request).toEqual({
      base_inference_call_id: "inference-3",
      keep: 1,
      item_ids: ["item:9"],
    });
  });

  it("leaves what its replacement has not to the past: when it is said again, it is a new item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("question")]);
    turn.compact("k", { input: [userMessage("question")], replacement: [userMessage("summary")] });
    turn.request([userMessage("find a title")]);
    turn.request([userMessage("question")]);
    expect(expandRequest(reduce(rollout), "inference-3")).toEqual(["item:5"]);
  });

  it("that has the id of one that was installed before is another one", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const start = (compaction_request_id: string) =>
      turn.event({
        type: "compaction_request_started",
        compaction_id: "k",
        compaction_request_id,
        thread_id: "root",
        turn_id: turn.id,
        model: "m",
        provider: "p",
        request: rollout.payload("compaction_request", { input: [] }),
      });
    turn.request([userMessage("a")]);
    start("k-1");
    turn.compact("k", { input: [userMessage("a")], replacement: [userMessage("b")] });
    turn.request([userMessage("b")]);
    start("k-2");
    turn.compact("k", { input: [userMessage("b")], replacement: [userMessage("c")] });
    turn.request([userMessage("c")]);
    const graph = reduce(rollout);
    expect(graph.compactions).toMatchObject({
      k: { request_ids: ["k-1"], input_item_ids: ["item:1"], replacement_item_ids: ["item:3"] },
      "k#2": { request_ids: ["k-2"], input_item_ids: ["item:3"], replacement_item_ids: ["item:5"] },
    });
    expect(expandRequest(graph, "inference-3")).toEqual(["item:5"]);
    expect(graph.diagnostics).toEqual([]);
  });

  it("whose replacement has old calls in it makes no new calls of them", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "f", {});
    turn.request([userMessage("q")]).respond([call]);
    turn.tool("c1").end();
    turn.request([userMessage("q"), call, functionOutput("c1", "r")]);
    turn.compact("compaction-1", { input: [], replacement: [call, functionOutput("c1", "r")] });
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([]);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2", "item:5"],
      output_item_ids: ["item:3", "item:6"],
    });
  });

  it("comes into being with its first request", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ids = { compaction_id: "k", compaction_request_id: "k-1" };
    turn.event({
      type: "compaction_request_started",
      ...ids,
      thread_id: "root",
      turn_id: turn.id,
      model: "m",
      provider: "p",
      request: rollout.payload("compaction_request", { input: [] }),
    });
    turn.event({ type: "compaction_request_failed", ...ids, error: "too long" });
    const graph = reduce(rollout);
    expect(graph.compactions["k"]).toMatchObject({ installed_seq: null, request_ids: ["k-1"] });
    expect(graph.compaction_requests["k-1"]).toMatchObject({
      compaction_id: "k",
      error: "too long",
      execution: { status: "failed", end_cause: "observed" },
    });
  });
});

describe("odd elements", () => {
  it("become items with a warning, and never an error", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([
      userMessage("hi"),
      { type: "configuration_update", reasoning: { effort: "low" } },
      reasoning({}),
      { type: "message", role: "system", content: "late instructions" },
      "not even an object",
      { type: "message", role: "user", content: [] },
    ]);
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([
      "unknown_item_type",
      "empty_reasoning",
      "misplaced_system_item",
      "unknown_item_type",
    ]);
    expect(expandRequest(graph, "inference-1")).toHaveLength(6);
    expect(graph.conversation_items["item:6"]?.body.parts).toMatchObject([
      { type: "payload_ref", label: "empty_content" },
    ]);
  });

  it("are reported once, however many requests carry them", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const odd = { type: "never_heard_of", value: 1 };
    turn.request([odd]);
    turn.request([odd, userMessage("x")]);
    expect(codesOf(reduce(rollout))).toEqual(["unknown_item_type"]);
  });

  it("do not include instructions at the head, nor developer messages anywhere", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const system = { type: "message", role: "system", content: "be good" };
    turn.request([system, developerMessage("a"), userMessage("hi"), developerMessage("b")]);
    expect(codesOf(reduce(rollout))).toEqual([]);
  });
});

describe("usage", () => {
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

  it("is summed per model, thread and turn, each response once", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([], { responseId: "r1", usage });
    turn.request([userMessage("a")]).respond([], { responseId: "r1", usage });
    turn.request([userMessage("a")], { model: "model-2" }).respond([], { responseId: "r2", usage });
    const graph = reduce(rollout);
    const once = {
      ...usage,
      cached_input_tokens: 0,
      cache_creation_input_tokens: 0,
      reasoning_output_tokens: 0,
    };
    const twice = { ...once, input_tokens: 20, output_tokens: 10, total_tokens: 30 };
    expect(graph.usage).toEqual({
      total: twice,
      by_model: { "model-1": once, "model-2": once },
      by_thread: { root: twice },
      by_turn: { "turn-1": twice },
    });
    expect(graph.turns["turn-1"]?.usage).toEqual(twice);
  });

  it("reads the Responses API's own names", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.request([userMessage("a")]);
    const response = rollout.payload("inference_response", {
      id: "resp_9",
      output: [assistantMessage("b")],
      usage: {
        input_tokens: 7,
        input_tokens_details: { cached_tokens: 3 },
        output_tokens: 2,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 9,
      },
    });
    turn.event({ type: "inference_completed", inference_call_id: call.id, response });
    expect(reduce(rollout).inference_calls[call.id]).toMatchObject({
      response_id: "resp_9",
      response_item_ids: ["item:2"],
      usage: {
        input_tokens: 7,
        cached_input_tokens: 3,
        output_tokens: 2,
        reasoning_output_tokens: 1,
        total_tokens: 9,
      },
    });
  });
});
