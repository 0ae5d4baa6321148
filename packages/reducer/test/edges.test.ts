import { describe, expect, it } from "vitest";
import { checkGraph, reduceRollout } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  memorySource,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

const SPAWN = "edge:spawn:root:child";

function spawned(record: (rollout: RolloutBuilder) => void = () => undefined) {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("go")]).respond([functionCall("s1", "spawn_agent", { message: "find it" })]);
  const call = turn.tool("s1", { kind: { type: "spawn_agent" }, label: "spawn_agent" });
  call.interact("spawn_agent", null, "find it");
  record(rollout);
  const child = rollout.child("child");
  call.interacted("spawn_agent", "child").end();
  return { rollout, turn, child, call };
}

describe("a spawn", () => {
  it("leads from its tool call to the item in which the child got its task", () => {
    const { rollout, child } = spawned();
    child.turn().request([userMessage("context"), agentMessage("/root", "/root/child", "find it")]);
    const graph = reduce(rollout);
    expect(graph.interaction_edges).toEqual({
      [SPAWN]: {
        edge_id: SPAWN,
        kind: "spawn_agent",
        source: { type: "tool_call", id: "s1" },
        target: { type: "conversation_item", id: "item:4" },
        started_at_us: 1_700_000_000_006_000,
        ended_at_us: 1_700_000_000_009_000,
        status: "completed",
        carried_item_ids: ["item:4"],
        carried_payload_ids: [],
        evidence: { seqs: [6, 7, 9, 12], payload_ids: ["payload-3"] },
        provenance: "recorded",
      },
    });
    expect(graph.threads["child"]?.origin).toMatchObject({ spawn_edge_id: SPAWN });
    expect(graph.conversation_items["item:4"]?.produced_by).toEqual([
      { type: "interaction_edge", edge_id: SPAWN },
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("keeps the host's own account of it with the call", () => {
    const { rollout, turn } = spawned();
    const runtime = rollout.payload("tool_runtime_event", { agent_thread_id: "child" });
    turn.event({
      type: "agent_interaction_ended",
      tool_call_id: "s1",
      kind: "spawn_agent",
      status: "completed",
      runtime,
    });
    const { interaction_edges: edges, tool_calls: calls } = reduce(rollout);
    const call = calls["s1"];
    expect(edges[SPAWN]?.carried_payload_ids).toContain(runtime.payload_id);
    expect(edges[SPAWN]?.evidence.payload_ids).toContain(runtime.payload_id);
    expect(call?.runtime_payload_ids).toEqual([runtime.payload_id]);
    expect(call?.evidence.payload_ids).toContain(runtime.payload_id);
  });

  it("whose message never shows up leads to the thread", () => {
    const { rollout } = spawned();
    expect(reduce(rollout).interaction_edges[SPAWN]).toMatchObject({
      target: { type: "thread", id: "child" },
      carried_item_ids: [],
    });
  });

  it("finds the message that showed up before the spawn was said to have ended", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("s1", { kind: { type: "spawn_agent" }, host: true });
    const child = rollout.child("child");
    child.turn().request([userMessage("find it")]);
    call.interact("spawn_agent", "child", "find it").interacted("spawn_agent", "child");
    expect(reduce(rollout).interaction_edges[SPAWN]?.target).toEqual({
      type: "conversation_item",
      id: "item:1",
    });
  });

  it("may be recorded before its child starts", () => {
    const rollout = new RolloutBuilder();
    const call = rollout.root.turn().tool("s1", { kind: { type: "spawn_agent" }, host: true });
    call.interact("spawn_agent", "child", "find it").interacted("spawn_agent", "child");
    rollout
      .child("child")
      .turn()
      .request([userMessage("find it")]);
    expect(reduce(rollout).interaction_edges[SPAWN]?.target).toEqual({
      type: "conversation_item",
      id: "item:1",
    });
  });

  it("that failed makes no edge", () => {
    const rollout = new RolloutBuilder();
    const call = rollout.root.turn().tool("s1", { kind: { type: "spawn_agent" }, host: true });
    call.interact("spawn_agent", null, "x").interacted("spawn_agent", null, "failed").end("failed");
    expect(reduce(rollout).interaction_edges).toEqual({});
  });
});

describe("a message", () => {
  const send = { kind: { type: "send_message" }, label: "send_message", host: true } as const;

  it("is recognised in its wrapping, by author and content", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    turn
      .tool("m1", send)
      .interact("send_message", "child", "count lines")
      .interacted("send_message", "child");
    const wrapped = (author: string) =>
      agentMessage(author, "/root/child", [
        { type: "input_text", text: `Message Type: MESSAGE\nTask name: x\nSender: ${author}\nPayload:\n` },
        { type: "encrypted_content", encrypted_content: "count lines" },
      ]);
    child.request([wrapped("/root/other"), wrapped("/root")]);
    expect(reduce(rollout).interaction_edges["edge:tool:m1"]?.target).toEqual({
      type: "conversation_item",
      id: "item:2",
    });
  });

  it("that is sent twice arrives in two items", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    for (const id of ["m1", "m2"]) turn.tool(id, send).interact("send_message", "child", "again");
    const message = agentMessage("/root", "/root/child", "again");
    child.request([message, message]);
    const edges = reduce(rollout).interaction_edges;
    expect([edges["edge:tool:m1"]?.target?.id, edges["edge:tool:m2"]?.target?.id]).toEqual([
      "item:1",
      "item:2",
    ]);
  });

  it("is not taken for an equal item that was there before it was sent", () => {
    const rollout = new RolloutBuilder();
    const child = rollout.child("child").turn();
    child.request([userMessage("again")]);
    rollout.root.turn().tool("m1", send).interact("send_message", "child", "again");
    child.request([userMessage("again"), userMessage("again")]);
    expect(reduce(rollout).interaction_edges["edge:tool:m1"]?.target?.id).toBe("item:2");
  });

  it("leaves an item that is too old for it to the edge that was sent before", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    const early = turn.tool("early", send);
    child.request([userMessage("go")]);
    const late = turn.tool("late", send);
    late.interact("send_message", "child", "go");
    early.interact("send_message", "child", "go");
    const targets = () => {
      const edges = reduce(rollout).interaction_edges;
      return ["early", "late"].map((id) => edges[`edge:tool:${id}`]?.target?.id);
    };
    expect(targets()).toEqual(["item:1", undefined]);
    child.request([userMessage("go"), userMessage("go")]);
    expect(targets()).toEqual(["item:1", "item:2"]);
  });

  it("that never arrives is a finding once the rollout is over", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const call = rollout.root.turn().tool("m1", send);
    call.interact("send_message", "child", "lost").interacted("send_message", "child").end();
    expect(findingsOf(reduce(rollout))).toEqual([]);
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.interaction_edges["edge:tool:m1"]?.target).toBeNull();
    expect(findingsOf(graph)).toEqual(["edge_never_delivered edge:tool:m1"]);
  });

  it("with two ends that cannot both be true is an error", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const call = rollout.root.turn().tool("m1", send);
    call.interacted("send_message", "child", "completed").interacted("send_message", "child", "failed");
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["edge_conflict"]);
    expect(graph.interaction_edges["edge:tool:m1"]?.status).toBe("completed");
  });
});

