import { describe, expect, it } from "vitest";
import { createReducer } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  MemoryPayloads,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

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
