import { describe, expect, it } from "vitest";
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import { RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

/** A turn with one of everything in it, left running. */
function busyTurn() {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("hi")], { id: "inference" });
  const cell = turn.cell("1", "x1").respond("yielded");
  turn.tool("nested", { cell: "1" });
  const direct = turn.tool("direct", { host: true });
  return { rollout, turn, cell, direct };
}

function endsOf(graph: RolloutGraph) {
  const of = (entry: { execution: { status: string; end_cause: string | null } } | undefined) =>
    `${entry?.execution.status} ${entry?.execution.end_cause}`;
  return {
    turn: of(graph.turns["turn-1"]),
    inference: of(graph.inference_calls["inference"]),
    cell: of(graph.code_cells["cell:root:x1"]),
    nested: of(graph.tool_calls["nested"]),
    direct: of(graph.tool_calls["direct"]),
  };
}

describe("the end of a turn", () => {
  it("that completed cancels only the inference calls that nobody finished", () => {
    const { rollout, turn } = busyTurn();
    turn.end("completed");
    expect(endsOf(reduce(rollout))).toEqual({
      turn: "completed observed",
      inference: "cancelled turn_ended",
      cell: "running null",
      nested: "running null",
      direct: "running null",
    });
  });

  it.each(["cancelled", "aborted"] as const)("that was %s ends everything in it", (status) => {
    const { rollout, turn } = busyTurn();
    turn.end(status);
    const graph = reduce(rollout);
    expect(endsOf(graph)).toEqual({
      turn: `${status} observed`,
      inference: "cancelled turn_ended",
      cell: "cancelled turn_ended",
      nested: "cancelled cell_ended",
      direct: "cancelled turn_ended",
    });
    expect(graph.code_cells["cell:root:x1"]?.runtime_status).toBe("terminated");
  });

  it("that failed fails what is in it", () => {
    const { rollout, turn } = busyTurn();
    turn.end("failed");
    const graph = reduce(rollout);
    expect(endsOf(graph)).toMatchObject({
      inference: "failed turn_ended",
      cell: "failed turn_ended",
      nested: "cancelled cell_ended",
      direct: "failed turn_ended",
    });
    expect(graph.code_cells["cell:root:x1"]?.runtime_status).toBe("failed");
  });

  it("closes calls for good, which is told of at once, in a rollout that goes on", () => {
    const { rollout, turn, direct } = busyTurn();
    expect(findingsOf(reduce(rollout))).toEqual([]);
    turn.end("failed");
    expect(findingsOf(reduce(rollout))).toEqual(["tool_call_never_ended direct"]);
    direct.end("completed");
    expect(findingsOf(reduce(rollout))).toEqual(["tool_call_never_ended direct"]);
  });

  it("leaves a late end of what it closed as evidence only", () => {
    const { rollout, turn, cell, direct } = busyTurn();
    turn.end("aborted");
    cell.end("completed");
    direct.end("completed");
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([]);
    expect(endsOf(graph)).toMatchObject({ cell: "cancelled turn_ended", direct: "cancelled turn_ended" });
    expect(graph.tool_calls["direct"]?.evidence.seqs).toEqual([8, 9, 11]);
  });
});

describe("the end of a thread", () => {
  it("ends what a completed turn left running", () => {
    const { rollout, turn } = busyTurn();
    turn.end("completed");
    rollout.root.end("completed");
    expect(endsOf(reduce(rollout))).toMatchObject({
      cell: "cancelled thread_ended",
      nested: "cancelled cell_ended",
      direct: "cancelled thread_ended",
    });
  });

  it("ends a turn that never ended as aborted", () => {
    const { rollout } = busyTurn();
    rollout.root.end("completed");
    expect(endsOf(reduce(rollout))).toMatchObject({ turn: "aborted thread_ended" });
  });

  it("is not that of the rollout, and may be taken back", () => {
    const rollout = new RolloutBuilder();
    rollout.root.end().resume();
    const graph = reduce(rollout);
    expect(graph.status).toBe("running");
    expect(graph.threads["root"]?.execution).toMatchObject({
      status: "running",
      ended_seq: null,
      started_seq: 2,
    });
  });
});

