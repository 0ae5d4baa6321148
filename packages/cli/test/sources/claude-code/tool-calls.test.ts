import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import { importGraph, payloadOf, requests, TranscriptBuilder } from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Per call: its kind, label, status and why it ended. */
function calls(graph: RolloutGraph) {
  return Object.values(graph.tool_calls).map(({ kind, label, execution, recorded_end_cause: cause }) => [
    kind,
    label,
    execution.status,
    cause,
  ]);
}

describe("a tool call in a transcript", () => {
  it("is joined with the block that asks for it and the block that answers, and has the host's own account beside them", () => {
    const account = { numFiles: 1, filenames: ["/a"] };
    const path = new TranscriptBuilder()
      .user("find it")
      .use("m1", "Glob", "c1", { pattern: "*" })
      .result("c1", [{ type: "text", text: "/a" }], { toolUseResult: account })
      .text("m2", "found")
      .write(folder);
    const graph = importGraph(path);
    const [call] = Object.values(graph.tool_calls);
    expect(call?.call_item_ids.map((id) => graph.conversation_items[id]?.kind)).toEqual(["function_call"]);
    expect(call?.output_item_ids.map((id) => graph.conversation_items[id]?.kind)).toEqual([
      "function_call_output",
    ]);
    expect(call?.caused_by).not.toBeNull();
    expect([call?.input_preview, call?.output_preview]).toEqual(['{"pattern":"*"}', "/a"]);
    expect(call?.runtime_payload_ids.map((id) => payloadOf(path, id))).toEqual([account, account]);
    expect(payloadOf(path, call?.invocation_payload_id ?? "")).toEqual({
      tool_name: "Glob",
      tool_namespace: null,
      payload: { type: "json", value: { pattern: "*" } },
    });
    expect(payloadOf(path, call?.result_payload_id ?? "")).toEqual({
      type: "direct",
      item: { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "/a" }] },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("has the kind of its tool, and of MCP tools the server", () => {
    const log = new TranscriptBuilder().user("all of them");
    const names = [
      "Bash",
      "Edit",
      "NotebookEdit",
      "WebFetch",
      "mcp__maps__find_route",
      "mcp__odd",
      "Skill",
      "TaskCreate",
    ];
    for (const [index, name] of names.entries()) log.use("m1", name, `c${index}`).result(`c${index}`, "ok");
    expect(calls(importGraph(log.text("m2", "done").write(folder))).map(([kind]) => kind)).toEqual([
      { type: "exec_command" },
      { type: "apply_patch" },
      { type: "apply_patch" },
      { type: "web" },
      { type: "mcp", server: "maps", tool: "find_route" },
      { type: "other", name: "mcp__odd" },
      { type: "other", name: "Skill" },
      { type: "other", name: "TaskCreate" },
    ]);
  });

  it("ends as its result says", () => {
    const log = new TranscriptBuilder()
      .user("try")
      .use("m1", "Read", "c1")
      .result("c1", "<tool_use_error>File does not exist.</tool_use_error>", { isError: true })
      .use("m2", "Edit", "c2")
      .result("c2", "<tool_use_error>InputValidationError: no path</tool_use_error>", { isError: true })
      .use("m3", "Edit", "c3")
      .result("c3", "[Request interrupted by user for tool use]", { isError: true })
      .use("m4", "Bash", "c4", { command: "sleep 1" })
      .result("c4", "", { toolUseResult: { stdout: "", stderr: "", interrupted: true } });
    expect(calls(importGraph(log.write(folder))).map((call) => call.slice(2))).toEqual([
      ["failed", "error"],
      ["failed", "rejected"],
      ["cancelled", "turn_interrupted"],
      ["cancelled", "turn_interrupted"],
    ]);
  });

  it("is found among several in one entry, and so is its result", () => {
    const path = new TranscriptBuilder()
      .user("both")
      .says("m1", [
        { type: "text", text: "two at once" },
        { type: "tool_use", id: "c1", name: "Read", input: { file_path: "/a" } },
        { type: "tool_use", id: "c2", name: "Read", input: { file_path: "/b" } },
      ])
      .user([
        { type: "tool_result", tool_use_id: "c2", content: "B" },
        { type: "tool_result", tool_use_id: "c1", content: "A" },
      ])
      .text("m2", "read")
      .write(folder);
    const graph = importGraph(path);
    const told = Object.values(graph.tool_calls).map((call) => [
      payloadOf(path, call.invocation_payload_id ?? ""),
      payloadOf(path, call.result_payload_id ?? ""),
    ]);
    expect(told).toEqual([
      [
        expect.objectContaining({ payload: { type: "json", value: { file_path: "/a" } } }),
        expect.objectContaining({ item: { type: "tool_result", tool_use_id: "c1", content: "A" } }),
      ],
      [
        expect.objectContaining({ payload: { type: "json", value: { file_path: "/b" } } }),
        expect.objectContaining({ item: { type: "tool_result", tool_use_id: "c2", content: "B" } }),
      ],
    ]);
  });

  it("has its first result when there are two, and none of a call that nobody made", () => {
    const log = new TranscriptBuilder()
      .user("once")
      .use("m1", "Read", "c1")
      .result("c1", "first")
      .result("c1", "second")
      .result("c9", "of a session before this one")
      .text("m2", "read");
    const graph = importGraph(log.write(folder));
    expect(Object.values(graph.tool_calls).map(({ output_preview: text }) => text)).toEqual(["first"]);
    expect(graph.diagnostics).toEqual([]);
  });

  it("without an id is answered by the next result without one", () => {
    const log = new TranscriptBuilder()
      .user("go")
      .says("m1", [{ type: "tool_use", name: "bash", input: {} }])
      .user([{ type: "tool_result", content: "went" }])
      .text("m2", "gone");
    expect(calls(importGraph(log.write(folder)))).toEqual([
      [{ type: "other", name: "bash" }, "bash", "completed", "returned"],
    ]);
  });

  it("is not over while no result says so", () => {
    const log = new TranscriptBuilder().user("go").use("m1", "Read", "c1");
    const graph = importGraph(log.write(folder));
    expect(calls(graph).map(([, , status]) => status)).toEqual(["running"]);
    expect(graph.findings).toEqual([]);
  });

  it("of a branch that was left has its result, which the live branch does not", () => {
    const log = new TranscriptBuilder().user("a").text("m1", "A");
    log.user("run it").use("m2", "Bash", "c1", { command: "make" });
    const left = log.last;
    log.user("rather not", { parent: "u2" }).text("m3", "as you like");
    const live = log.last;
    log.result("c1", "made", { parent: left }).user("good", { parent: live }).text("m4", "yes");
    const graph = importGraph(log.write(folder));
    // It came after the turn that asked for it was given up.
    expect(
      Object.values(graph.tool_calls).map(({ execution, output_preview: text }) => [execution.status, text]),
    ).toEqual([["cancelled", "made"]]);
    expect(requests(graph).at(-1)).toEqual([
      "user: a",
      "assistant: A",
      "user: rather not",
      "assistant: as you like",
      "user: good",
    ]);
  });
});

describe("a command", () => {
  it("is a terminal operation with its output and the exit code that the host says or means", () => {
    const log = new TranscriptBuilder()
      .user("check")
      .use("m1", "Bash", "c1", { command: "true" })
      .result("c1", "", { toolUseResult: { stdout: "", stderr: "", interrupted: false } })
      .use("m1", "Bash", "c2", { command: "false" })
      .result("c2", "Exit code 3\nno luck", { isError: true, toolUseResult: "Error: Exit code 3\nno luck" })
      .use("m1", "Bash", "c3", { command: "grep x y" })
      .result("c3", "", {
        toolUseResult: {
          stdout: "",
          stderr: "",
          interrupted: false,
          returnCodeInterpretation: "No matches found",
        },
      })
      .text("m2", "checked");
    const graph = importGraph(log.write(folder));
    expect(
      Object.values(graph.terminal_operations).map(({ request, result, execution }) => [
        request,
        result,
        execution.status,
      ]),
    ).toEqual([
      [
        { type: "exec_command", command: ["true"], cwd: "/w" },
        { exit_code: 0, stdout: "", stderr: "", formatted_output: null },
        "completed",
      ],
      [
        { type: "exec_command", command: ["false"], cwd: "/w" },
        { exit_code: 3, stdout: "", stderr: "Exit code 3\nno luck", formatted_output: null },
        "failed",
      ],
      [
        { type: "exec_command", command: ["grep x y"], cwd: "/w" },
        { exit_code: null, stdout: "", stderr: "", formatted_output: null },
        "completed",
      ],
    ]);
  });

  it("in the background is a session that later calls look after", () => {
    const log = new TranscriptBuilder()
      .user("serve")
      .use("m1", "Bash", "c1", { command: "serve", run_in_background: true })
      .result("c1", "Command running in background with ID: b1", {
        toolUseResult: { stdout: "", stderr: "", interrupted: false, backgroundTaskId: "b1" },
      })
      .use("m2", "BashOutput", "c2", { bash_id: "b1" })
      .result("c2", "<status>running</status>", {
        toolUseResult: { shellId: "b1", status: "running", exitCode: null, stdout: "listening", stderr: "" },
      })
      .use("m3", "TaskOutput", "c3", { task_id: "b1" })
      .result("c3", "<status>completed</status>", {
        toolUseResult: {
          retrieval_status: "success",
          task: { task_id: "b1", status: "completed", output: "bye", exitCode: 0 },
        },
      })
      .text("m4", "it has ended");
    const graph = importGraph(log.write(folder));
    const [session] = Object.values(graph.terminal_sessions);
    expect([session?.recorded_id, session?.operation_ids.length, session?.execution.status]).toEqual([
      "b1",
      3,
      "completed",
    ]);
    expect(
      Object.values(graph.terminal_operations).map(({ kind, result }) => [
        kind,
        result?.exit_code,
        result?.stdout,
      ]),
    ).toEqual([
      ["exec_command", null, ""],
      ["write_stdin", null, "listening"],
      ["write_stdin", 0, "bye"],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("an edit", () => {
  it("tells which file it changed", () => {
    const path = new TranscriptBuilder()
      .user("edit")
      .use("m1", "Edit", "c1", { file_path: "/a" })
      .result("c1", "done", {
        toolUseResult: { filePath: "/a", oldString: "x", newString: "y", structuredPatch: [] },
      })
      .use("m1", "Write", "c2", { file_path: "__proto__" })
      .result("c2", "done", { toolUseResult: { type: "create", filePath: "__proto__", content: "z" } })
      .text("m2", "edited")
      .write(folder);
    const changes = Object.values(importGraph(path).tool_calls).map(({ runtime_payload_ids: ids }) => {
      const told = payloadOf(path, ids.at(-1) ?? "") as { type: string; changes: object };
      return [told.type, Object.entries(told.changes)];
    });
    expect(changes).toEqual([
      ["file_change", [["/a", { type: "update" }]]],
      ["file_change", [["__proto__", { type: "add" }]]],
    ]);
  });
});
