import { describe, expect, it } from "vitest";
import { expandRequest, reduceRollout } from "@rollout-trace/reducer";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  reasoning,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, linesOf, reduce, reduceInSteps } from "./support.ts";

const ref = (id: string) => ({ type: "item_reference", id });

const QUESTION = userMessage("q", { id: "msg_q" });
const THOUGHT = reasoning({ id: "rs_1", text: "hmm", encrypted: "blob" });
const CALL = functionCall("c1", "f", { a: 1 }, { id: "fc_1" });
const OUTPUT = functionOutput("c1", "42", { id: "out_1" });
const ANSWER = assistantMessage("a", { id: "msg_a" });

/** A turn whose items are `item:1` to `item:5`. */
function played(): { rollout: RolloutBuilder; turn: ReturnType<RolloutBuilder["root"]["turn"]> } {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([QUESTION]).respond([THOUGHT, CALL], { responseId: "r1" });
  turn.tool("c1").end();
  turn.request([QUESTION, THOUGHT, CALL, OUTPUT]).respond([ANSWER], { responseId: "r2" });
  return { rollout, turn };
}

describe("a reference to an item", () => {
  it("is a sighting of it, of whatever kind it is, and changes nothing of it", () => {
    const { rollout, turn } = played();
    const before = reduce(rollout).conversation_items;
    const references = ["msg_q", "rs_1", "fc_1", "out_1", "msg_a"].map(ref);
    turn.request([...references, userMessage("more")]);
    turn.request([...references, userMessage("more"), userMessage("and more")]);
    const graph = reduce(rollout);
    const items = ["item:1", "item:2", "item:3", "item:4", "item:5"];
    expect(expandRequest(graph, "inference-3")).toEqual([...items, "item:6"]);
    expect(graph.inference_calls["inference-4"]?.request).toEqual({
      base_inference_call_id: "inference-3",
      keep: 6,
      item_ids: ["item:7"],
    });
    expect(graph.conversation_items).toMatchObject(before);
    expect(codesOf(graph)).toEqual([]);
    expect(reduceInSteps(rollout)).toEqual(graph);
  });

  it("is found wherever the item stood, also before a compaction, and may leave its type out", () => {
    const { rollout, turn } = played();
    turn.request([userMessage("find a title")]);
    turn.request([ref("fc_1"), { id: "out_1" }, { id: "rs_1", type: null }, QUESTION]);
    turn.compact("k", { input: [], replacement: [] });
    turn.request([userMessage("new"), ref("msg_a")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:3", "item:4", "item:2", "item:1"]);
    expect(expandRequest(graph, "inference-5").at(-1)).toBe("item:5");
    expect(codesOf(graph)).toEqual([]);
  });

  it("may stand in what continues a response", () => {
    const { rollout, turn } = played();
    const mode = { type: "incremental", previous_response_id: "r1" };
    turn.request([ref("out_1"), userMessage("more")], { mode });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2", "item:3", "item:4", "item:6"]);
    expect(codesOf(graph)).toEqual([]);
  });

  it("is how a request carries the output that the model sees", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([QUESTION]).respond([CALL]);
    turn.tool("c1").end();
    turn.accept("out_1", OUTPUT);
    turn.request([ref("msg_q"), ref("fc_1"), ref("out_1")]);
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2"],
      output_item_ids: ["item:3"],
      visibility: { seen_by_model: true },
    });
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });

  it("finds a thought by any of the ids that it came under", () => {
    const { rollout, turn } = played();
    turn.request([QUESTION, { ...THOUGHT, id: "rs_2" }]);
    turn.request([QUESTION, ref("rs_2")]);
    turn.request([QUESTION, ref("rs_1")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:1", "item:2"]);
    expect(expandRequest(graph, "inference-5")).toEqual(["item:1", "item:2"]);
  });

  it("stands in a compaction's history for what it refers to, and in its replacement for what that says", () => {
    const { rollout, turn } = played();
    const kept = [ref("rs_1"), ref("fc_1"), ref("out_1")];
    turn.compact("k", { input: [QUESTION, ...kept, ANSWER], replacement: [userMessage("so far"), ...kept] });
    turn.request([userMessage("so far"), ...kept]);
    turn.request([userMessage("so far"), THOUGHT, CALL, OUTPUT]);
    const graph = reduce(rollout);
    const replacement = ["item:7", "item:8", "item:9", "item:10"];
    expect(graph.compactions["k"]).toMatchObject({
      input_item_ids: ["item:1", "item:2", "item:3", "item:4", "item:5"],
      replacement_item_ids: replacement,
    });
    expect(linesOf(graph, "inference-3")).toEqual([
      "user/-/message | text so far",
      "assistant/analysis/reasoning | text hmm | encrypted_content blob",
      'assistant/commentary/function_call c1 | json {"a":1}',
      "tool/commentary/function_call_output c1 | text 42",
    ]);
    expect(expandRequest(graph, "inference-3")).toEqual(replacement);
    expect(expandRequest(graph, "inference-4")).toEqual(replacement);
    expect(codesOf(graph)).toEqual([]);
  });
});

describe("a reference to what nobody knows", () => {
  it("is an item with a warning, the same one each time, until the item itself is there", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([QUESTION, ref("msg_a"), ref("msg_b")]);
    turn.request([QUESTION, ref("msg_a"), ref("msg_b"), userMessage("more")]);
    turn.request([QUESTION, ANSWER]);
    turn.request([ref("msg_a"), QUESTION]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-1")).toEqual(["item:1", "item:2", "item:3"]);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3", "item:4"]);
    expect(graph.conversation_items["item:2"]).toMatchObject({
      provider_item_id: "msg_a",
      role: "assistant",
      kind: "message",
      body: { parts: [{ type: "json", preview: '{"id":"msg_a","type":"item_reference"}' }] },
    });
    expect(linesOf(graph, "inference-3")).toEqual([
      "user/-/message | text q",
      "assistant/-/message | text a",
    ]);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:5", "item:1"]);
    expect(codesOf(graph)).toEqual(["unknown_item_type", "unknown_item_type"]);
  });

  it("may be one of another thread, or have no id", () => {
    const { rollout } = played();
    const turn = rollout.child("kid").turn();
    turn.request([ref("msg_a"), { type: "item_reference" }, { type: "item_reference", id: "" }]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:6", "item:7", "item:8"]);
    expect(codesOf(graph)).toEqual(["unknown_item_type", "unknown_item_type", "unknown_item_type"]);
  });

  it("may be one more to an item that its request has already, which stays that item", () => {
    const { rollout, turn } = played();
    turn.request([QUESTION, ref("msg_q"), ref("msg_a"), ref("msg_a")]);
    turn.request([ref("msg_a"), ref("msg_q")]);
    const graph = reduceRollout(rollout.source());
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:6", "item:5", "item:7"]);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:5", "item:1"]);
    expect(codesOf(graph)).toEqual(["unknown_item_type", "unknown_item_type"]);
  });
});
