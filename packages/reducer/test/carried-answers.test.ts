import { describe, expect, it } from "vitest";
import type { JsonValue, ToolKind } from "@rollout-trace/protocol";
import { checkGraph } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const BLOB = "gAAAAAB";

const text = (words: string): JsonValue => ({ type: "input_text", text: words });
const encoded: JsonValue = { type: "encrypted_content", encrypted_content: BLOB };

describe("a message whose text only the provider can read", () => {
  it.each<[string, string, JsonValue[]]>([
    ["as the only part", BLOB, [encoded]],
    ["after a header of the host", BLOB, [text("Message Type: MESSAGE\nPayload:\n"), encoded]],
    ["beside a text of the host", BLOB, [text("From your parent:"), encoded]],
    ["as the rest of a text", `count ${BLOB}`, [text("count "), encoded]],
  ])("arrives in the item that has it %s, be it told of before or after", (_, message, content) => {
    for (const isToldFirst of [true, false]) {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const call = turn.tool("m1", { kind: { type: "send_message" }, host: true });
      const child = rollout.child("child").turn();
      if (isToldFirst) call.interact("send_message", "child", message);
      child.request([userMessage("hi"), agentMessage("/root", "/root/child", content)]);
      if (!isToldFirst) call.interact("send_message", "child", message);
      const graph = reduce(rollout);
      expect(graph.interaction_edges["edge:tool:m1"]).toMatchObject({
        target: { type: "conversation_item", id: "item:2" },
        carried_item_ids: ["item:2"],
      });
      expect(checkGraph(graph)).toEqual([]);
    }
  });
});

describe("an answer that a call returned", () => {
  const spawn = functionCall("s1", "spawn_agent", { task: "find it" });
  const wait = functionCall("w1", "ask", {});

  /** Where the result of a child goes when a call of that kind has returned what the child said. */
  function targetOf(kind: ToolKind, isToldFirst: boolean): string | undefined {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request([userMessage("hi")]).respond([spawn, wait]);
    parent
      .tool("s1", { kind: { type: "spawn_agent" }, label: "spawn_agent" })
      .interact("spawn_agent", "child")
      .end();
    const turn = rollout.child("child").turn();
    turn.request([userMessage("find it")]).respond([assistantMessage("found 42")]);
    parent.tool("w1", { kind, label: "ask" }).end();
    const observe = () =>
      turn.event({
        type: "agent_result_observed",
        edge_id: "e",
        child_thread_id: "child",
        child_turn_id: turn.id,
        parent_thread_id: "root",
        message: "found 42",
      });
    if (isToldFirst) observe();
    const outputs = [functionOutput("s1", "started"), functionOutput("w1", "found 42")];
    parent.request([userMessage("hi"), spawn, wait, ...outputs]);
    if (!isToldFirst) observe();
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    const edge = Object.values(graph.interaction_edges).find(({ kind: of }) => of === "agent_result");
    return graph.conversation_items[edge?.target?.id ?? ""]?.call_id ?? undefined;
  }

  it.each([true, false])("is carried by a call that waited for agents (told of first: %s)", (isToldFirst) => {
    expect(targetOf({ type: "wait_agent" }, isToldFirst)).toBe("w1");
  });

  it.each([true, false])(
    "is not carried by what any other tool prints (told of first: %s)",
    (isToldFirst) => {
      expect(targetOf({ type: "other", name: "ask" }, isToldFirst)).toBeUndefined();
    },
  );
});
