/** Code mode: the interfaces between a host and the sessions that run its cells. */
import type {
  CellNotification,
  ExecuteRequest,
  NestedToolCall,
  PendingOutcome,
  StartedCell,
  TerminateRequest,
  WaitOutcome,
  WaitRequest,
  WaitToPendingOutcome,
  WaitToPendingRequest,
} from "./cell.ts";
import type { JsonValue } from "./json.ts";
import type { CodeModeObserver } from "./observer.ts";

/** What a session needs of its host. */
export interface CodeModeSessionDelegate {
  /** Runs a tool. A rejection becomes the script's rejection, with the error's message as its text. */
  invokeTool(call: NestedToolCall, signal: AbortSignal): Promise<JsonValue>;
  /** Hands a notification to the model. */
  notify(notification: CellNotification, signal: AbortSignal): Promise<void>;
  /** The cell is gone; its id is `missing` from now on. Called once per cell, after its last response is ready. */
  cellClosed(cellId: string): void;
}

/** One agent's code mode: cells, stored values, ids. */
export interface CodeModeSession {
  execute(request: ExecuteRequest): Promise<StartedCell>;
  executeToPending(request: ExecuteRequest): Promise<PendingOutcome>;
  wait(request: WaitRequest): Promise<WaitOutcome>;
  waitToPending(request: WaitToPendingRequest): Promise<WaitToPendingOutcome>;
  terminate(request: TerminateRequest): Promise<WaitOutcome>;
  shutdown(): Promise<void>;
}

/** Makes sessions. */
export interface CodeModeSessionProvider {
  createSession(
    delegate: CodeModeSessionDelegate,
    options?: CodeModeSessionOptions,
  ): Promise<CodeModeSession>;
  close(): Promise<void>;
}

export interface CodeModeSessionOptions {
  /** Is told what happens. Default: nobody. */
  readonly observer?: CodeModeObserver | undefined;
}

/**
 * Why the runtime refused a request:
 * - `busy_observer`: somebody else is observing the cell
 * - `already_terminating`: the cell is being terminated
 * - `shutting_down`: the session admits nothing more
 * - `invalid_request`: a field of the request is out of range; the message names it
 * - `host_lost`: the process that ran the cell is gone
 * - `protocol`: the other side of the process boundary said something that is not understood
 * - `limit`: the request is larger than the boundary allows
 */
export type CodeModeErrorCode =
  | "busy_observer"
  | "already_terminating"
  | "shutting_down"
  | "invalid_request"
  | "host_lost"
  | "protocol"
  | "limit";
