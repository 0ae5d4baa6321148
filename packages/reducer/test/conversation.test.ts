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
import { codesOf, findingsOf, reduce, reduceLeniently, textsOf } from "./support.ts";

describe("a full request", () => {
  it("keeps the ids of the items that it has in common with the context before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([assistantMessage("hello")]);
    turn.request([userMessage("hi"), assistantMessage("hello"), userMessage("more")]);
    const graph = reduce(rollout);
    expect(textsOf(graph, graph.threads["root"]?.conversation_item_ids ?? [])).toEqual([
      "hi",
      "hello",
      "more",
    ]);
    expect(graph.inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: ["item:3"],
    });
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3"]);
  });

  it("makes two items of two identical messages", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("again"), userMessage("again")]);
    expect(expandRequest(reduce(rollout), "inference-1")).toEqual(["item:1", "item:2"]);
  });

  it("makes a new item of a repeated message at a new position", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("again")]);
    turn.request([userMessage("again"), userMessage("again")]);
    expect(expandRequest(reduce(rollout), "inference-2")).toEqual(["item:1", "item:2"]);
  });

  it("recognises items that the host has reordered", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a"), userMessage("b"), userMessage("c")]);
    turn.request([userMessage("b"), userMessage("a"), userMessage("c")]);
    expect(expandRequest(reduce(rollout), "inference-2")).toEqual(["item:2", "item:1", "item:3"]);
  });

  it("takes the first unused item where several are equal", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("x"), userMessage("same"), userMessage("same")]);
    turn.request([userMessage("same"), userMessage("same")]);
    expect(expandRequest(reduce(rollout), "inference-2")).toEqual(["item:2", "item:3"]);
  });

  it("that shares nothing with any call before it has no base", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]);
    turn.request([userMessage("b")]);
    expect(reduce(rollout).inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: null,
      keep: 0,
      item_ids: ["item:2"],
    });
  });

  it("is based on the call with which it shares the longest prefix, not on the latest", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const long = [userMessage("a", { id: "msg_a" }), userMessage("b", { id: "msg_b" })];
    turn.request(long);
    turn.request([userMessage("z", { id: "msg_z" })]);
    turn.request([...long, userMessage("c", { id: "msg_c" })]);
    expect(reduce(rollout).inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: ["item:4"],
    });
  });

  it("may be one string", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.event({
      type: "inference_started",
      inference_call_id: "i",
      thread_id: "root",
      turn_id: turn.id,
      model: "m",
      provider: "p",
      dialect: "openai_responses",
      input_mode: { type: "full" },
      request: rollout.payload("inference_request", { input: "just this" }),
    });
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "i"))).toEqual(["just this"]);
  });

  it("that leaves items out without a compaction is a finding", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a"), userMessage("b"), userMessage("c")]);
    turn.request([userMessage("a")]);
    expect(findingsOf(reduce(rollout))).toEqual(["context_shrank_without_compaction inference-2"]);
  });

  it("keeps elements that are no part of the transcript out of it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn().accept("at_1");
    turn.request([{ type: "additional_tools", id: "at_1" }, userMessage("hi")]);
    turn.request([{ type: "additional_tools", id: "at_1" }, userMessage("hi"), userMessage("more")]);
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.threads["root"]?.conversation_item_ids).toEqual(["item:1", "item:2"]);
    expect(findingsOf(graph)).toEqual([]);
  });
});

describe("identity", () => {
  it("is the provider's item id, whatever was cut since", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a long text", { id: "msg_1" })]);
    turn.request([userMessage("a lo…", { id: "msg_1" })]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1"]);
    expect(textsOf(graph, ["item:1"])).toEqual(["a long text"]);
  });

  it("is not the provider's item id when that names another sort of item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("x")]).respond([functionCall("c1", "f", {}, { id: "fc" })]);
    turn
      .request([userMessage("x"), functionCall("c1", "f", {}, { id: "fc" }), functionOutput("c1", "1")])
      .respond([functionCall("c2", "f", {}, { id: "fc" })]);
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-2"]?.response_item_ids).toEqual(["item:4"]);
    expect(graph.conversation_items["item:2"]?.call_id).toBe("c1");
    expect(graph.conversation_items["item:4"]?.call_id).toBe("c2");
  });

  it("is the content where one sighting has no item id, and the item takes the id over", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("x")]).respond([assistantMessage("y")]);
    turn.request([userMessage("x"), assistantMessage("y", { id: "msg_y" })]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2"]);
    expect(graph.conversation_items["item:2"]?.provider_item_id).toBe("msg_y");
  });

  it("of a reasoning item is its encrypted blob, and the first readable text is kept", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("x")]).respond([reasoning({ encrypted: "blob", summary: "first" })]);
    turn.request([userMessage("x"), reasoning({ encrypted: "blob", text: "thought", summary: "second" })]);
    turn.request([userMessage("x"), reasoning({ encrypted: "blob" })]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2"]);
    expect(graph.conversation_items["item:2"]?.body.parts).toEqual([
      { type: "text", text: "thought" },
      { type: "summary", text: "first" },
      { type: "encoded", label: "encrypted_content", value: "blob" },
    ]);
  });

  it("of a json part is all of it and not its preview", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const long = "x".repeat(1000);
    turn.request([functionCall("c", "f", { text: `${long}1` })]);
    turn.request([functionCall("c", "f", { text: `${long}2` })]);
    const graph = reduce(rollout);
    const previews = ["item:1", "item:2"].map((id) => graph.conversation_items[id]?.body.parts[0]);
    expect(previews).toMatchObject([{ preview: expect.stringMatching(/^.{239}…$/) }, { type: "json" }]);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:2"]);
  });

  it("of an image is its content, wherever it was read from", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const image = (url: string) => ({
      ...userMessage(""),
      content: [{ type: "input_image", image_url: url }],
    });
    turn.request([image("data:1")]);
    turn.request([image("data:1"), image("data:2")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2"]);
  });
});

