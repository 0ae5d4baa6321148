/**
 * What a store can say of its rollouts without reading a payload: one pass over the events' types, in SQL.
 *
 * The tables and their columns are a documented interface of the store.
 */
import { DatabaseSync } from "node:sqlite";

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

const COUNTS = `
  SELECT rollouts.rollout_id, rollouts.trace_id, rollouts.host_name, rollouts.state, counts.*
  FROM rollouts LEFT JOIN (
    SELECT rollout, count(*) AS events, min(time_unix_us) AS first_us, max(time_unix_us) AS last_us,
      sum(type = 'thread_started') AS agents, sum(type = 'turn_started') AS turns,
      sum(type = 'inference_started') AS model_requests, sum(type = 'tool_call_started') AS tool_calls,
      sum(type = 'code_cell_started') AS code_cells, sum(type = 'inference_failed') AS failed_model_requests,
      sum(type = 'recorder_gap') AS recorder_gaps,
      max(CASE WHEN type = 'rollout_ended' THEN body ->> 'status' END) AS ended
    FROM events GROUP BY rollout
  ) counts USING (rollout) ORDER BY rollout DESC`;

interface Row {
  readonly rollout_id: string;
  readonly trace_id: string;
  readonly host_name: string | null;
  readonly state: "recording" | "completed" | "stopped";
  /** This and the rest are null for a rollout without any event, which no recorder leaves and an edit may. */
  readonly events: number | null;
  readonly first_us: number | null;
  readonly last_us: number | null;
  readonly agents: number | null;
  readonly turns: number | null;
  readonly model_requests: number | null;
  readonly tool_calls: number | null;
  readonly code_cells: number | null;
  readonly failed_model_requests: number | null;
  readonly recorder_gaps: number | null;
  readonly ended: string | null;
}

/** Newest first. Throws what SQLite throws. */
export function listRollouts(path: string): readonly ListedRollout[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    return (database.prepare(COUNTS).all() as unknown as readonly Row[]).map(listed);
  } finally {
    database.close();
  }
}

/** Milliseconds to wait for a writer that is about to checkpoint. */
const BUSY_MS = 1_000;

function listed(row: Row): ListedRollout {
  const { rollout_id, trace_id, host_name, first_us, last_us } = row;
  return {
    rollout_id,
    trace_id,
    host: host_name,
    status: statusOf(row),
    started_at_us: first_us ?? 0,
    duration_us: (last_us ?? 0) - (first_us ?? 0),
    events: row.events ?? 0,
    agents: row.agents ?? 0,
    turns: row.turns ?? 0,
    model_requests: row.model_requests ?? 0,
    tool_calls: row.tool_calls ?? 0,
    code_cells: row.code_cells ?? 0,
    tokens: null,
    problems: {
      failed_model_requests: row.failed_model_requests ?? 0,
      recorder_gaps: row.recorder_gaps ?? 0,
    },
  };
}

function statusOf({ ended, state }: Row): ListedStatus {
  if (ended === "completed" || ended === "failed" || ended === "aborted") return ended;
  return state === "recording" ? "running" : "stopped";
}
