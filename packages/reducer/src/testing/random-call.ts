/** What an agent of a made-up rollout may ask for, and how it may end. */
import type { ExecutionStatus, ToolEndCause, ToolKind } from "@rollout-trace/protocol";
import type { SpokenCall } from "./speech.ts";

/** Gives a number from 0 to `below` - 1. */
export type Pick = (below: number) => number;

/** What there is to ask about. */
interface Askable {
  /** Cells that may be waited for. */
  readonly cellId: string | undefined;
  readonly process: string | undefined;
}

const INTERACTIONS = ["spawn_agent", "send_message", "assign_agent_task", "close_agent"] as const;
const SIMPLE = ["lookup", "look", "apply_patch", "web_search", "draw", "wait_agent"] as const;

/** Something that a model may ask for; what there is nothing for becomes a command. */
export function randomCall(id: string, { cellId, process }: Askable, pick: Pick): SpokenCall {
  const other = pick(3) === 0 ? INTERACTIONS[pick(INTERACTIONS.length)] : SIMPLE[pick(SIMPLE.length)];
  const choices: SpokenCall[] = [
    { id, name: "exec", input: `run ${id}` },
    { id, name: "exec", input: `run ${id}` },
    { id, name: "spawn_agent", input: { id } },
    { id, name: other ?? "look", input: { id } },
    { id, name: other ?? "look", input: { id } },
  ];
  if (cellId !== undefined) {
    const terminate = pick(4) === 0 ? { terminate: true } : {};
    choices.push({ id, name: "wait", input: { cell_id: cellId, ...terminate } });
    choices.push({ id, name: "wait", input: { cell_id: cellId } });
  }
  if (process !== undefined) {
    const write = { id, name: "write_stdin", input: { session_id: process, chars: id } };
    choices.push(write, write);
  }
  return choices[pick(choices.length + 2)] ?? { id, name: "exec_command", input: { cmd: id } };
}

/** Something that a script may call. */
export function randomNestedCall(id: string, process: string | undefined, pick: Pick): SpokenCall {
  const names = ["inner", "inner", "lookup", "exec_command", ...INTERACTIONS];
  const name = names[pick(names.length + 1)];
  if (name !== undefined || process === undefined)
    return { id, name: name ?? "inner", input: { cmd: "same" } };
  return { id, name: "write_stdin", input: { session_id: process, chars: id } };
}

const KINDS: { readonly [name: string]: ToolKind } = {
  exec: { type: "code_cell_exec" },
  wait: { type: "code_cell_wait" },
  exec_command: { type: "exec_command" },
  write_stdin: { type: "write_stdin" },
  lookup: { type: "mcp", server: "docs", tool: "lookup" },
  apply_patch: { type: "apply_patch" },
  web_search: { type: "web" },
  draw: { type: "image_generation" },
  spawn_agent: { type: "spawn_agent" },
  send_message: { type: "send_message" },
  assign_agent_task: { type: "assign_agent_task" },
  close_agent: { type: "close_agent" },
  wait_agent: { type: "wait_agent" },
};

/** The kind of a call by its name. */
export function kindOf(name: string): ToolKind {
  return KINDS[name] ?? { type: "other", name };
}

export function isOfTerminal(name: string): boolean {
  return name === "exec_command" || name === "write_stdin";
}

/** How a call ends by itself. Recorders may leave out why. */
export interface CallEnd {
  readonly status: Exclude<ExecutionStatus, "running">;
  readonly cause?: ToolEndCause;
}

const ENDS: readonly CallEnd[] = [
  { status: "failed" },
  { status: "failed", cause: "error" },
  { status: "failed", cause: "rejected" },
  { status: "cancelled", cause: "timeout" },
  { status: "aborted", cause: "error" },
];

export function randomEnd(pick: Pick): CallEnd {
  if (pick(4) === 0) return ENDS[pick(ENDS.length)] ?? { status: "failed" };
  return pick(2) === 0 ? { status: "completed" } : { status: "completed", cause: "returned" };
}
