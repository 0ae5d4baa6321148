import type { ExecutionWindow, GraphObject } from "./base.ts";

/** A process that the agent can write to again. */
export interface TerminalSession extends GraphObject {
  /** The host's process id; `<process_id>#2`, … where it names another process, be it in another thread. */
  readonly terminal_session_id: string;
  /** The host's process id. */
  readonly recorded_id: string;
  readonly thread_id: string | null;
  readonly created_by_operation_id: string;
  readonly operation_ids: readonly string[];
  readonly execution: ExecutionWindow;
}

/** What was asked of the terminal. Null fields were not recorded. */
export type TerminalRequest =
  | { readonly type: "exec_command"; readonly command: readonly string[]; readonly cwd: string | null }
  | { readonly type: "write_stdin"; readonly stdin: string };

/** What an operation gave back. `exit_code` is null while the process goes on, and where none is recorded. */
export interface TerminalResult {
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly formatted_output: string | null;
}

/** How the model came to see an operation's output. */
export interface TerminalObservation {
  readonly source: "direct" | "code_cell_output";
  readonly call_item_ids: readonly string[];
  readonly output_item_ids: readonly string[];
}

/** One command, write or poll. */
export interface TerminalOperation extends GraphObject {
  /** `terminal_operation:1`, … */
  readonly operation_id: string;
  readonly terminal_session_id: string | null;
  readonly tool_call_id: string;
  readonly kind: "exec_command" | "write_stdin";
  readonly execution: ExecutionWindow;
  readonly request: TerminalRequest;
  readonly result: TerminalResult | null;
  readonly observed_by: readonly TerminalObservation[];
}
