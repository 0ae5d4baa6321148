/**
 * The processes of a made-up rollout, and what is recorded of them. Hosts use few process ids, and each again, also in several threads
 * at once; any agent may write to any process. What the host calls a command or a write is its own and unique, so that it can say of
 * any of them where it went.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import type { ToolCallBuilder } from "./call-builders.ts";
import type { CallEnd, Pick } from "./random-call.ts";
import { isOf, type SpokenCall } from "./speech.ts";
import type { TurnBuilder } from "./turn-builder.ts";

const IDS = ["p1", "p2"] as const;
const UNKNOWN = "p0";

export class RandomTerminals {
  readonly #started: Set<string> = new Set();
  /** The commands of any thread that started each process. */
  readonly #commands: Map<string, string[]> = new Map();
  readonly #processes: Map<string, string> = new Map();

  /** Something to write to: now and then what no recorded command has started. */
  any(pick: Pick): string | undefined {
    const started = [...this.#started];
    return pick(8) === 0 ? UNKNOWN : started[pick(Math.max(started.length, 1))];
  }

  /**
   * The runtime begins a command, or confirms a write; either may be left out, and a process id may not be known yet. The host may say
   * which command a write went to, also where its id alone would lead to another.
   */
  begin(
    turn: TurnBuilder,
    tool: ToolCallBuilder,
    { spoken: { name, input }, pick }: { spoken: SpokenCall; pick: Pick },
  ): void {
    if (name === "exec_command") {
      const process = IDS[pick(IDS.length)] ?? "p1";
      this.#processes.set(tool.id, process);
      this.#started.add(process);
      this.#commands.set(process, [...(this.#commands.get(process) ?? []), tool.id]);
      const known = pick(2) === 0 ? process : null;
      if (pick(4) > 0)
        tool.runtimeStart({ type: "exec_command_begin", command: [tool.id], cwd: "/", process_id: known });
      return;
    }
    const process = [UNKNOWN, ...IDS].find((each) => isOf(input, each)) ?? UNKNOWN;
    this.#processes.set(tool.id, process);
    const known = pick(2) === 0 ? process : null;
    if (pick(4) === 0) tool.runtimeStart({ type: "write_stdin_begin", stdin: tool.id, process_id: known });
    const commands = this.#commands.get(process) ?? [];
    const target = commands[pick(Math.max(commands.length, 1))];
    if (target !== undefined && pick(2) === 0)
      turn.event({ type: "stdin_target_resolved", tool_call_id: tool.id, exec_tool_call_id: target });
  }

  /** The runtime ends a command; a write says what became of the process in what it returns, if anything does. */
  end(
    tool: ToolCallBuilder,
    { name, end: { status }, pick }: { name: string; end: CallEnd; pick: Pick },
  ): JsonValue | undefined {
    const exitCode = pick(3) === 0 ? null : 0;
    const outcome = { exit_code: exitCode, process_id: this.#processes.get(tool.id) ?? null };
    if (name === "write_stdin") {
      if (pick(2) === 0) return undefined;
      return { type: "code_mode", value: { output: "", ...outcome } };
    }
    tool.runtimeEnd({ type: "exec_command_end", stdout: tool.id, stderr: "", ...outcome }, status);
    return undefined;
  }
}
