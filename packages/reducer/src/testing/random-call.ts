/** What an agent of a made-up rollout may ask for. */
import type { ToolKind } from "@rollout-trace/protocol";
import type { SpokenCall } from "./speech.ts";

/** Gives a number from 0 to `below` - 1. */
export type Pick = (below: number) => number;

/** What there is to ask about. */
interface Askable {
  readonly cellId: string | undefined;
  readonly process: string | undefined;
}

/** Something to ask for; what there is nothing for becomes a command. */
export function randomCall(id: string, { cellId, process }: Askable, pick: Pick): SpokenCall {
  const choices: SpokenCall[] = [
    { id, name: "exec", input: `run ${id}` },
    { id, name: "exec", input: `run ${id}` },
    { id, name: "lookup", input: { id } },
    { id, name: "spawn_agent", input: { id } },
    { id, name: "send_message", input: { id } },
  ];
  if (cellId !== undefined) choices.push({ id, name: "wait", input: { cell_id: cellId } });
  if (process !== undefined) {
    const write = { id, name: "write_stdin", input: { session_id: process, chars: id } };
    choices.push(write, write);
  }
  return choices[pick(choices.length + 2)] ?? { id, name: "exec_command", input: { cmd: id } };
}

const COMMAND = { type: "exec_command" } as const;

const KINDS: { readonly [name: string]: ToolKind } = {
  exec: { type: "code_cell_exec" },
  exec_command: COMMAND,
  write_stdin: { type: "write_stdin" },
  lookup: { type: "mcp", server: "docs", tool: "lookup" },
  spawn_agent: { type: "spawn_agent" },
  send_message: { type: "send_message" },
};

/** The kind of a call by its name. */
export function kindOf(name: string): ToolKind {
  return KINDS[name] ?? COMMAND;
}

export function isOfTerminal(name: string): boolean {
  return name === "exec_command" || name === "write_stdin";
}
