/** What the text of a tool's output says about how the call went. The text is meant for a model: every line is optional. */
import type { ExecutionStatus, FinalCellStatus, ToolEndCause, ToolKind } from "@rollout-trace/protocol";
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { integerOf, stringOf } from "../log/fields.ts";

/** The head of an output is looked at, never all of it. */
const HEAD_CODE_UNITS = 2000;

export interface TerminalOutput {
  readonly exitCode: number | null;
  /** The number by which the process can be written to, while it runs. */
  readonly sessionId: string | null;
  readonly output: string;
}

/** The output of a command or a write. */
export function terminalOutput(text: string): TerminalOutput {
  const structured = structuredOutput(text);
  if (structured !== null) return structured;
  const start = /^Output:\n?/m.exec(text.slice(0, HEAD_CODE_UNITS));
  const head = text.slice(0, Math.min(start?.index ?? text.length, HEAD_CODE_UNITS));
  const exit = /^(?:Process exited with code|Exit code:) (-?\d+)$/m.exec(head)?.[1];
  return {
    exitCode: exit === undefined ? null : Number(exit),
    sessionId: /^Process running with session ID (\S+)$/m.exec(head)?.[1] ?? null,
    output: start === null ? text : text.slice(start.index + start[0].length),
  };
}

/** The first shell tools answered in JSON: `{"output": …, "metadata": {"exit_code": N}}`. */
function structuredOutput(text: string): TerminalOutput | null {
  if (!text.startsWith('{"')) return null;
  try {
    const value = JSON.parse(text) as JsonValue;
    if (!isJsonObject(value) || !isJsonObject(value["metadata"])) return null;
    return {
      exitCode: integerOf(value["metadata"]["exit_code"]),
      sessionId: null,
      output: stringOf(value["output"]) ?? "",
    };
  } catch {
    return null;
  }
}

export type CellOutput =
  | { readonly type: "running"; readonly cellId: string }
  | { readonly type: "ended"; readonly status: FinalCellStatus }
  /** The call was given up with its turn. */
  | { readonly type: "aborted" }
  /** There is no cell of that name. */
  | { readonly type: "missing" }
  /** The output of a call that ran no cell. */
  | { readonly type: "none" };

const CELL_ENDS: readonly (readonly [string, FinalCellStatus])[] = [
  ["Script completed", "completed"],
  ["Script failed", "failed"],
  ["Script terminated", "terminated"],
];

/** The output of `exec` or `wait`. */
export function cellOutput(text: string): CellOutput {
  const head = text.slice(0, HEAD_CODE_UNITS);
  const running = /^Script running with cell ID (\S+)/.exec(head)?.[1];
  if (running !== undefined) return { type: "running", cellId: running };
  if (isAborted(head)) return { type: "aborted" };
  if (/Script error:\s*exec cell \S+ not found/.test(head)) return { type: "missing" };
  const end = CELL_ENDS.find(([start]) => head.startsWith(start));
  return end === undefined ? { type: "none" } : { type: "ended", status: end[1] };
}

export interface CallEnd {
  readonly status: ExecutionStatus;
  readonly cause: ToolEndCause;
}

const REJECTED = /^(?:unsupported call: |failed to parse function arguments|unknown tool)/;
const FAILED = /^(?:[\w./]+(?: \w+)? failed(?:: | for )|apply_patch verification failed|err: )/;

/** Tools whose output is JSON or nothing; anything else is a complaint. */
const AGENT_TOOLS: ReadonlySet<string> = new Set([
  "spawn_agent",
  "assign_agent_task",
  "send_message",
  "close_agent",
]);

/** How a call ended, by what it returned. */
export function callEnd(kind: ToolKind, text: string): CallEnd {
  const head = text.slice(0, HEAD_CODE_UNITS);
  if (isAborted(head)) return { status: "cancelled", cause: "turn_interrupted" };
  if (REJECTED.test(head)) return { status: "failed", cause: "rejected" };
  if (FAILED.test(head)) return { status: "failed", cause: "error" };
  if (kind.type === "code_cell_exec" || kind.type === "code_cell_wait") {
    return head.startsWith("Script failed") ? ERROR : RETURNED;
  }
  if (AGENT_TOOLS.has(kind.type)) return /^\s*(?:\{|$)/.test(head) ? RETURNED : ERROR;
  // A command that fails has been run: its exit code is the process's, not the call's.
  if (kind.type !== "apply_patch") return RETURNED;
  const { exitCode } = terminalOutput(text);
  return exitCode === null || exitCode === 0 ? RETURNED : ERROR;
}

const RETURNED: CallEnd = { status: "completed", cause: "returned" };
const ERROR: CallEnd = { status: "failed", cause: "error" };

function isAborted(text: string): boolean {
  return /^aborted(?: by user)?(?: after|$)/.test(text);
}
