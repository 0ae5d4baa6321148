import { describe, expect, it } from "vitest";
import { checkGraph, expandRequest, type InferenceCall } from "@rollout-trace/reducer";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  reasoning,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { findingsOf, reduce, textsOf } from "./support.ts";

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

  it.each([{}, { id: "msg_1" }])("makes two items of two identical messages with the ids %j", (ids) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([userMessage("again", ids), userMessage("again", ids)]);
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

  it("shows the same wherever it is said to begin as another does", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [a, b, c] = [userMessage("a"), userMessage("b"), userMessage("c")];
    turn.request([a, b, c]);
    turn.request([a, b, c, ...["d", "f", "g"].map((text) => userMessage(text))]);
    turn.request([a, userMessage("e")]);
    const graph = reduce(rollout);
    const call = graph.inference_calls["inference-3"] as InferenceCall;
    expect(call.request).toMatchObject({ base_inference_call_id: "inference-1", keep: 1 });
    // The second begins as the first does, and has more of that than the third.
    const request = { ...call.request, base_inference_call_id: "inference-2" };
    const based = {
      ...graph,
      inference_calls: { ...graph.inference_calls, "inference-3": { ...call, request } },
    };
    expect(textsOf(graph, expandRequest(based, "inference-3"))).toEqual(["a", "e"]);
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

  it("has the items that an earlier context has at that place, whatever the thread asked in between", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = [userMessage("q1"), userMessage("ok"), assistantMessage("a1"), userMessage("ok")];
    const title = userMessage("find a title");
    turn.request(said.slice(0, 2)).respond([assistantMessage("a1")]);
    turn.request([title, assistantMessage("for"), userMessage("ok")]).respond([assistantMessage("A title")]);
    turn.request(said);
    turn.request([title, assistantMessage("for"), userMessage("ok")]);
    turn.request([...said, userMessage("q2")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 3,
      item_ids: ["item:7"],
    });
    expect(expandRequest(graph, "inference-4")).toEqual(expandRequest(graph, "inference-2"));
    expect(graph.inference_calls["inference-5"]?.request).toEqual({
      base_inference_call_id: "inference-3",
      keep: 4,
      item_ids: ["item:8"],
    });
  });

  it("finds the items of an earlier context by what they say, by id and without one, among many at that place", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const named = (index: number) => (index % 2 === 0 ? { id: `msg_${index}` } : {});
    const asks = Array.from({ length: 6 }, (_, index) => userMessage(`q${index}`, named(index)));
    for (const ask of asks) turn.request([ask]);
    for (const [index, ask] of asks.entries()) {
      const again = index % 2 === 0 ? userMessage("cut", named(index)) : ask;
      turn.request([again, userMessage(`more of ${index}`)]);
    }
    const graph = reduce(rollout);
    const firsts = Object.keys(graph.inference_calls).map((id) => expandRequest(graph, id)[0]);
    expect(firsts.slice(6)).toEqual(firsts.slice(0, 6));
    expect(Object.keys(graph.conversation_items)).toHaveLength(12);
  });

  it("that leaves out a thought of an earlier context still has what came after the thought", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "f", {});
    turn.request([userMessage("q")]).respond([reasoning({ text: "hmm" }), assistantMessage("wait"), call]);
    turn.tool("c1").end();
    turn.request([userMessage("find a title")]).respond([assistantMessage("A title")]);
    turn.request([userMessage("q"), assistantMessage("wait"), call, functionOutput("c1", "r")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:3", "item:4", "item:7"]);
    expect(graph.tool_calls["c1"]).toMatchObject({ call_item_ids: ["item:4"], output_item_ids: ["item:7"] });
    expect(graph.diagnostics).toEqual([]);
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

  it("keeps elements that are no part of the transcript out of it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn().accept("at_1");
    turn.request([{ type: "additional_tools", id: "at_1" }, userMessage("hi")]);
    turn.request([{ type: "additional_tools", id: "at_1" }, userMessage("hi"), userMessage("more")]);
    turn.accept("at_1");
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

  it("is not the provider's item id when that names what another said, or another call", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const id = "same";
    const [mine, theirs] = [userMessage("x", { id }), assistantMessage("x", { id })];
    const [first, second] = [functionCall("c1", "f", {}, { id }), functionCall("c2", "f", {}, { id })];
    for (const element of [mine, theirs, first, second]) turn.request([element]);
    for (const element of [second, mine]) turn.request([userMessage("and"), element]);
    const graph = reduce(rollout);
    const shown = Object.keys(graph.inference_calls).map((call) => {
      const item = graph.conversation_items[expandRequest(graph, call).at(-1) ?? ""];
      return item?.call_id ?? item?.role;
    });
    expect(shown).toEqual(["user", "assistant", "c1", "c2", "c2", "user"]);
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

  it("of a reasoning item whose blob is empty is what it says", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const thoughts = ["one", "two"].map((text) => reasoning({ encrypted: "", text }));
    turn.request([userMessage("x"), ...thoughts, reasoning({ encrypted: "" })]);
    turn.request([userMessage("x"), ...thoughts.toReversed()]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:3", "item:2"]);
    expect(textsOf(graph, ["item:2", "item:3"])).toEqual(["one", "two"]);
    expect(graph.diagnostics).toMatchObject([{ code: "empty_reasoning", object: { id: "item:4" } }]);
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

  it("that says something with an id twice says two items, as a request does, also of what was accepted before", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = assistantMessage("so", { id: "msg_1" });
    turn.accept("msg_1", said);
    const inference = turn.request([userMessage("hi")]);
    inference.respond([said, said]);
    turn.request([userMessage("hi"), said, said]);
    const graph = reduce(rollout);
    expect(graph.inference_calls[inference.id]?.response_item_ids).toEqual(["item:1", "item:3"]);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:2", "item:1", "item:3"]);
    expect(graph.diagnostics).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
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
