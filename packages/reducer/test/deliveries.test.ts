import { describe, expect, it } from "vitest";
import type { JsonValue } from "@rollout-trace/protocol";
import { checkGraph, createReducer, type RolloutGraph } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  functionOutput,
  MemoryPayloads,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { findingsOf, reduce } from "./support.ts";

describe("a delivery", () => {
  it("of a result is no message that was there before the turn that it comes from", () => {
    const rollout = new RolloutBuilder();
    const child = rollout.child("child");
    const parent = rollout.root.turn();
    const message = agentMessage("/root/child", "/root", "done");
    parent.request([message]);
    const turn = child.turn();
    turn.request([userMessage("task")]).respond([assistantMessage("done")]);
    turn.event({
      type: "agent_result_observed",
      edge_id: "e",
      child_thread_id: "child",
      child_turn_id: turn.id,
      parent_thread_id: "root",
      message: "done",
    });
    const target = () => Object.values(reduce(rollout).interaction_edges)[0]?.target?.id;
    expect(target()).toBeUndefined();
    parent.request([message, message]);
    expect(target()).toBe("item:4");
  });

  it("has an item of its own, however many ways there are to read one", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    const whole = "Message Type: MESSAGE\nPayload:\ngo";
    const calls = ["m1", "m2"].map((id) => turn.tool(id, { kind: { type: "send_message" }, host: true }));
    child.request([agentMessage("/root", "/root/child", whole)]);
    calls[0]?.interact("send_message", "child", "go");
    calls[1]?.interact("send_message", "child", whole);
    const edges = reduce(rollout).interaction_edges;
    expect(edges["edge:tool:m1"]?.target?.id).toBe("item:1");
    expect(edges["edge:tool:m2"]?.target).toBeNull();
  });

  it("has its payloads in the order in which they were first named", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    rollout.child("child");
    turn.tool("m1", { kind: { type: "send_message" }, host: true, input: { text: "go" } });
    const interaction = (type: string, rest: object) =>
      turn.event({
        type,
        tool_call_id: "m1",
        kind: "send_message",
        target_thread_id: "child",
        runtime: rollout.payload("tool_runtime_event", { type }),
        ...rest,
      });
    interaction("agent_interaction_started", { message: "go" });
    interaction("agent_interaction_ended", { status: "completed" });
    const edge = reduce(rollout).interaction_edges["edge:tool:m1"];
    const named = ["payload-1", "payload-2", "payload-3"];
    expect(edge?.carried_payload_ids).toEqual(named);
    expect(edge?.evidence.payload_ids).toEqual(named);
  });
});

const texts = (...parts: readonly string[]) => parts.map((text) => ({ type: "input_text", text }));

