/** What a store can say of each rollout without reading a payload: one pass over the types of its events. */
import type Database from "better-sqlite3";
import type { RolloutId, RolloutStatus, TraceId } from "@rollout-trace/protocol";
import { oldestFirst, type RolloutSummary } from "./read-rollouts.ts";
import { writerState } from "./writer-process.ts";

/** Counts of one recording. Times are microseconds since the epoch. */
export interface RolloutCounts {
  readonly rolloutId: RolloutId;
  readonly traceId: TraceId;
  readonly hostName: string | null;
  readonly state: RolloutSummary["state"];
  /** Whether it is `recording` and the process that recorded it is gone for certain, which nobody has put into the store yet. */
  readonly isWriterGone: boolean;
  /** What its last `rollout_ended` says; null while there is none. */
  readonly endedStatus: RolloutStatus | null;
  /** Of the earliest and the latest event; 0 where there is none. */
  readonly startedTimeUs: number;
  readonly lastTimeUs: number;
  readonly events: number;
  readonly threads: number;
  readonly turns: number;
  readonly inferenceCalls: number;
  readonly failedInferenceCalls: number;
  /** Requests to models for a shorter history. */
  readonly compactionRequests: number;
  readonly toolCalls: number;
  readonly codeCells: number;
  /** Times that the recorder lost events. */
  readonly recorderGaps: number;
}

const COUNTS = `
  SELECT rollouts.rollout_id AS rolloutId, rollouts.trace_id AS traceId, rollouts.host_name AS hostName,
    rollouts.state,
    iif(c.ended IN ('running', 'completed', 'failed', 'aborted'), c.ended, NULL) AS endedStatus,
    coalesce(c.first_us, 0) AS startedTimeUs, coalesce(c.last_us, 0) AS lastTimeUs,
    coalesce(c.events, 0) AS events, coalesce(c.threads, 0) AS threads, coalesce(c.turns, 0) AS turns,
    coalesce(c.inference, 0) AS inferenceCalls, coalesce(c.failed, 0) AS failedInferenceCalls,
    coalesce(c.compactions, 0) AS compactionRequests,
    coalesce(c.tools, 0) AS toolCalls, coalesce(c.cells, 0) AS codeCells, coalesce(c.gaps, 0) AS recorderGaps
  FROM rollouts LEFT JOIN (
    SELECT rollout, count(*) AS events, max(CASE WHEN seq = 1 THEN time_unix_us END) AS began_us, min(time_unix_us) AS first_us, max(time_unix_us) AS last_us,
      sum(type = 'thread_started') AS threads, sum(type = 'turn_started') AS turns,
      sum(type = 'inference_started') AS inference, sum(type = 'inference_failed') AS failed,
      sum(type = 'compaction_request_started') AS compactions,
      sum(type = 'tool_call_started') AS tools, sum(type = 'code_cell_started') AS cells,
      sum(type = 'recorder_gap') AS gaps,
      max(CASE WHEN type = 'rollout_ended' THEN body ->> 'status' END) AS ended
    FROM events GROUP BY rollout
  ) c ON c.rollout = rollouts.rollout ${oldestFirst("c.began_us")}`;

/** Oldest first. */
export function countRollouts(database: Database.Database): readonly RolloutCounts[] {
  const unfinished = database
    .prepare<[], { readonly traceId: TraceId; readonly writer: string }>(
      "SELECT trace_id AS traceId, writer FROM rollouts WHERE state = 'recording'",
    )
    .all();
  const gone = new Set(
    unfinished.filter(({ writer }) => writerState(writer) === "gone").map(({ traceId }) => traceId),
  );
  const rows = database.prepare<[], Omit<RolloutCounts, "isWriterGone">>(COUNTS).all();
  // There may be very many: each is added to and not made again.
  return rows.map((row) => Object.assign(row, { isWriterGone: gone.has(row.traceId) }));
}
