import { describe, expect, it } from "vitest";
import type { ExecutionStatus, WaitOutcomeKind } from "@rollout-trace/protocol";
import { createReducer } from "@rollout-trace/reducer";
import { MemoryPayloads, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;
const begin = { type: "exec_command_begin", command: ["sh"], cwd: "/", process_id: "7" };

describe("a thread that ends", () => {
  it.each<[ExecutionStatus, string, string]>([
    ["failed", "failed", "failed"],
    ["completed", "cancelled", "terminated"],
    ["cancelled", "cancelled", "terminated"],
    ["aborted", "cancelled", "terminated"],
  ])("%s ends what a completed turn left in it as %s, and a cell as %s", (status, inside, runtime) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").respond("yielded");
    turn.tool("nested", { cell: "1" });
    turn.tool("direct", { host: true });
    turn.tool("command", exec).runtimeStart(begin).end();
    turn.end("completed");
    const late = rollout.root.turn();
    late.request([userMessage("hi")]);
    late.end("running");
    rollout.root.end(status);
    const graph = reduce(rollout);
    const closed = { status: inside, end_cause: "thread_ended", ended_seq: rollout.events.length };
    expect(graph.code_cells["cell:root:x1"]).toMatchObject({ runtime_status: runtime, execution: closed });
    expect(graph.tool_calls["nested"]?.execution).toMatchObject({
      status: "cancelled",
      end_cause: "cell_ended",
    });
    expect(graph.tool_calls["direct"]?.execution).toMatchObject(closed);
    expect(graph.terminal_sessions["7"]?.execution).toMatchObject(closed);
    expect(graph.turns[late.id]?.execution).toMatchObject({ status: "aborted", end_cause: "thread_ended" });
    expect(graph.inference_calls["inference-1"]?.execution).toMatchObject({
      status: "cancelled",
      end_cause: "turn_ended",
    });
  });
});

describe("the end of a wait", () => {
  it.each<[WaitOutcomeKind, string]>([
    ["yielded", "completed"],
    ["pending", "completed"],
    ["completed", "completed"],
    ["failed", "completed"],
    ["terminated", "completed"],
    ["missing", "failed"],
    ["busy", "failed"],
    ["abandoned", "cancelled"],
  ])("whose outcome is %s is %s", (outcome, status) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().cell("1", "x1").respond("yielded").wait("w1").waited("w1", outcome);
    const [wait] = reduce(rollout).code_cells["cell:root:x1"]?.waits ?? [];
    expect(wait).toMatchObject({ outcome, execution: { status, end_cause: "observed", ended_seq: 7 } });
  });

  it.each(["yielded", "pending"] as const)(
    "that says %s says how its cell is, until that ends",
    (outcome) => {
      const rollout = new RolloutBuilder();
      const cell = rollout.root.turn().cell("1", "x1").respond("running").wait("w1");
      const status = () => reduce(rollout).code_cells["cell:root:x1"]?.runtime_status;
      expect(status()).toBe("running");
      cell.waited("w1", outcome);
      expect(status()).toBe(outcome);
      cell.wait("w2").end("failed").waited("w2", outcome);
      expect(status()).toBe("failed");
    },
  );

  it.each(["abandoned", "busy", "completed"] as const)("that says %s leaves its cell as it is", (outcome) => {
    const rollout = new RolloutBuilder();
    const cell = rollout.root.turn().cell("1", "x1").respond("yielded").wait("w1", { mode: "pending" });
    cell.waited("w1", "pending").wait("w2").waited("w2", outcome);
    const { runtime_status, yields } = reduce(rollout).code_cells["cell:root:x1"] ?? {};
    expect(runtime_status).toBe("pending");
    expect(yields?.map(({ wait_id }) => wait_id)).toEqual([null]);
  });
});

describe("a process", () => {
  it("goes on after its command has returned, as long as nothing gives an exit code", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const end = { type: "exec_command_end", stdout: "", process_id: "7" };
    turn.tool("c1", exec).runtimeStart(begin).runtimeEnd(end).end();
    const write = { kind: { type: "write_stdin" }, label: "write_stdin", host: true } as const;
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } }).end("completed", {
      result: { type: "code_mode", value: { output: "", session_id: 7 } },
    });
    expect(reduce(rollout).terminal_sessions["7"]?.execution).toMatchObject({
      status: "running",
      ended_seq: null,
    });
    turn.tool("w2", { ...write, input: { session_id: 7, chars: "q" } }).end("completed", {
      result: { type: "code_mode", value: { output: "", exit_code: 0 } },
    });
    expect(reduce(rollout).terminal_sessions["7"]?.execution).toMatchObject({
      status: "completed",
      ended_seq: rollout.events.length,
    });
  });
});

describe("a rollout that is over twice", () => {
  const stop = { type: "recording_stopped", reason: "process_exited" };

  it("ended as its own end says, whether it turned out before or after that its process was gone", () => {
    const ends = [0, 1].map((place) => {
      const rollout = new RolloutBuilder();
      rollout.root.turn();
      if (place === 0) rollout.event(stop).end("failed");
      else rollout.end("failed").event(stop);
      const graph = reduce(rollout);
      const { status, ended_at_us } = graph;
      const [at] = rollout.events.filter(({ payload }) => payload.type === "rollout_ended");
      expect(ended_at_us).toBe(at?.time_unix_us);
      return [status, graph.turns["turn-1"]?.execution.end_cause];
    });
    expect(ends).toEqual(Array(2).fill(["failed", "rollout_ended"]));
  });

  it("and that stopped twice stopped the first time", () => {
    const rollout = new RolloutBuilder();
    rollout.event(stop).event(stop);
    expect(reduce(rollout).ended_at_us).toBe(rollout.events[2]?.time_unix_us);
  });
});

describe("an event that has the number of the one before it", () => {
  it("is an error and left out, whatever it says", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn();
    const [last] = rollout.events.slice(-1);
    const other = { ...last, payload: { type: "turn_started", turn_id: "turn-2", thread_id: "root" } };
    for (const again of [last, other]) {
      const reducer = createReducer({ payloads: new MemoryPayloads(new Map()) });
      for (const event of [...rollout.events, again]) reducer.apply(event);
      const graph = reducer.finish();
      expect(graph.diagnostics).toMatchObject([{ code: "sequence_regressed", severity: "error", seq: 3 }]);
      expect(Object.keys(graph.turns)).toEqual(["turn-1"]);
    }
  });
});

describe("the first request after a compaction", () => {
  it("is shorter than the one before it for that reason, and the next that leaves something out is not", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const history = ["a", "b", "c", "d"].map((text) => userMessage(text));
    const replacement = ["summary", "rest"].map((text) => userMessage(text));
    turn.request(history);
    turn.compact("k", { input: history, replacement });
    turn.request(replacement.slice(0, 1));
    expect(findingsOf(reduce(rollout))).toEqual([]);
    turn.request([...replacement.slice(0, 1), userMessage("e")]);
    turn.request([userMessage("other")]);
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual([]);
    expect(findingsOf(graph)).toEqual(["context_shrank_without_compaction inference-4"]);
  });
});