describe("a message beside which the host says more", () => {
  const send = { kind: { type: "send_message" }, host: true } as const;
  const inParts = userMessage("", { content: texts("<env>", "find it") });

  it("arrives in the item of which one part says it, be it told of before or after", () => {
    for (const isBefore of [true, false]) {
      const rollout = new RolloutBuilder();
      const call = rollout.root.turn().tool("m1", send);
      const child = rollout.child("child").turn();
      if (isBefore) call.interact("send_message", "child", "find it");
      child.request([inParts]);
      if (!isBefore) call.interact("send_message", "child", "find it");
      rollout.end();
      const graph = reduce(rollout);
      expect(graph.interaction_edges["edge:tool:m1"]?.target?.id).toBe("item:1");
      expect(findingsOf(graph)).not.toContain("edge_never_delivered edge:tool:m1");
      expect(checkGraph(graph)).toEqual([]);
    }
  });

  it("arrives in an item all of which says it, where there is one", () => {
    for (const order of ordersOf(["told", userMessage("find it"), inParts] as const)) {
      const rollout = new RolloutBuilder();
      const call = rollout.root.turn().tool("m1", send);
      const child = rollout.child("child").turn();
      const shown: JsonValue[] = [];
      for (const fact of order) {
        if (fact === "told") call.interact("send_message", "child", "find it");
        else child.request([...shown, fact]);
        if (fact !== "told") shown.push(fact);
      }
      const graph = reduce(rollout);
      const target = graph.conversation_items[graph.interaction_edges["edge:tool:m1"]?.target?.id ?? ""];
      expect(target?.body.parts).toHaveLength(1);
    }
  });

  it("arrives in what a call returned of which one part says it", () => {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    const call = functionCall("s1", "Task", { prompt: "find it" });
    parent.request([userMessage("hi")]).respond([call]);
    parent
      .tool("s1", { kind: { type: "spawn_agent" }, label: "Task" })
      .interacted("spawn_agent", "child")
      .end();
    const turn = rollout.child("child").turn();
    turn.request([userMessage("find it")]).respond([assistantMessage("found 42")]);
    observe(rollout, turn.id, "found 42");
    parent.request([userMessage("hi"), call, functionOutput("s1", texts("found 42", "agentId: a1"))]);
    const graph = reduce(rollout);
    expect(resultOf(graph)?.target?.id).toBe("item:5");
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("a message that arrives while the history is compacted", () => {
  const send = { kind: { type: "send_message" }, host: true } as const;
  const message = agentMessage("/root", "/root/child", "and the tests");

  it("is in the replacement that first shows it, be it told of before or after", () => {
    const graphs = [0, 1, 2].map((place) => {
      const rollout = new RolloutBuilder();
      const call = rollout.root.turn().tool("m1", send);
      const child = rollout.child("child").turn();
      child.request([userMessage("find it")]);
      const replacement = [userMessage("summary"), message];
      const steps: (() => unknown)[] = [
        () => child.compact("k1", { input: [userMessage("find it")], replacement }),
        () => child.request(replacement),
      ];
      const told = () => call.interact("send_message", "child", "and the tests");
      for (const step of steps.toSpliced(place, 0, told)) step();
      const graph = reduce(rollout);
      const target = graph.conversation_items[graph.interaction_edges["edge:tool:m1"]?.target?.id ?? ""];
      expect(target?.produced_by.map(({ type }) => type)).toEqual(["compaction", "interaction_edge"]);
      expect(checkGraph(graph)).toEqual([]);
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });

  it.each([
    ["recorded", [userMessage("find it"), message]],
    ["not recorded", []],
  ])("is not what the replacement keeps of a history that is %s", (_what, input) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    turn.tool("m1", send).interact("send_message", "child", "and the tests");
    child.request([userMessage("find it"), message]);
    turn.tool("m2", send).interact("send_message", "child", "and the tests");
    child.compact("k1", { input, replacement: [message] });
    const target = () => reduce(rollout).interaction_edges["edge:tool:m2"]?.target?.id;
    expect(target()).toBeUndefined();
    child.request([message, message]);
    expect(target()).toBe("item:5");
  });
});

describe("the result of a turn in which the model said several things", () => {
  const TITLE = "Finding things";

  it.each<[string, readonly (readonly string[])[], string, string]>([
    ["before a title", [["found 42"], [TITLE]], "found 42", "item:2"],
    ["before another thing in one response", [["found 42", TITLE]], "found 42", "item:2"],
    ["twice, and a title after that", [["found 42"], ["found 42"], [TITLE]], "found 42", "item:3"],
    ["in other words", [["found 42"], [TITLE]], "42", "item:3"],
  ])("comes from what it says, be it told of at any time: %s", (_what, responses, message, source) => {
    const graphs = [...responses, null].map((_, place) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.child("child").turn();
      const calls = responses.map(() => turn.request([userMessage("find it")]));
      for (const [index, call] of calls.entries()) {
        if (index === place) observe(rollout, turn.id, message);
        call.respond((responses[index] ?? []).map((text) => assistantMessage(text)));
      }
      if (place === responses.length) observe(rollout, turn.id, message);
      const graph = reduce(rollout);
      expect(resultOf(graph)?.source).toEqual({ type: "conversation_item", id: source });
      expect(checkGraph(graph)).toEqual([]);
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });

  it("comes from the later of two answers that were asked for the other way round", () => {
    for (const isLate of [true, false]) {
      const rollout = new RolloutBuilder();
      const turn = rollout.child("child").turn();
      const calls = [0, 1].map(() => turn.request([userMessage("find it")]));
      if (!isLate) observe(rollout, turn.id, "found 42");
      for (const call of calls.toReversed()) call.respond([assistantMessage("found 42")]);
      if (isLate) observe(rollout, turn.id, "found 42");
      const graph = reduce(rollout);
      const [first] = Object.values(graph.inference_calls);
      expect(resultOf(graph)?.source.id).toBe(first?.response_item_ids[0]);
    }
  });

  it("is another for each thread that gets it", () => {
    const rollout = new RolloutBuilder();
    rollout.child("other");
    const turn = rollout.child("child").turn();
    turn.request([userMessage("find it")]).respond([assistantMessage("found 42"), assistantMessage(TITLE)]);
    observe(rollout, turn.id, "found 42");
    observe(rollout, turn.id, TITLE, "other");
    const sources = Object.values(reduce(rollout).interaction_edges).map(({ source }) => source.id);
    expect(sources).toEqual(["item:2", "item:3"]);
  });
});

function observe(rollout: RolloutBuilder, turnId: string, message: string, parentId = "root"): void {
  rollout.event({
    type: "agent_result_observed",
    edge_id: `result for ${parentId}`,
    child_thread_id: "child",
    child_turn_id: turnId,
    parent_thread_id: parentId,
    message,
  });
}

function resultOf(graph: RolloutGraph) {
  return Object.values(graph.interaction_edges).find(({ kind }) => kind === "agent_result");
}

describe("an event that had to wait", () => {
  it("counts as of its own place, and what comes next as of the next", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.event({ type: "tool_call_ended", tool_call_id: "c1", status: "completed" });
    turn.tool("c1", { host: true });
    const reducer = createReducer({ payloads: new MemoryPayloads(rollout.payloads) });
    for (const event of rollout.events) reducer.apply(event);
    reducer.report({ where: "line 6", message: "it cannot be read" });
    expect(reducer.finish().diagnostics).toMatchObject([{ code: "source_problem", seq: 5 }]);
  });
});
