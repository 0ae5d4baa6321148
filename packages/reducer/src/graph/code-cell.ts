import type {
  CancelCause,
  CellLimitName,
  CellStatus,
  ExecutionStatus,
  WaitMode,
  WaitOutcomeKind,
} from "@rollout-trace/protocol";
import type { ExecutionWindow, GraphObject } from "./base.ts";
import type { CausedBy } from "./tool-call.ts";

/** What `exec` first returned. */
export interface CellInitialResponse {
  readonly at_us: number;
  readonly seq: number;
  readonly status: CellStatus;
  readonly payload_id: string | null;
}

/** An observation that ended with the cell still running; `wait_id` is null for that of `exec` itself. */
export interface CellYield {
  readonly at_us: number;
  readonly seq: number;
  readonly wait_id: string | null;
}

/** One observation after the first response. A wait without a recorded runtime event has `wait_id` null. */
export interface CellWait {
  readonly wait_id: string | null;
  readonly tool_call_id: string | null;
  readonly model_visible_call_id: string | null;
  readonly mode: WaitMode | null;
  readonly execution: ExecutionWindow;
  readonly outcome: WaitOutcomeKind | null;
  readonly payload_id: string | null;
}

/** How the outcome of a wait reads as the status of an execution. */
export const WAIT_STATUS: { readonly [Outcome in WaitOutcomeKind]: ExecutionStatus } = {
  yielded: "completed",
  pending: "completed",
  completed: "completed",
  failed: "completed",
  terminated: "completed",
  missing: "failed",
  busy: "failed",
  abandoned: "cancelled",
};

/** The first request to end the cell. `limit` is set with the cause `limit`. */
export interface CellCancellation {
  readonly at_us: number;
  readonly seq: number;
  readonly cause: CancelCause;
  readonly limit: CellLimitName | null;
  readonly model_visible_call_id: string | null;
}

export interface GraphCellNotification {
  readonly at_us: number;
  readonly seq: number;
  readonly text: string;
  readonly output_item_id: string | null;
}

/** One `exec` of model-written JavaScript. */
export interface CodeCell extends GraphObject {
  /** `cell:<thread_id>:<model_visible_call_id>` */
  readonly code_cell_id: string;
  readonly runtime_cell_id: string;
  readonly model_visible_call_id: string;
  readonly exec_tool_call_id: string | null;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly source_item_id: string | null;
  readonly output_item_ids: readonly string[];
  readonly execution: ExecutionWindow;
  readonly runtime_status: CellStatus;
  /** The script. */
  readonly source: string;
  readonly initial_response: CellInitialResponse | null;
  readonly yields: readonly CellYield[];
  readonly waits: readonly CellWait[];
  readonly cancellation: CellCancellation | null;
  readonly result_payload_id: string | null;
  readonly journal_payload_id: string | null;
  readonly caused_by: CausedBy | null;
  readonly notifications: readonly GraphCellNotification[];
  readonly nested_tool_call_ids: readonly string[];
}
