/** What a store can say of its rollouts without reading a payload. */
import type { RolloutCounts, TraceStoreReader } from "@rollout-trace/trace";

/** What a rollout can be: how it ended, or that its recording goes on or was cut off. */
export const LISTED_STATUSES = ["running", "completed", "failed", "aborted", "stopped"] as const;
export type ListedStatus = (typeof LISTED_STATUSES)[number];

/** A line of the list. Times are microseconds since the epoch. */
export interface ListedRollout {
  readonly rollout_id: string;
  readonly trace_id: string;
  readonly host: string | null;
  readonly status: ListedStatus;
  readonly started_at_us: number;
  /** From the first to the last event. */
  readonly duration_us: number;
  readonly events: number;
  readonly agents: number;
  readonly turns: number;
  readonly model_requests: number;
  readonly tool_calls: number;
  readonly code_cells: number;
  /** Not known here: they are in the responses. */
  readonly tokens: null;
  readonly problems: ListedProblems;
}

/** Only what the events say by their type; what is inconsistent only a reduction finds. */
export interface ListedProblems {
  readonly failed_model_requests: number;
  /** Times that the recorder lost events. */
  readonly recorder_gaps: number;
}

/** Newest first. Throws `TraceStoreError`. */
export function listRollouts(store: TraceStoreReader): readonly ListedRollout[] {
  return store.rolloutCounts().toReversed().map(listed);
}

function listed(counts: RolloutCounts): ListedRollout {
  return {
    rollout_id: counts.rolloutId,
    trace_id: counts.traceId,
    host: counts.hostName,
    status: statusOf(counts),
    started_at_us: counts.startedTimeUs,
    duration_us: counts.lastTimeUs - counts.startedTimeUs,
    events: counts.events,
    agents: counts.threads,
    turns: counts.turns,
    model_requests: counts.inferenceCalls,
    tool_calls: counts.toolCalls,
    code_cells: counts.codeCells,
    tokens: null,
    problems: {
      failed_model_requests: counts.failedInferenceCalls,
      recorder_gaps: counts.recorderGaps,
    },
  };
}

function statusOf({ endedStatus, state, isWriterGone }: RolloutCounts): ListedStatus {
  if (endedStatus !== null && endedStatus !== "running") return endedStatus;
  return state === "recording" && !isWriterGone ? "running" : "stopped";
}
