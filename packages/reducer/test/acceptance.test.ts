import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { chatCall, lineOf, reduce } from "./support.ts";

describe("the acceptance of an item", () => {
  it("is the first, where it is told of again before anything shows the item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn().accept("msg_1").accept("msg_1");
    turn.request([userMessage("hi", { id: "msg_1" })]);
    const graph = reduce(rollout);
    expect(graph.conversation_items["item:1"]?.accepted).toEqual({ at_us: 1_700_000_000_004_000, seq: 4 });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is the first, where it is told of again of an item that is there", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi", { id: "msg_1" })]);
    turn.accept("msg_1").accept("msg_1");
    const graph = reduce(rollout);
    expect(graph.conversation_items["item:1"]).toMatchObject({
      accepted: { at_us: 1_700_000_000_005_000, seq: 5 },
      evidence: { seqs: [4, 5, 6] },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is the first, where it is told of again with the body of an item that was accepted with it", () => {
    const rollout = new RolloutBuilder();
    const said = assistantMessage("hi", { id: "msg_1" });
    const turn = rollout.root.turn().accept("msg_1", said).accept("msg_1", said);
    turn.request([said]);
    const graph = reduce(rollout);
    expect(Object.keys(graph.conversation_items)).toEqual(["item:1"]);
    expect(graph.conversation_items["item:1"]?.accepted?.seq).toBe(4);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("with a body that is several items makes all of them, in their order, and the first has the id", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([{ role: "user", content: "count" }], { dialect: "openai_chat" });
    const calls = [chatCall("c1", "ls", "{}"), chatCall("c2", "wc", "{}")];
    turn.accept("msg_1", { role: "assistant", content: "let me see", tool_calls: calls });
    for (const id of ["c1", "c2"]) turn.tool(id);
    const graph = reduce(rollout);
    const accepted = Object.values(graph.conversation_items).slice(1);
    expect(accepted.map(lineOf)).toEqual([
      "assistant/-/message | text let me see",
      "assistant/commentary/function_call c1 | json {}",
      "assistant/commentary/function_call c2 | json {}",
    ]);
    expect(accepted.map((item) => item.provider_item_id)).toEqual(["msg_1", null, null]);
    expect(accepted[0]?.accepted?.seq).toBe(5);
    for (const item of accepted) {
      expect(item).toMatchObject({ turn_id: turn.id, evidence: { seqs: [5], payload_ids: ["payload-2"] } });
    }
    expect(Object.values(graph.tool_calls).map((call) => call.call_item_ids)).toEqual([
      ["item:3"],
      ["item:4"],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });
});
