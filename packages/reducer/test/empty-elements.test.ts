import { describe, expect, it } from "vitest";
import type { JsonValue } from "@rollout-trace/protocol";
import { checkGraph, expandRequest } from "@rollout-trace/reducer";
import { functionCall, functionOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { chatCall, codesOf, reduce } from "./support.ts";

const QUESTION = { role: "user", content: "q" };

describe("an element in which nothing is said", () => {
  it.each<JsonValue[]>([
    [null, ""],
    ["", null],
    [null, []],
  ])("is the item that it was when it is sent again with another nothing: %j, and then %j", (said, again) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "openai_chat";
    const answer = { role: "assistant", content: said };
    turn.request([QUESTION], { dialect }).respond([{ message: answer }]);
    const next = turn.request([QUESTION, { ...answer, content: again }], { dialect });
    const graph = reduce(rollout);
    expect(expandRequest(graph, next.id)).toEqual(["item:1", "item:2"]);
    expect(graph.conversation_items["item:2"]?.produced_by).toHaveLength(1);
  });

  it.each<[JsonValue | undefined]>([[undefined], [null], [[]]])(
    "shows the model no bytes, and is one output whichever way it has none: %j",
    (content) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const dialect = "anthropic_messages";
      const call = { type: "tool_use", id: "t1", name: "touch", input: {} };
      turn.request([QUESTION], { dialect }).respond([call]);
      turn.tool("t1").end();
      for (const each of [[], content]) {
        const result = {
          type: "tool_result",
          tool_use_id: "t1",
          ...(each === undefined ? {} : { content: each }),
        };
        const history = [
          QUESTION,
          { role: "assistant", content: [call] },
          { role: "user", content: [result] },
        ];
        turn.request(history, { dialect }).respond([]);
      }
      expect(reduce(rollout).tool_calls["t1"]).toMatchObject({
        output_item_ids: ["item:3"],
        visibility: { to_model_bytes: 0, seen_by_model: true },
      });
    },
  );

  it.each(["openai_chat", "openai_responses"] as const)(
    "is a call without arguments, which some hosts send again with an empty object: %s",
    (dialect) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const of = (written: string): readonly [said: JsonValue, sent: JsonValue] => {
        if (dialect === "openai_responses") {
          const call = { type: "function_call", call_id: "c1", name: "look", arguments: written };
          return [call, call];
        }
        const message = { role: "assistant", content: "", tool_calls: [chatCall("c1", "look", written)] };
        return [{ message }, message];
      };
      turn.request([QUESTION], { dialect }).respond([of("")[0]]);
      turn.tool("c1").end();
      turn.request([QUESTION, of("{}")[1]], { dialect });
      const graph = reduce(rollout);
      expect(graph.tool_calls["c1"]?.call_item_ids).toEqual(["item:2"]);
      expect(graph.conversation_items["item:2"]?.body.parts).toMatchObject([{ type: "json", preview: "{}" }]);
    },
  );
});

describe("an empty call id", () => {
  it.each<[string, JsonValue, JsonValue]>([
    ["openai_responses", functionCall("", "look", {}), functionOutput("", "seen")],
    [
      "openai_chat",
      { role: "assistant", tool_calls: [chatCall("", "look", "{}")] },
      { role: "tool", tool_call_id: "", content: "seen" },
    ],
    [
      "anthropic_messages",
      { role: "assistant", content: [{ type: "tool_use", id: "", name: "look", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "", content: "seen" }] },
    ],
  ])("is none, and no call is used again under it: %s", (dialect, call, output) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const first = dialect === "openai_responses" ? userMessage("q") : QUESTION;
    turn.request([first, call, output, call, output], { dialect: dialect as "openai_chat" });
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([]);
    expect(Object.values(graph.conversation_items).map((item) => item.call_id)).toEqual(Array(5).fill(null));
    expect(checkGraph(graph)).toEqual([]);
  });
});
