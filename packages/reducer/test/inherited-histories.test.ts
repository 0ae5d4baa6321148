import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { reduce } from "./support.ts";

const GO = "look at the tests";

describe("a task in the words of the history that its agent was given", () => {
  const spawn = functionCall("s1", "spawn_agent", { task: GO });
  const inherited = [userMessage(GO), spawn, functionOutput("s1", "you are the child")];

  function targetIn(history: readonly JsonObject[], order: readonly ("told" | "shown" | "again")[]) {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request([userMessage(GO)]).respond([spawn]);
    const call = parent.tool("s1", { kind: { type: "spawn_agent" } });
    const child = rollout.child("child").turn();
    for (const fact of order) {
      if (fact === "told") call.interact("spawn_agent", "child", GO);
      else if (fact === "shown") child.request(history).respond([assistantMessage("ok")]);
      else child.request([...history, assistantMessage("ok"), userMessage("go on")]);
    }
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    const target = graph.interaction_edges["edge:spawn:root:child"]?.target?.id ?? "";
    return {
      place: graph.threads["child"]?.conversation_item_ids.indexOf(target),
      text: withoutOrder(graph),
    };
  }

  it.each<[string, readonly JsonObject[], number]>([
    ["in what comes after that", [...inherited, userMessage(GO), userMessage("<env>")], 3],
    ["in the history where nothing else says it", [...inherited, userMessage("<env>")], 0],
  ])("arrives %s, be it told of before or after", (_where, history, place) => {
    const all = ordersOf(["told", "shown", "again"] as const)
      .filter((order) => order.indexOf("shown") < order.indexOf("again"))
      .map((order) => targetIn(history, order));
    expect(all.map((each) => each.place)).toEqual([place, place, place]);
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
  });
});
