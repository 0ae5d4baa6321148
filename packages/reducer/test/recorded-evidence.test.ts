import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { reasoning, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;
const write = { kind: { type: "write_stdin" }, label: "write_stdin", host: true } as const;

function firstItem(rollout: RolloutBuilder) {
  const graph = reduce(rollout);
  expect(checkGraph(graph)).toEqual([]);
  const item = graph.conversation_items["item:1"];
  if (item === undefined) throw new Error("there is no item");
  return item;
}

describe("the evidence of an item", () => {
  const said = userMessage("hi", { id: "msg_1" });

  it("has its acceptance, be that before or after a request carries it", () => {
    const before = new RolloutBuilder();
    before.root.turn().accept("msg_1").request([said]);
    expect(firstItem(before)).toMatchObject({
      accepted: { seq: 4 },
      evidence: { seqs: [4, 5], payload_ids: ["payload-1"] },
    });
    const after = new RolloutBuilder();
    const turn = after.root.turn();
    turn.request([said]);
    turn.accept("msg_1");
    expect(firstItem(after)).toMatchObject({
      accepted: { seq: 5 },
      evidence: { seqs: [4, 5], payload_ids: ["payload-1"] },
    });
  });

  it("has its acceptance under an id that only a later request gives it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]);
    turn.accept("msg_1");
    turn.request([userMessage("hi", { id: "msg_1" })]);
    expect(reduce(rollout).conversation_items["item:1"]).toMatchObject({
      accepted: { seq: 5 },
      evidence: { seqs: [4, 5, 6], payload_ids: ["payload-1", "payload-2"] },
    });
  });

  it("has the acceptance that brought its body, with that", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().accept("msg_1", said).request([said]);
    expect(firstItem(rollout)).toMatchObject({
      accepted: { seq: 4 },
      evidence: { seqs: [4], payload_ids: ["payload-1"] },
    });
  });

  it("has the request that gave it an id, and none that only repeats it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]);
    turn.request([said]);
    turn.request([said]);
    turn.request([userMessage("hi")]);
    expect(firstItem(rollout)).toMatchObject({
      provider_item_id: "msg_1",
      evidence: { seqs: [4, 5], payload_ids: ["payload-1", "payload-2"] },
    });
  });

  it("of a thought has the request that told more of it than was known, and none that tells less", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([reasoning({ encrypted: "blob" })]);
    turn.request([reasoning({ encrypted: "blob", text: "because" })]);
    turn.request([reasoning({ encrypted: "blob" })]);
    turn.request([reasoning({ encrypted: "blob", text: "so", summary: "in short" })]);
    turn.request([reasoning({ encrypted: "blob", text: "otherwise" })]);
    const item = firstItem(rollout);
    expect(item.evidence).toEqual({
      seqs: [4, 5, 7],
      payload_ids: ["payload-1", "payload-2", "payload-4"],
    });
    expect(item.body.parts).toMatchObject([{ text: "because" }, { text: "in short" }, { value: "blob" }]);
  });

  it("of what a response said after it was accepted has that response, once", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const answer = { ...said, role: "assistant" };
    turn.accept("msg_1", answer);
    const call = turn.request([]);
    call.respond([answer, answer]);
    turn.request([answer]);
    expect(firstItem(rollout)).toMatchObject({
      produced_by: [{ type: "inference", inference_call_id: call.id }],
      evidence: { seqs: [4, 6], payload_ids: ["payload-1", "payload-3"] },
    });
  });
});

describe("the evidence of a write", () => {
  it("has the event that named the process, where that is told of after the write", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const begin = { type: "exec_command_begin", command: ["sh"], cwd: "/" };
    const command = turn.tool("c1", exec).runtimeStart(begin);
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } }).end();
    command.runtimeEnd({ type: "exec_command_end", process_id: "7" });
    turn.tool("w2", { ...write, input: { session_id: 7, chars: "z" } }).end();
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    const [early, late] = ["terminal_operation:2", "terminal_operation:3"].map(
      (id) => graph.terminal_operations[id],
    );
    expect(early).toMatchObject({
      terminal_session_id: "7",
      evidence: { seqs: [6, 7, 8], payload_ids: ["payload-2"] },
    });
    expect(late).toMatchObject({
      terminal_session_id: "7",
      evidence: { seqs: [9, 10], payload_ids: ["payload-4"] },
    });
    expect(graph.terminal_sessions["7"]?.evidence).toEqual({
      seqs: [6, 8, 9],
      payload_ids: ["payload-2", "payload-3", "payload-4"],
    });
  });

  it("has the host's word that moved it to another session of the process that it names, as that session has", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const begin = { type: "exec_command_begin", command: ["sh"], cwd: "/", process_id: "7" };
    for (const id of ["c1", "c2"]) turn.tool(id, exec).runtimeStart(begin);
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } });
    const before = reduce(rollout);
    expect(before.terminal_operations["terminal_operation:3"]?.terminal_session_id).toBe("7#2");
    turn.event({ type: "stdin_target_resolved", tool_call_id: "w1", exec_tool_call_id: "c1" });
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    expect(graph.terminal_operations["terminal_operation:3"]).toMatchObject({
      terminal_session_id: "7",
      evidence: { seqs: [8, 9], payload_ids: ["payload-3"] },
    });
    expect(graph.terminal_sessions["7"]?.evidence.seqs).toEqual([5, 8, 9]);
  });
});

describe("the evidence of a session", () => {
  const end = { type: "exec_command_end", process_id: "7" };

  it("has the event that told of the exit of its process, with what that names", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const begin = { type: "exec_command_begin", command: ["sh"], cwd: "/", process_id: "7" };
    turn
      .tool("c1", exec)
      .runtimeStart(begin)
      .runtimeEnd({ ...end, exit_code: 0 });
    expect(reduce(rollout).terminal_sessions["7"]?.evidence).toEqual({
      seqs: [5, 6],
      payload_ids: ["payload-1", "payload-2"],
    });
  });

  it("has the end of its thread, where it ended with that", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeEnd(end).end();
    rollout.root.end();
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    expect(graph.terminal_sessions["7"]).toMatchObject({
      execution: { ended_seq: 7, end_cause: "thread_ended" },
      evidence: { seqs: [5, 7], payload_ids: ["payload-1"] },
    });
  });
});
