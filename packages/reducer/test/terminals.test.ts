import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph } from "@rollout-trace/reducer";
import {
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, reduce, reduceLeniently } from "./support.ts";

const exec = { kind: { type: "exec_command" }, label: "exec_command" } as const;
const write = { kind: { type: "write_stdin" }, label: "write_stdin" } as const;

function begin(processId: string | null) {
  return { type: "exec_command_begin", command: ["sh", "-c", "x"], cwd: "/w", process_id: processId };
}

function end(processId: string | null, exitCode: number | null = 0) {
  return {
    type: "exec_command_end",
    exit_code: exitCode,
    stdout: "out",
    stderr: "err",
    process_id: processId,
  };
}

describe("a terminal operation", () => {
  it("begins and ends with the runtime, and its process is its session", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "exec_command", { cmd: "x" });
    turn.request([userMessage("hi")]).respond([call]);
    turn.tool("c1", exec).runtimeStart(begin("77")).runtimeEnd(end("77")).end();
    turn.request([userMessage("hi"), call, functionOutput("c1", "out")]);
    const graph = reduce(rollout);
    expect(graph.terminal_operations).toEqual({
      "terminal_operation:1": {
        operation_id: "terminal_operation:1",
        terminal_session_id: "77",
        tool_call_id: "c1",
        kind: "exec_command",
        execution: {
          started_at_us: 1_700_000_000_007_000,
          started_seq: 7,
          ended_at_us: 1_700_000_000_008_000,
          ended_seq: 8,
          status: "completed",
          end_cause: "observed",
        },
        request: { type: "exec_command", command: ["sh", "-c", "x"], cwd: "/w" },
        result: { exit_code: 0, stdout: "out", stderr: "err", formatted_output: null },
        observed_by: [{ source: "direct", call_item_ids: ["item:2"], output_item_ids: ["item:3"] }],
        evidence: { seqs: [7, 8, 9, 10], payload_ids: ["payload-3", "payload-4"] },
        provenance: "recorded",
      },
    });
    expect(graph.terminal_sessions["77"]).toMatchObject({
      recorded_id: "77",
      created_by_operation_id: "terminal_operation:1",
      operation_ids: ["terminal_operation:1"],
      execution: { started_seq: 7, ended_seq: 8, status: "completed", end_cause: "observed" },
    });
  });

  it("of a write opens at its invocation and joins the session that it writes to", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const start = turn.tool("c1", exec).runtimeStart(begin("77")).end();
    turn.tool("w1", { ...write, input: { session_id: 77, chars: "y\n" } }).end();
    start.runtimeEnd(end("77", 3), "failed");
    const graph = reduce(rollout);
    expect(graph.terminal_operations["terminal_operation:2"]).toMatchObject({
      terminal_session_id: "77",
      kind: "write_stdin",
      request: { type: "write_stdin", stdin: "y\n" },
      execution: { status: "completed" },
    });
    expect(graph.terminal_operations["terminal_operation:1"]).toMatchObject({
      execution: { ended_seq: 6, status: "failed" },
      result: { exit_code: 3 },
    });
    expect(graph.terminal_sessions["77"]).toMatchObject({
      operation_ids: ["terminal_operation:1", "terminal_operation:2"],
      execution: { ended_seq: 9, status: "failed" },
    });
  });

  it("of a write joins the session of the exec call that the host says it goes to", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart(begin("77"));
    turn.tool("w1", write);
    turn.event({ type: "stdin_target_resolved", tool_call_id: "w1", exec_tool_call_id: "c1" });
    expect(reduce(rollout).terminal_operations["terminal_operation:2"]?.terminal_session_id).toBe("77");
  });

  const parts = [
    { type: "text", text: "one" },
    { type: "image", source: {} },
    { type: "text", text: "two" },
  ];
  it.each<[string, JsonObject, string | null]>([
    ["as openai_responses has it", { item: functionOutput("c1", "one") }, "one"],
    ["in parts", { item: functionOutput("c1", [{ type: "input_text", text: "one" }]) }, "one"],
    ["as openai_chat has it", { item: { role: "tool", tool_call_id: "c1", content: "one" } }, "one"],
    ["in parts there", { item: { role: "tool", tool_call_id: "c1", content: parts } }, "one\ntwo"],
    ["as anthropic_messages has it", { item: { type: "tool_result", content: "one" } }, "one"],
    ["in parts there", { item: { type: "tool_result", content: parts } }, "one\ntwo"],
    [
      "in a message there",
      { item: { role: "user", content: [{ type: "tool_result", content: parts }] } },
      "one\ntwo",
    ],
    ["as text", { value: "one" }, "one"],
    ["as parts alone", { value: parts }, "one\ntwo"],
    ["as the parts of a value", { value: { content: parts } }, "one\ntwo"],
    ["without a text", { item: { role: "tool", content: [{ type: "image" }] } }, null],
    [
      "in nothing that is one",
      { item: { output: { output: { output: { output: { output: {} } } } } } },
      null,
    ],
  ])("of a direct call has the text that its model got, %s", (_what, result, text) => {
    const rollout = new RolloutBuilder();
    const call = rollout.root.turn().tool("c1", exec).runtimeStart(begin("77"));
    call.end("completed", { result: { type: "direct", ...result } });
    expect(reduce(rollout).terminal_operations["terminal_operation:1"]?.result).toEqual({
      exit_code: null,
      stdout: "",
      stderr: "",
      formatted_output: text,
    });
  });

  it("that was nested takes its result from what its cell got", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = execCall("x1", "await tools.exec_command({})");
    turn.request([userMessage("hi")]).respond([call]);
    const cell = turn.cell("1", "x1");
    turn
      .tool("n1", { ...exec, cell: "1" })
      .runtimeStart(begin(null))
      .end("completed", {
        result: { type: "code_mode", value: { exit_code: 0, output: "hello", session_id: 5 } },
      });
    cell.end();
    turn.request([userMessage("hi"), call, execOutput("x1", "hello")]);
    const graph = reduce(rollout);
    expect(graph.terminal_operations["terminal_operation:1"]).toMatchObject({
      terminal_session_id: "5",
      result: { exit_code: 0, stdout: "hello", stderr: "" },
      observed_by: [{ source: "code_cell_output", call_item_ids: ["item:2"], output_item_ids: ["item:3"] }],
    });
  });

  it("with two process ids is an error", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("c1", exec).runtimeStart(begin("1")).runtimeEnd(end("2"));
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["call_id_conflict"]);
    expect(Object.keys(graph.terminal_sessions)).toEqual(["1"]);
  });

  it.each(["turn_ended", "thread_ended"] as const)(
    "ends with its call when that is closed (%s), until the runtime tells of its own end",
    (cause) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const call = turn.tool("c1", exec).runtimeStart(begin("7"));
      if (cause === "turn_ended") turn.end("aborted");
      else turn.end().thread.end();
      const endedSeq = rollout.events.length;
      expect(reduce(rollout).terminal_operations["terminal_operation:1"]).toMatchObject({
        execution: { status: "cancelled", end_cause: cause, ended_seq: endedSeq },
      });
      call.runtimeEnd(end("7", 3), "failed").runtimeEnd(end("7", 4), "completed");
      const graph = reduce(rollout);
      expect(graph.terminal_operations["terminal_operation:1"]).toMatchObject({
        execution: { status: "failed", end_cause: "observed", ended_seq: endedSeq + 1 },
        result: { exit_code: 3 },
        evidence: { seqs: [5, endedSeq, endedSeq + 1, endedSeq + 2] },
      });
      expect(graph.tool_calls["c1"]?.execution).toMatchObject({ end_cause: cause, ended_seq: endedSeq });
      expect(checkGraph(graph)).toEqual([]);
    },
  );

  it("whose process is told of only after its thread has ended has a session that ended with the thread", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("c1", exec).runtimeStart(begin(null));
    turn.end().thread.end();
    const endedSeq = rollout.events.length;
    call.runtimeEnd(end("7", 0));
    const graph = reduce(rollout);
    expect(graph.terminal_sessions["7"]?.execution).toMatchObject({
      status: "cancelled",
      end_cause: "thread_ended",
      ended_seq: endedSeq,
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("that is told of only after its call has ended ran while its call did", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).end().runtimeStart(begin("7"));
    const graph = reduce(rollout);
    const { execution } = graph.tool_calls["c1"] ?? {};
    expect(graph.terminal_operations["terminal_operation:1"]?.execution).toEqual(execution);
    expect(graph.terminal_sessions["7"]?.execution.status).toBe("running");
  });

  it("that is told of after the end of its cell ran while its call did, also where the cell's start is recorded last", () => {
    const record = (isLate: boolean) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const start = () => turn.cell("1", "x1");
      if (!isLate) start();
      turn.tool("command", { ...exec, host: true });
      turn.tool("write", { cell: "1" });
      const begun = turn.tool("begun", { ...exec, cell: "1" });
      turn.event({ type: "code_cell_ended", runtime_cell_id: "1", status: "failed" });
      turn.event({ type: "stdin_target_resolved", tool_call_id: "write", exec_tool_call_id: "command" });
      begun.runtimeStart(begin("7"));
      if (isLate) start();
      const graph = reduce(rollout);
      expect(checkGraph(graph)).toEqual([]);
      return Object.values(graph.terminal_operations).map(({ tool_call_id: id, execution }) => [
        execution.status,
        graph.tool_calls[id]?.execution.ended_seq === execution.ended_seq,
        graph.tool_calls[id]?.execution.started_seq === execution.started_seq,
      ]);
    };
    expect(record(false)).toEqual(Array(2).fill(["cancelled", true, true]));
    expect(record(true)).toEqual(record(false));
  });

  it("that is told of before its call ends with that, also where both and their cell are told of after the cell's end", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const runtime = rollout.payload("tool_runtime_event", begin(null));
    turn.event({ type: "tool_call_runtime_started", tool_call_id: "c", runtime });
    turn.event({ type: "code_cell_ended", runtime_cell_id: "1", status: "completed" });
    turn.tool("c", { ...exec, cell: "1" });
    turn.cell("1", "x1");
    const graph = reduce(rollout);
    expect(graph.tool_calls["c"]?.execution).toMatchObject({ started_seq: 6, ended_seq: 6 });
    expect(graph.terminal_operations["terminal_operation:1"]?.execution).toMatchObject({
      started_seq: 4,
      ended_seq: 6,
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is the command that it began as, also where the runtime tells of a write then", () => {
    const rollout = new RolloutBuilder();
    const command = rollout.root.turn().tool("c1", exec).runtimeStart(begin("7"));
    command.runtimeStart({ type: "write_stdin_begin", stdin: "y", process_id: "7" }).end();
    const graph = reduce(rollout);
    expect(graph.terminal_operations["terminal_operation:1"]).toMatchObject({
      kind: "exec_command",
      request: { type: "exec_command", command: ["sh", "-c", "x"], cwd: "/w" },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is not made of what was dispatched as a command and ran as something else", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("c1", exec).runtimeStart({ type: "patch_apply_begin", changes: {} }).end();
    expect(reduce(rollout).terminal_operations).toEqual({});
  });
});

describe("a terminal session", () => {
  it("of another thread with the same process id is another one", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("c1", exec).runtimeStart(begin("1"));
    rollout.child("child").turn().tool("c2", exec).runtimeStart(begin("1"));
    const graph = reduce(rollout);
    expect(graph.terminal_sessions["1"]?.thread_id).toBe("root");
    expect(graph.terminal_sessions["1#2"]).toMatchObject({ thread_id: "child", recorded_id: "1" });
  });

  it("outlives its call and its turn, and ends with its thread", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart(begin("1")).end();
    turn.end();
    expect(reduce(rollout).terminal_sessions["1"]?.execution.status).toBe("running");
    rollout.root.end();
    expect(reduce(rollout).terminal_sessions["1"]?.execution).toMatchObject({
      status: "cancelled",
      end_cause: "thread_ended",
    });
  });

  it("ends when what a call returned says that its process has exited", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart(begin("1")).end();
    const result = { type: "code_mode", value: { exit_code: 0, output: "" } };
    turn.tool("w1", { ...write, input: { session_id: 1, chars: "q" } }).end("completed", { result });
    expect(reduce(rollout).terminal_sessions["1"]?.execution).toMatchObject({
      status: "completed",
      end_cause: "observed",
      ended_seq: 8,
    });
  });

  it("keeps the end that another thread observed when its own thread ends", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("c1", exec).runtimeStart(begin("1")).end();
    const result = { type: "code_mode", value: { exit_code: 0, output: "" } };
    const child = rollout.child("child").turn();
    child.tool("w1", { ...write, input: { session_id: 1, chars: "q" } }).end("completed", { result });
    const ended = { status: "completed", end_cause: "observed", ended_seq: 10 };
    expect(reduce(rollout).terminal_sessions["1"]?.execution).toMatchObject(ended);
    rollout.root.end();
    expect(reduce(rollout).terminal_sessions["1"]?.execution).toMatchObject(ended);
  });
});
