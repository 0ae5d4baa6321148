import type { ToolEndCause, ToolKind } from "@rollout-trace/protocol";
import type { ExecutionWindow, GraphObject } from "./base.ts";

/**
 * Who asked for a call. `code_cell_id` is null when the recording names a cell that it never started; `runtime_cell_id` is
 * the name it used.
 */
export type GraphToolRequester =
  | { readonly type: "model" }
  | { readonly type: "code_cell"; readonly code_cell_id: string | null; readonly runtime_cell_id: string }
  | { readonly type: "host" };

/**
 * The model-visible call that something goes back to; for a nested call that of its cell. `inference_call_id` is null when
 * no recorded response carries the call.
 */
export interface CausedBy {
  readonly thread_id: string;
  readonly model_visible_call_id: string;
  readonly inference_call_id: string | null;
}

/**
 * How much of a call's output came how far, in bytes of UTF-8; null where the recording does not say. `seen_by_model` is
 * true when a request carries an output
 * item of the call or, for a nested call that gave its script something, an output that its cell sent afterwards.
 */
export interface Visibility {
  readonly produced_bytes: number | null;
  readonly to_requester_bytes: number | null;
  readonly to_model_bytes: number | null;
  readonly seen_by_model: boolean;
}

/** One dispatch at the host's tool boundary. */
export interface ToolCall extends GraphObject {
  readonly tool_call_id: string;
  readonly recorded_id: string;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly execution: ExecutionWindow;
  /** What the call's own end event says about how it ended. */
  readonly recorded_end_cause: ToolEndCause | null;
  readonly requester: GraphToolRequester;
  readonly kind: ToolKind;
  readonly label: string;
  readonly model_visible_call_id: string | null;
  readonly runtime_tool_call_id: string | null;
  readonly mcp_call_id: string | null;
  readonly call_item_ids: readonly string[];
  readonly output_item_ids: readonly string[];
  /** The cell that an `exec` started or a `wait` observed. */
  readonly code_cell_id: string | null;
  readonly terminal_operation_id: string | null;
  /** The host's own spans that ran during the call. */
  readonly span_ids: readonly string[];
  readonly input_preview: string | null;
  readonly output_preview: string | null;
  readonly invocation_payload_id: string | null;
  readonly result_payload_id: string | null;
  readonly runtime_payload_ids: readonly string[];
  /** Null when the events do not say; never guessed from time. */
  readonly caused_by: CausedBy | null;
  readonly visibility: Visibility;
}