describe("a response", () => {
  it("is appended to the context and produced by its call", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn
      .request([userMessage("hi")])
      .respond([assistantMessage("hello", { phase: "final_answer", id: "msg_h" })]);
    expect(reduce(rollout).conversation_items["item:2"]).toEqual({
      item_id: "item:2",
      provider_item_id: "msg_h",
      thread_id: "root",
      turn_id: "turn-1",
      accepted: null,
      first_seen_at_us: 1_700_000_000_005_000,
      role: "assistant",
      channel: "final",
      kind: "message",
      call_id: null,
      body: { parts: [{ type: "text", text: "hello" }] },
      agent_message: null,
      produced_by: [{ type: "inference", inference_call_id: "inference-1" }],
      evidence: { seqs: [5], payload_ids: ["payload-2"] },
      provenance: "recorded",
    });
  });

  it("that was cut off by a failure was still said", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).fail("connection reset", [assistantMessage("hel")]);
    turn.request([userMessage("hi")]).cancel("interrupted", [assistantMessage("hell")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-1"]).toMatchObject({
      error: "connection reset",
      response_item_ids: ["item:2"],
      execution: { status: "failed", end_cause: "observed" },
    });
    expect(graph.inference_calls["inference-2"]).toMatchObject({
      error: "interrupted",
      response_item_ids: ["item:3"],
      execution: { status: "cancelled", end_cause: "observed" },
    });
  });

  it("that repeats an item id of an earlier response is a new item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const first = assistantMessage("one", { id: "msg_1" });
    turn.request([userMessage("a")]).respond([first]);
    turn
      .request([userMessage("a"), first, userMessage("b")])
      .respond([assistantMessage("two", { id: "msg_1" })]);
    const graph = reduce(rollout);
    expect(textsOf(graph, graph.threads["root"]?.conversation_item_ids ?? [])).toEqual([
      "a",
      "one",
      "b",
      "two",
    ]);
  });

  it("that comes after the next request has gone out stays with its own request", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const first = turn.request([userMessage("a")]);
    const second = turn.request([userMessage("a"), userMessage("b")]);
    first.respond([assistantMessage("to a")]);
    second.respond([assistantMessage("to b")]);
    turn.request([userMessage("a"), assistantMessage("to a"), userMessage("c")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: ["item:5"],
    });
  });
});

describe("an incremental request", () => {
  const incremental = (id: string) => ({ mode: { type: "incremental", previous_response_id: id } });

  it("continues the request and response of the call that it names", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_1")).respond([], { responseId: "resp_2" });
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: ["item:3"],
    });
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(["a", "b", "c"]);
  });

  it("may go back to an earlier response", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn
      .request([userMessage("c")], incremental("resp_1"))
      .respond([assistantMessage("d")], { responseId: "resp_2" });
    turn.request([userMessage("e")], incremental("resp_1"));
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual(["a", "b", "e"]);
  });

  it("that is sent again shows the same items", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_1")).fail("reset");
    turn.request([userMessage("c")], incremental("resp_1"));
    expect(expandRequest(reduce(rollout), "inference-3")).toEqual(["item:1", "item:2", "item:3"]);
  });

  it("whose response was not recorded starts from the recorded prefix", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const prefix = rollout.payload("inference_request", { input: [userMessage("a"), assistantMessage("b")] });
    const mode = { type: "incremental_untraced", previous_response_id: "resp_0", prefix };
    turn.request([userMessage("c")], { mode });
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-1"))).toEqual(["a", "b", "c"]);
  });

  it("that names an unknown response is an error, and falls back to the live context", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_x"));
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["unknown_reference"]);
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(["a", "b", "c"]);
    expect(() => reduce(rollout)).toThrow(expect.objectContaining({ code: "unknown_reference", seq: 6 }));
  });
});

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
    const once = { ...usage, cached_input_tokens: 0, reasoning_output_tokens: 0 };
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
