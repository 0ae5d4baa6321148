/** What is consistent but worth a look: things a person debugging wants to be told without asking. */
import type { Anchor } from "../graph/base.ts";

/**
 * Every code. Those that say *never* are given only once the rollout is over, but for `tool_call_never_ended`: what a call ran in
 * is over then, and whatever comes later leaves the call as that has closed it.
 *
 * - `cell_never_observed`: a cell yielded and nobody waited for it
 * - `tool_result_never_seen`: a model's call returned, and no later request carries its output
 * - `nested_call_not_awaited`: a nested call was still running when its cell completed
 * - `tool_call_never_ended`: a call was closed by what it ran in, not by its own end
 * - `edge_never_delivered`: what one agent sent another never showed up there
 * - `accepted_item_never_seen`: an item entered the live history, and no recorded payload has it
 * - `output_truncated`: less came back to the requester than the tool produced
 * - `repeated_identical_call`: one turn, or its cells, made the same call with the same input at least three times; not one that only
 *   looks how far something is, as waits do and writes of nothing
 * - `context_shrank_without_compaction`: a request is shorter than its thread's request before it, and no compaction says why
 */
export const FINDING_CODES = [
  "cell_never_observed",
  "tool_result_never_seen",
  "nested_call_not_awaited",
  "tool_call_never_ended",
  "edge_never_delivered",
  "accepted_item_never_seen",
  "output_truncated",
  "repeated_identical_call",
  "context_shrank_without_compaction",
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** Something that is odd about a rollout although nothing is wrong with its recording. `object` is what it is about. */
export interface Finding {
  readonly code: FindingCode;
  readonly object: Anchor;
  readonly message: string;
}
