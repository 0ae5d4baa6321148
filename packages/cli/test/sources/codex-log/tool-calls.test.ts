import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { importGraph, LogBuilder, readSource, ROOT } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const begun = () => new LogBuilder().meta().begin("t1").user("hello");

describe("tool calls in a session log", () => {
  it("are paired with their outputs by call id, and say how they ended", () => {
    const log = begun()
      .call("exec_command", { cmd: "false" }, "c1")
      .call("no_such_tool", {}, "c2")
      .item({ type: "custom_tool_call", name: "apply_patch", input: "*** Begin", call_id: "c3" })
      .call("update_plan", {}, "c4")
      .tokens(1)
      .output("c1", "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 1\nOutput:\nno\n")
      .output("c2", "unsupported call: no_such_tool")
      .item({ type: "custom_tool_call_output", call_id: "c3", output: "apply_patch verification failed: x" })
      .output("c4", "aborted by user after 1.0s");
    const graph = importGraph(log.write(folder));
    expect(
      Object.values(graph.tool_calls).map(({ recorded_id, kind, execution, recorded_end_cause }) => [
        recorded_id,
        kind.type,
        execution.status,
        recorded_end_cause,
      ]),
    ).toEqual([
      ["c1", "exec_command", "completed", "returned"],
      ["c2", "other", "failed", "rejected"],
      ["c3", "apply_patch", "failed", "error"],
      ["c4", "other", "cancelled", "turn_interrupted"],
    ]);
    expect(Object.values(graph.terminal_operations)).toMatchObject([
      {
        request: { type: "exec_command", command: ["false"] },
        result: { exit_code: 1, stdout: "no\n" },
        execution: { status: "failed" },
      },
    ]);
  });

  it("read the answers of the first shell tool, which were JSON", () => {
    const log = begun()
      .call("shell", { command: ["bash", "-lc", "ls"], workdir: "/w" }, "c1")
      .tokens(1)
      .output("c1", '{"output":"a\\n","metadata":{"exit_code":0,"duration_seconds":0.1}}')
      .says("ok")
      .tokens(1)
      .end("t1");
    expect(Object.values(importGraph(log.write(folder)).terminal_operations)).toMatchObject([
      {
        request: { command: ["bash", "-lc", "ls"], cwd: "/w" },
        result: { exit_code: 0, stdout: "a\n" },
      },
    ]);
  });

  it("have the process that outlives them in one session with what is written to it", () => {
    const log = begun()
      .call("exec_command", { cmd: "sleep 9" }, "c1")
      .tokens(1)
      .output("c1", "Wall time: 0.3 seconds\nProcess running with session ID 17\nOutput:\none\n")
      .call("write_stdin", { session_id: 17, chars: "" }, "c2")
      .tokens(1)
      .output("c2", "Wall time: 0.3 seconds\nProcess exited with code 0\nOutput:\ntwo\n")
      .says("ok")
      .tokens(1)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(Object.values(graph.terminal_sessions)).toMatchObject([
      {
        recorded_id: "17",
        operation_ids: ["terminal_operation:1", "terminal_operation:2"],
        execution: { status: "completed" },
      },
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("take the host's account over what the output says, even when it comes turns later", () => {
    const log = begun()
      .call("exec_command", { cmd: "make" }, "c1")
      .tokens(1)
      .output("c1", "Wall time: 1 seconds\nProcess running with session ID 5\nOutput:\n")
      .says("later")
      .tokens(1)
      .end("t1")
      .begin("t2")
      .user("and?")
      .event("exec_command_end", {
        call_id: "c1",
        process_id: "5",
        turn_id: "t1",
        command: ["/bin/sh", "-c", "make"],
        cwd: "/w",
        stdout: "built\n",
        stderr: "",
        exit_code: 2,
        duration: { secs: 3, nanos: 0 },
        status: "failed",
      })
      .says("it failed")
      .tokens(1)
      .end("t2");
    const graph = importGraph(log.write(folder));
    expect(Object.values(graph.terminal_operations)).toMatchObject([
      { result: { exit_code: 2, stdout: "built\n" }, execution: { status: "failed" } },
    ]);
    expect(graph.tool_calls["c1"]?.execution.status).toBe("completed");
  });

  it("are of an MCP server when the host says so", () => {
    const log = begun()
      .call("fetch", {}, "c1")
      .tokens(1)
      .event("mcp_tool_call_end", {
        call_id: "c1",
        invocation: { server: "docs", tool: "fetch", arguments: {} },
        duration: { secs: 0, nanos: 1 },
        result: { Ok: { content: [], isError: true } },
      })
      .output("c1", "[]")
      .says("ok")
      .tokens(1)
      .end("t1");
    expect(importGraph(log.write(folder)).tool_calls["c1"]).toMatchObject({
      kind: { type: "mcp", server: "docs", tool: "fetch" },
      execution: { status: "failed" },
    });
  });

  it("keep running in a turn that the log does not end", () => {
    const log = begun().call("exec_command", { cmd: "ls" }, "c1").tokens(1);
    const graph = importGraph(log.write(folder));
    expect(graph.tool_calls["c1"]?.execution).toMatchObject({ status: "running", end_cause: null });
  });

  it("are closed by a turn that was interrupted", () => {
    const log = begun()
      .call("exec_command", { cmd: "ls" }, "c1")
      .tokens(1)
      .event("turn_aborted", { turn_id: "t1", reason: "interrupted" });
    const graph = importGraph(log.write(folder));
    expect(graph.tool_calls["c1"]?.execution).toMatchObject({ status: "cancelled", end_cause: "turn_ended" });
    expect(graph.turns["t1"]?.execution.status).toBe("cancelled");
    expect(graph.status).toBe("aborted");
  });

  it("have the same call id twice when the model used it twice", () => {
    const log = begun()
      .call("update_plan", { a: 1 }, "c1")
      .output("c1", "one")
      .tokens(1)
      .call("update_plan", { a: 2 }, "c1")
      .output("c1", "two")
      .tokens(1)
      .says("ok")
      .tokens(1)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(Object.keys(graph.tool_calls)).toEqual(["c1", "c1#2"]);
  });
});

describe("code cells in a session log", () => {
  it("start with exec, are observed by waits, and own the calls made while they ran", () => {
    const log = begun()
      .exec("await tools.exec_command({cmd: 'ls'})", "c1")
      .tokens(1)
      .cellOutput("c1", "Script running with cell ID 4", "start")
      .call("wait", { cell_id: "4", yield_time_ms: 100 }, "c2")
      .tokens(1)
      .nestedCommand("exec-1", "ls")
      .output("c2", "Script completed\nWall time 0.1 seconds\nOutput:\n")
      .says("ok")
      .tokens(1)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(Object.values(graph.code_cells)).toMatchObject([
      {
        runtime_cell_id: "4",
        model_visible_call_id: "c1",
        exec_tool_call_id: "c1",
        runtime_status: "completed",
        initial_response: { status: "yielded" },
        waits: [{ tool_call_id: "c2", outcome: "completed" }],
        nested_tool_call_ids: ["exec-1"],
      },
    ]);
    expect(graph.tool_calls["exec-1"]).toMatchObject({
      requester: { type: "code_cell", runtime_cell_id: "4" },
      kind: { type: "exec_command" },
      execution: { status: "completed" },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it.each([
    ["Script completed", "completed", "completed"],
    ["Script failed", "failed", "failed"],
    ["Script terminated", "terminated", "cancelled"],
  ])("end as %s says", (head, runtimeStatus, status) => {
    const log = begun().exec("1", "c1").tokens(1).cellOutput("c1", head).says("ok").tokens(1).end("t1");
    expect(Object.values(importGraph(log.write(folder)).code_cells)).toMatchObject([
      { runtime_status: runtimeStatus, execution: { status, end_cause: "observed" } },
    ]);
  });

  it("do not exist for a call that ran nothing", () => {
    const log = begun()
      .exec("// @bad", "c1")
      .tokens(1)
      .item({ type: "custom_tool_call_output", call_id: "c1", output: "exec expects JavaScript" })
      .says("ok")
      .tokens(1)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(graph.code_cells).toEqual({});
    expect(graph.tool_calls["c1"]?.kind).toEqual({ type: "code_cell_exec" });
  });

  it("are ended by a wait that asks for it", () => {
    const log = begun()
      .exec("for(;;);", "c1")
      .tokens(1)
      .cellOutput("c1", "Script running with cell ID 1")
      .call("wait", { cell_id: "1", terminate: true }, "c2")
      .tokens(1)
      .output("c2", "Script terminated\nWall time 0.1 seconds\nOutput:\n")
      .says("ok")
      .tokens(1)
      .end("t1");
    expect(Object.values(importGraph(log.write(folder)).code_cells)).toMatchObject([
      {
        runtime_status: "terminated",
        cancellation: { cause: "model", model_visible_call_id: "c2" },
        waits: [{ outcome: "terminated" }],
      },
    ]);
  });

  it("do not end when the model waits for one that there is not", () => {
    const log = begun()
      .exec("x", "c1")
      .tokens(1)
      .cellOutput("c1", "Script running with cell ID 1")
      .call("wait", { cell_id: "99" }, "c2")
      .tokens(1)
      .cellOutput("c2", "Script failed", "Script error:\nexec cell 99 not found");
    expect(Object.values(importGraph(log.write(folder)).code_cells)).toMatchObject([
      { runtime_status: "yielded", waits: [], execution: { status: "running" } },
    ]);
  });

  /** Two cells at once: the first has yielded and goes on while the second runs. */
  const twoCells = (first: string, second: string) =>
    begun()
      .exec(first, "c1")
      .tokens(1)
      .cellOutput("c1", "Script running with cell ID 1")
      .exec(second, "c2")
      .tokens(1)
      .wait(50);

  it("own the calls that only their script names, when several ran", () => {
    const log = twoCells("tools.exec_command({cmd: 'ls'})", "tools.exec_command({cmd: 'pwd'})")
      .nestedCommand("exec-1", "ls")
      .cellOutput("c2", "Script completed");
    const graph = importGraph(log.write(folder));
    expect(graph.tool_calls["exec-1"]?.requester).toMatchObject({ type: "code_cell", runtime_cell_id: "1" });
  });

  it("are not guessed when the log does not tell which of several made a call; that is reported", () => {
    const log = twoCells("run(1)", "run(2)")
      .nestedCommand("exec-1", "ls")
      .cellOutput("c2", "Script completed");
    const path = log.write(folder);
    expect(importGraph(path, { mode: "lenient" }).tool_calls["exec-1"]?.requester).toEqual({ type: "host" });
    expect(readSource(path).problems.map(({ message }) => message)).toEqual([
      "it is not known who made call exec-1: several code cells ran when it began; it is taken for the host's own",
    ]);
  });

  it("cancel what they did not wait for when the turn is interrupted", () => {
    const log = begun()
      .exec("await tools.exec_command({cmd: 'sleep 9'})", "c1")
      .tokens(1)
      .wait(100)
      .item({ type: "custom_tool_call_output", call_id: "c1", output: "aborted by user after 1.2s" })
      .event("turn_aborted", { turn_id: "t1", reason: "interrupted" });
    const late = log.nestedCommand("exec-1", "sleep 9", {
      started_at_ms: Date.parse("2026-01-01T00:00:00.120Z"),
    });
    const graph = importGraph(late.write(folder));
    expect(graph.tool_calls["exec-1"]).toMatchObject({
      turn_id: "t1",
      requester: { type: "code_cell" },
      execution: { status: "cancelled" },
      recorded_end_cause: "cell_cancelled",
    });
    expect(Object.values(graph.code_cells)).toMatchObject([{ runtime_status: "terminated" }]);
  });

  it("leave a command that the user typed to the host", () => {
    const log = begun().event("exec_command_end", {
      call_id: "u1",
      source: "user_shell",
      command: ["ls"],
      cwd: "/w",
      stdout: "",
      stderr: "",
      exit_code: 0,
    });
    const graph = importGraph(log.write(folder));
    expect(graph.tool_calls["u1"]).toMatchObject({ requester: { type: "host" }, thread_id: ROOT });
  });
});
