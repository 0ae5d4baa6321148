import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, graphJson } from "@rollout-trace/reducer";
import { CHILD, importGraph, LogBuilder, readSource, ROOT } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A bit of everything that a log may have. */
const EVERYTHING = new LogBuilder()
  .meta()
  .begin("t1")
  .user("hello")
  .event("user_message", { message: "hello" })
  .exec("await tools.exec_command({cmd: 'ls'})", "c1")
  .tokens(10)
  .nestedCommand("exec-1", "ls")
  .cellOutput("c1", "Script running with cell ID 1", "x")
  .call("wait", { cell_id: "1" }, "c2")
  .cellOutput("c2", "Script completed")
  .tokens(5)
  .call("spawn_agent", { task_name: "scout", message: "look" }, "c3")
  .event("sub_agent_activity", { event_id: "c3", agent_thread_id: CHILD, agent_path: "/root/scout" })
  .output("c3", '{"task_name":"/root/scout"}')
  .call("exec_command", { cmd: "sleep 1" }, "c4")
  .add("token_usage_record", { response_id: "resp_1", usage: { total_tokens: 3 } })
  .output("c4", "Process running with session ID 17\nOutput:\n")
  .call("write_stdin", { session_id: 17, chars: "y" }, "c5")
  .output("c5", "Process exited with code 0\nOutput:\n")
  .event("exec_command_end", {
    call_id: "c4",
    process_id: "17",
    command: ["sleep", "1"],
    cwd: "/",
    exit_code: 0,
  })
  .add("inter_agent_communication", {
    author: "/root/scout",
    recipient: "/root",
    content: "Message Type: FINAL_ANSWER\nPayload:\nok",
  })
  .add("compacted", {
    message: "",
    replacement_history: [{ type: "message", role: "user", content: "short" }],
  })
  .event("thread_rolled_back", { num_turns: 1 })
  .says("done")
  .event("turn_aborted", { turn_id: "t1", reason: "interrupted" })
  .begin("t2")
  .meta({ id: CHILD })
  .add("session_meta", { id: "__proto__", source: { subagent: { thread_spawn: null } } })
  .end("t2", { error: { message: "no" } })
  .text()
  .trim()
  .split("\n");

const line = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...EVERYTHING) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("response_item", "event_msg", "compacted", "turn_context", "token_usage_record", "x"),
        fc.constantFrom(
          "message",
          "function_call",
          "function_call_output",
          "item_completed",
          "token_count",
          7,
        ),
        fc.dictionary(
          fc.constantFrom(
            "call_id",
            "role",
            "content",
            "output",
            "item",
            "turn_id",
            "info",
            "replacement_history",
          ),
          fc.jsonValue(),
        ),
      )
      .map(([type, inner, payload]) => JSON.stringify({ type, payload: { type: inner, ...payload } })),
  },
  // A line that was cut off.
  { weight: 1, arbitrary: fc.constantFrom(...EVERYTHING).map((text) => text.slice(0, text.length / 2)) },
);

describe("any lines at all", () => {
  it("import to events that follow the contract, and reduce to a graph that holds together, always the same", () => {
    const path = join(folder, "log.jsonl");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        writeFileSync(path, [EVERYTHING[0], ...lines].join("\n"));
        const { events } = readSource(path);
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        expect(
          events.every((event, index) => event.time_unix_us >= (events[index - 1]?.time_unix_us ?? 0)),
        ).toBe(true);
        const graph = importGraph(path, { mode: "lenient" });
        expect(checkGraph(graph)).toEqual([]);
        expect(graph.root_thread_id).toBe(ROOT);
        expect(graphJson(importGraph(path, { mode: "lenient" }))).toBe(graphJson(graph));
      }),
      { numRuns: Number(process.env["ROLLOUT_TRACE_RUNS"] ?? 100) || 100 },
    );
  });
});
