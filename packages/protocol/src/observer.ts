/**
 * What a code-mode session tells whoever watches it. `packages/trace` turns this into raw events.
 *
 * Events of one session arrive in the order in which they happened, synchronously, from inside the session's own loop. An
 * observer must be quick; what it throws is dropped by the session and changes nothing.
 */
import type { NestedToolCall, RuntimeResponse } from "./cell.ts";
import type { JsonValue } from "./json.ts";
import type { CellJournal } from "./payload.ts";
import type { CancelCause, CellLimitName, WaitMode, WaitOutcomeKind } from "./raw-event/code-cell.ts";
import type { ToolEndCause, ToolKind } from "./raw-event/tool-call.ts";
import type { CellStatus, ExecutionStatus, FinalCellStatus } from "./status.ts";

export type CodeModeEvent =
  /** Before any JavaScript of the cell runs. */
  | {
      readonly type: "cell_started";
      readonly cellId: string;
      readonly toolCallId: string;
      readonly source: string;
    }
  /** What `exec` first returned. */
  | {
      readonly type: "cell_initial_response";
      readonly cellId: string;
      readonly status: CellStatus;
      readonly response: RuntimeResponse;
    }
  /** Also for a cell that turns out to be missing or busy; its end follows at once then. */
  | {
      readonly type: "wait_started";
      /** Unique in the session. */
      readonly waitId: string;
      readonly cellId: string;
      readonly toolCallId: string | null;
      readonly mode: WaitMode;
    }
  | {
      readonly type: "wait_ended";
      readonly waitId: string;
      readonly cellId: string;
      readonly outcome: WaitOutcomeKind;
      /** Null when nobody got one: `busy` and `abandoned`. */
      readonly response: RuntimeResponse | null;
    }
  | {
      readonly type: "cancel_requested";
      readonly cellId: string;
      readonly toolCallId: string | null;
      readonly cause: CancelCause;
      /** Set exactly when the cause is `limit`. */
      readonly limit: CellLimitName | null;
    }
  /** Before the host's tool is called. */
  | {
      readonly type: "nested_call_started";
      readonly call: NestedToolCall;
      readonly recordAs: ToolKind;
    }
  /** Exactly once for each started nested call, before the end of its cell. */
  | {
      readonly type: "nested_call_ended";
      readonly cellId: string;
      readonly runtimeToolCallId: string;
      readonly status: ExecutionStatus;
      readonly endCause: ToolEndCause;
      /** What the script got; null when it got nothing. */
      readonly result: NestedCallResult | null;
    }
  | {
      readonly type: "notification";
      readonly cellId: string;
      readonly callId: string;
      readonly text: string;
    }
  /** Exactly once for each started cell, when it really ended, whether or not anybody was observing it. */
  | {
      readonly type: "cell_ended";
      readonly cellId: string;
      readonly status: FinalCellStatus;
      readonly response: RuntimeResponse;
      readonly journal: CellJournal | null;
    };

export type NestedCallResult =
  | { readonly type: "value"; readonly value: JsonValue }
  | { readonly type: "error"; readonly error: string };

export interface CodeModeObserver {
  observe(event: CodeModeEvent): void;
  /** Whether this observer tells OpenTelemetry itself; a session whose observer does not opens spans of its own. Default false. */
  readonly tracesSpans?: boolean | undefined;
  /**
   * Runs the host's code for a nested call. An observer that keeps an async context gives it to `run` here, so that
   * whatever the tool does is attributed to the call. Must return what `run` returns. Default: `run()`.
   */
  runNestedCall?<Result>(call: NestedToolCall, run: () => Promise<Result>): Promise<Result>;
}
