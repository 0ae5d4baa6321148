/** What every object of the graph has, and the small shapes that several kinds of objects share. */
import type { ExecutionStatus } from "@rollout-trace/protocol";

/** The kinds of things that a diagnostic, a finding or an edge can point at. */
export const ANCHOR_TYPES = [
  "rollout",
  "thread",
  "turn",
  "conversation_item",
  "inference_call",
  "tool_call",
  "code_cell",
  "terminal_session",
  "terminal_operation",
  "compaction",
  "compaction_request",
  "interaction_edge",
  "span",
  "payload",
] as const;
export type AnchorType = (typeof ANCHOR_TYPES)[number];

/** A pointer to an object of the graph: its kind and its key in the collection of that kind. */
export interface Anchor {
  readonly type: AnchorType;
  readonly id: string;
}

/** The events (`seq`, ascending) and payloads (in order of naming) that made or changed an object, without repeats. */
export interface Evidence {
  readonly seqs: readonly number[];
  readonly payload_ids: readonly string[];
}

/** `imported`: derived from a log that does not say it outright. */
export type Provenance = "recorded" | "imported";

/**
 * What every object has. (Not `source`: a code cell has its source text, an edge its source anchor.) Lists of members (the turns of a thread, the nested calls of a cell) grow with their members; that
 * growth is evidenced by the members and not repeated here.
 */
export interface GraphObject {
  readonly evidence: Evidence;
  readonly provenance: Provenance;
}

/**
 * How the end of something is known: `observed` is its own end event, anything else is what closed it because its own end
 * never came.
 */
export const EXECUTION_END_CAUSES = [
  "observed",
  "cell_ended",
  "turn_ended",
  "thread_ended",
  "rollout_ended",
  "recording_stopped",
] as const;
export type ExecutionEndCause = (typeof EXECUTION_END_CAUSES)[number];

/** From when to when something ran. Times are microseconds since the epoch; the three ends are null while it is running. */
export interface ExecutionWindow {
  readonly started_at_us: number;
  readonly started_seq: number;
  readonly ended_at_us: number | null;
  readonly ended_seq: number | null;
  readonly status: ExecutionStatus;
  readonly end_cause: ExecutionEndCause | null;
}

/**
 * Tokens, as the provider counted them. What was read from its cache and what was written to it are parts of `input_tokens`,
 * `reasoning_output_tokens` is a part of `output_tokens`.
 */
export interface TokenUsage {
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_output_tokens: number;
  readonly total_tokens: number;
}