describe("an interaction that ended before its call by the clock", () => {
  it("ended when its call began", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const send = { kind: { type: "send_message" }, label: "send_message" } as const;
    rollout.root.turn().tool("m1", send).interacted("send_message", "child");
    const events = rollout.events.map((event) =>
      event.payload.type === "agent_interaction_ended" ? { ...event, time_unix_us: 1 } : event,
    );
    const graph = reduceRollout(memorySource("rollout-1", { events, payloads: rollout.payloads }));
    const edge = graph.interaction_edges["edge:tool:m1"];
    expect(edge?.ended_at_us).toBe(edge?.started_at_us);
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("an interaction that is told of differently", () => {
  it.each([
    ["thread", "send_message", "b"],
    ["kind", "assign_agent_task", "a"],
  ] as const)("(another %s) is an error, and keeps what was told first", (_what, kind, target) => {
    const rollout = new RolloutBuilder();
    for (const id of ["a", "b"]) rollout.child(id);
    const call = rollout.root.turn().tool("m1", { kind: { type: "send_message" }, host: true });
    call.interact("send_message", "a").interact(kind, target, "go");
    rollout
      .child("c")
      .turn()
      .request([userMessage("go")]);
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["edge_conflict"]);
    expect(graph.interaction_edges["edge:tool:m1"]).toMatchObject({
      kind: "send_message",
      target: null,
      evidence: { seqs: [6, 7] },
    });
  });
});

describe("a close", () => {
  const close = { kind: { type: "close_agent" }, label: "close_agent", host: true } as const;

  it("leads to the thread", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    rollout.root.turn().tool("k1", close).interacted("close_agent", "child");
    expect(reduce(rollout).interaction_edges["edge:tool:k1"]).toMatchObject({
      kind: "close_agent",
      target: { type: "thread", id: "child" },
    });
  });

  it("may be recorded before its thread starts", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("k1", close).interacted("close_agent", "child", "completed");
    rollout.child("child");
    const graph = reduce(rollout);
    expect(graph.interaction_edges["edge:tool:k1"]).toMatchObject({
      kind: "close_agent",
      target: { type: "thread", id: "child" },
      status: "completed",
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("of a thread that there is not makes no edge", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("k1", close).interacted("close_agent", "nobody", "failed");
    const graph = reduce(rollout);
    expect(graph.interaction_edges).toEqual({});
    expect(graph.diagnostics).toEqual([]);
  });
});

describe("a result", () => {
  const RESULT = "edge:agent_result:child:turn-1:root";

  function finished(answers: readonly string[]) {
    const rollout = new RolloutBuilder();
    const child = rollout.child("child");
    const turn = child.turn();
    turn.request([userMessage("task")]).respond(answers.map((text) => assistantMessage(text)));
    const observe = (message = "found it") =>
      turn.event({
        type: "agent_result_observed",
        edge_id: RESULT,
        child_thread_id: "child",
        child_turn_id: turn.id,
        parent_thread_id: "root",
        message,
        carried: rollout.payload("agent_result", { message }),
      });
    return { rollout, observe };
  }

  it("leads from the child's last answer to the parent's item that carries it", () => {
    const { rollout, observe } = finished(["thinking aloud", "found it"]);
    observe();
    rollout.root.turn().request([agentMessage("/root/child", "/root", "found it")]);
    expect(reduce(rollout).interaction_edges[RESULT]).toMatchObject({
      kind: "agent_result",
      source: { type: "conversation_item", id: "item:3" },
      target: { type: "conversation_item", id: "item:4" },
      carried_payload_ids: ["payload-3"],
      status: "completed",
    });
  });

  it("leads to what the call that waited for it returned, which no other message does", () => {
    const { rollout, observe } = finished(["found it"]);
    const output = (callId: string) => ({
      type: "function_call_output",
      call_id: callId,
      output: "found it",
    });
    const send = rollout
      .child("other")
      .turn()
      .tool("k1", { kind: { type: "send_message" }, host: true });
    send.interact("send_message", "root", "found it").interacted("send_message", "root");
    rollout.root.turn().request([output("c1")]);
    observe();
    rollout.root.turn().request([output("c1"), output("c2")]);
    const targets = Object.values(reduce(rollout).interaction_edges).map(({ kind, target }) => [
      kind,
      target,
    ]);
    expect(targets).toEqual([
      ["send_message", null],
      ["agent_result", { type: "conversation_item", id: "item:3" }],
    ]);
  });

  it("leads to what the call that started the child returned, also where that was known first", () => {
    const { rollout, child, turn } = spawned();
    const answer = child.turn();
    answer.request([userMessage("find it")]).respond([assistantMessage("found it")]);
    turn.request([
      userMessage("go"),
      functionCall("s1", "spawn_agent", { message: "find it" }),
      { type: "function_call_output", call_id: "s1", output: "found it" },
    ]);
    const edge_id = `edge:agent_result:child:${answer.id}:root`;
    answer.event({
      type: "agent_result_observed",
      edge_id,
      child_thread_id: "child",
      child_turn_id: answer.id,
      parent_thread_id: "root",
      message: "found it",
    });
    const graph = reduce(rollout);
    const target = graph.interaction_edges[edge_id]?.target?.id ?? "";
    expect(graph.conversation_items[target]).toMatchObject({ kind: "function_call_output", call_id: "s1" });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("of a child without an answer comes from its thread", () => {
    const { rollout, observe } = finished([]);
    observe();
    expect(reduce(rollout).interaction_edges[RESULT]).toMatchObject({
      source: { type: "thread", id: "child" },
      target: null,
    });
  });

  it("that is observed twice is one edge", () => {
    const { rollout, observe } = finished(["found it"]);
    observe();
    observe();
    const { interaction_edges: edges } = reduce(rollout);
    expect(Object.keys(edges)).toEqual([RESULT]);
    expect(edges[RESULT]?.carried_payload_ids).toEqual(["payload-3", "payload-4"]);
  });

  it("that is observed again in other words leads to the item with the first ones", () => {
    const { rollout, observe } = finished(["found it"]);
    observe();
    observe("found something else");
    rollout.root.turn().request([userMessage("found something else"), userMessage("found it")]);
    const edge = reduce(rollout).interaction_edges[RESULT];
    expect(edge?.target).toEqual({ type: "conversation_item", id: "item:4" });
    expect(edge?.evidence.seqs).toEqual([7, 8, 10]);
  });
});