describe("the end of a rollout", () => {
  it.each([
    ["rollout_ended", "completed"],
    ["recording_stopped", "aborted"],
  ] as const)("(%s) leaves nothing running", (type, status) => {
    const { rollout } = busyTurn();
    rollout.event(type === "rollout_ended" ? { type, status } : { type, reason: "process_exited" });
    const graph = reduce(rollout);
    expect(graph).toMatchObject({ status, ended_at_us: 1_700_000_000_009_000, recording_complete: false });
    expect(endsOf(graph)).toEqual({
      turn: `aborted ${type}`,
      inference: `aborted ${type}`,
      cell: `aborted ${type}`,
      nested: `aborted ${type}`,
      direct: `aborted ${type}`,
    });
    expect(checkGraph(graph)).toEqual([]);
    expect(findingsOf(graph)).toContain("tool_call_never_ended direct");
  });

  it("gives way to the ends of children that are recorded after it", () => {
    const rollout = new RolloutBuilder();
    const child = rollout.child("child");
    rollout.root.end();
    rollout.end();
    child.end("completed");
    rollout.complete();
    const graph = reduce(rollout);
    expect(graph.threads["child"]?.execution).toMatchObject({ status: "completed", end_cause: "observed" });
    expect(graph.recording_complete).toBe(true);
  });

  it("does not end a thread that was resumed since before what that closed when it ended", () => {
    const rollout = new RolloutBuilder();
    const child = rollout.child("child");
    const turn = child.turn();
    turn.request([userMessage("hi")]);
    turn.cell("1", "x1");
    turn.tool("direct", { host: true });
    rollout.end();
    child.end();
    const closed = rollout.events.length;
    child.resume();
    const graph = reduce(rollout);
    expect(graph.threads["child"]?.execution).toMatchObject({
      status: "aborted",
      ended_at_us: 1_700_000_000_000_000 + closed * 1000,
      ended_seq: closed,
      end_cause: "rollout_ended",
    });
    expect(graph.threads["child"]?.evidence.seqs.slice(-3)).toEqual([closed - 1, closed, closed + 1]);
    expect(graph.tool_calls["direct"]?.execution).toMatchObject({ ended_seq: closed });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("does not end an edge before it began", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.child("child").turn();
    rollout.end();
    turn.tool("m1", { kind: { type: "send_message" }, host: true }).interact("send_message", "root", "go");
    const edge = reduce(rollout).interaction_edges["edge:tool:m1"];
    expect(edge).toMatchObject({ status: "aborted", ended_at_us: edge?.started_at_us });
  });

  it("that never came leaves running what was running", () => {
    const { rollout } = busyTurn();
    const graph = reduce(rollout);
    expect(graph).toMatchObject({ status: "running", ended_at_us: null, recording_complete: false });
    expect(Object.values(endsOf(graph))).toEqual(Array(5).fill("running null"));
  });
});

describe("a second end", () => {
  it("of something that ended itself is an error, and the first one stays", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c", { host: true }).end("completed").end("failed");
    turn.end("completed").end("failed");
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["duplicate_end", "duplicate_end"]);
    expect(graph.tool_calls["c"]?.execution.status).toBe("completed");
    expect(graph.turns["turn-1"]?.execution.status).toBe("completed");
  });
});

describe("an end that says running", () => {
  it("ends nothing: no call, no operation, no session, no edge, no turn and no thread", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const turn = rollout.root.turn();
    const command = turn.tool("c1", { kind: { type: "exec_command" }, host: true });
    command.runtimeStart({ type: "exec_command_begin", command: ["x"], cwd: "/", process_id: "7" });
    command.runtimeEnd({ type: "exec_command_end", exit_code: 0, stdout: "", stderr: "" }, "running");
    command.end("running", { result: { type: "code_mode", value: { exit_code: 0 } } });
    const send = turn.tool("m1", { kind: { type: "send_message" }, host: true });
    send
      .interact("send_message", "child", "go")
      .interacted("send_message", "child", "running")
      .end("running");
    turn.end("running");
    rollout.root.end("running");
    rollout.end("running");
    const graph = reduce(rollout);
    const statuses = [
      graph.tool_calls["c1"]?.execution,
      graph.tool_calls["m1"]?.execution,
      graph.terminal_operations["terminal_operation:1"]?.execution,
      graph.terminal_sessions["7"]?.execution,
      graph.interaction_edges["edge:tool:m1"],
      graph.turns["turn-1"]?.execution,
      graph.threads["root"]?.execution,
      graph,
    ].map((each) => each?.status);
    expect(statuses).toEqual(Array(8).fill("running"));
    expect(graph.diagnostics).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("leaves it to the end that follows to say how it was", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const turn = rollout.root.turn();
    const command = turn.tool("c1", { kind: { type: "exec_command" }, host: true });
    const ended = (exit_code: number) => ({ type: "exec_command_end", exit_code, stdout: "", stderr: "" });
    command.runtimeStart({ type: "exec_command_begin", command: ["x"], cwd: "/", process_id: "7" });
    command.runtimeEnd(ended(0), "running").runtimeEnd(ended(3), "failed").end("running").end("failed");
    const send = turn.tool("m1", { kind: { type: "send_message" }, host: true });
    send.interacted("send_message", "child", "running").interacted("send_message", "child", "failed");
    const graph = reduce(rollout);
    expect(graph.terminal_operations["terminal_operation:1"]).toMatchObject({
      execution: { status: "failed", ended_seq: 8 },
      result: { exit_code: 3 },
    });
    expect(graph.terminal_sessions["7"]?.execution).toMatchObject({ status: "failed", ended_seq: 8 });
    expect(graph.tool_calls["c1"]?.execution).toMatchObject({ status: "failed", ended_seq: 10 });
    expect(graph.interaction_edges["edge:tool:m1"]?.status).toBe("failed");
  });
});
