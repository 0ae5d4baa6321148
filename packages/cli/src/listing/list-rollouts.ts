/** What a store can say of its rollouts without reducing them. */
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
  /** Of all responses; null where they are not known. */
  readonly tokens: ListedTokens | null;
  readonly problems: ListedProblems;
}

/** Input counts what came from a cache, too. */
export interface ListedTokens {
  readonly input: number;
  readonly output: number;
}

/** Only what the events say by their type; what is inconsistent only a reduction finds. */
export interface ListedProblems {
  readonly failed_model_requests: number;
  /** Times that the recorder lost events. */
  readonly recorder_gaps: number;
}

export interface RolloutList {
  /** Newest first. */
  readonly rollouts: readonly ListedRollout[];
  /** Rollouts whose tokens are not known because there are more responses than can be read while somebody waits. */
  readonly unread: number;
}

/**
 * Model requests whose responses are read for one list, of the newest rollouts first. A response took 0.05 ms, or 0.2 ms on a busy
 * machine, so that these are at most half of the two seconds that somebody waits for a list.
 */
export const MOST_REQUESTS = 5_000;

export interface ListOptions {
  /** Only rollouts that started at this moment or later, in microseconds since the epoch. */
  readonly since?: number | undefined;
  readonly status?: ListedStatus | undefined;
}

/** Lists those rollouts that are asked for. Throws `TraceStoreError`. */
export function listRollouts(store: TraceStoreReader, { since, status }: ListOptions): RolloutList {
  let [left, unread] = [MOST_REQUESTS, 0];
  const rollouts = store
    .rolloutCounts()
    .toReversed()
    .filter(
      (counts) =>
        (since === undefined || counts.startedTimeUs >= since) &&
        (status === undefined || statusOf(counts) === status),
    )
    .map((counts) => {
      const requests = counts.inferenceCalls + counts.compactionRequests;
      if (requests > left) unread += 1;
      if (requests === 0 || requests > left) return listed(counts, null);
      left -= requests;
      return listed(counts, store.tokenCount(counts.traceId));
    });
  return { rollouts, unread };
}

function listed(counts: RolloutCounts, tokens: ListedTokens | null): ListedRollout {
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
    tokens,
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
