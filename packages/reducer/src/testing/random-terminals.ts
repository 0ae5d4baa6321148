/**
 * The processes of a made-up rollout, and what is recorded of them. Hosts use few process ids, and each again, also in several threads
 * at once; any agent may write to any process. Calls are named after the process: `call-1@p1`.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import type { ToolCallBuilder } from "./call-builders.ts";
import type { Pick } from "./random-call.ts";
import { isOf } from "./speech.ts";

const IDS = ["p1", "p2"] as const;
const UNKNOWN = "p0";

export class RandomTerminals {
  /** Those that commands have started. */
  readonly #started: Set<string> = new Set();

  /** Something to write to: now and then what no recorded command has started. */
  any(pick: Pick): string | undefined {
    const started = [...this.#started];
    return pick(8) === 0 ? UNKNOWN : started[pick(Math.max(started.length, 1))];
  }

  /** What a call of a command or of a write is recorded as. */
  callId(id: string, { name, input }: { name: string; input: unknown }, pick: Pick): string {
    if (name === "write_stdin") return `${id}@${[UNKNOWN, ...IDS].find((each) => isOf(input, each))}`;
    const process = IDS[pick(IDS.length)] ?? "p1";
    this.#started.add(process);
    return `${id}@${process}`;
  }

  /** The runtime begins a command, or confirms a write; either may be left out, and a process id may not be known yet. */
  begin(tool: ToolCallBuilder, name: string, pick: Pick): void {
    const process = pick(2) === 0 ? processOf(tool) : null;
    if (name === "exec_command" && pick(4) > 0)
      tool.runtimeStart({ type: "exec_command_begin", command: [tool.id], cwd: "/", process_id: process });
    else if (name === "write_stdin" && pick(4) === 0)
      tool.runtimeStart({ type: "write_stdin_begin", stdin: tool.id, process_id: process });
  }

  /** The runtime ends a command; a write says what became of the process in what it returns, if anything does. */
  end(
    tool: ToolCallBuilder,
    name: string,
    { status, pick }: { status: "completed" | "failed"; pick: Pick },
  ): JsonValue | undefined {
    const exitCode = pick(3) === 0 ? null : 0;
    const outcome = { exit_code: exitCode, process_id: processOf(tool) };
    if (name === "write_stdin") {
      if (pick(2) === 0) return undefined;
      return { type: "code_mode", value: { output: "", ...outcome } };
    }
    tool.runtimeEnd({ type: "exec_command_end", stdout: tool.id, stderr: "", ...outcome }, status);
    return undefined;
  }
}

function processOf({ id }: ToolCallBuilder): string {
  return id.slice(id.lastIndexOf("@") + 1);
}
