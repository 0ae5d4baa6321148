import type { Dialect } from "@rollout-trace/protocol";
import type { ExecutionWindow, GraphObject, TokenUsage } from "./base.ts";

/**
 * What a request showed to the model: the first `keep` items of what the base call ended with (its request's items followed
 * by its response's), then `item_ids`. Without a base `keep` is 0.
 */
export interface RequestItems {
  readonly base_inference_call_id: string | null;
  readonly keep: number;
  readonly item_ids: readonly string[];
}

/** One request to a model and its response. */
export interface InferenceCall extends GraphObject {
  readonly inference_call_id: string;
  readonly recorded_id: string;
  readonly thread_id: string;
  readonly turn_id: string;
  readonly execution: ExecutionWindow;
  readonly model: string;
  readonly provider: string;
  readonly dialect: Dialect;
  readonly response_id: string | null;
  readonly upstream_request_id: string | null;
  /** Why it failed or was cancelled. */
  readonly error: string | null;
  readonly request: RequestItems;
  readonly response_item_ids: readonly string[];
  /** Tool calls whose call items are in the response. */
  readonly tool_call_ids: readonly string[];
  /** Code cells whose source items are in the response. */
  readonly code_cell_ids: readonly string[];
  readonly usage: TokenUsage | null;
  readonly request_payload_id: string;
  readonly response_payload_id: string | null;
}

/** The replacement of a thread's live history by a shorter one. */
export interface Compaction extends GraphObject {
  readonly compaction_id: string;
  readonly recorded_id: string;
  readonly thread_id: string;
  readonly turn_id: string | null;
  /** Null when it was requested and never installed. */
  readonly installed_at_us: number | null;
  readonly installed_seq: number | null;
  readonly marker_item_id: string | null;
  readonly request_ids: readonly string[];
  readonly input_item_ids: readonly string[];
  readonly replacement_item_ids: readonly string[];
}

/** One model request made in order to compact. Its items are not part of the transcript. */
export interface CompactionRequest extends GraphObject {
  readonly compaction_request_id: string;
  readonly recorded_id: string;
  readonly compaction_id: string;
  readonly thread_id: string;
  readonly turn_id: string;
  readonly execution: ExecutionWindow;
  readonly model: string;
  readonly provider: string;
  readonly error: string | null;
  readonly usage: TokenUsage | null;
  readonly request_payload_id: string;
  readonly response_payload_id: string | null;
}
