/** Reading rollouts: which there are, and one of them as the source that a reducer reads. */
import type Database from "better-sqlite3";
import {
  type HostInfo,
  isJsonObject,
  type JsonValue,
  type RolloutId,
  type RolloutSource,
  type SourceRecord,
  type ThreadId,
  type TraceId,
} from "@rollout-trace/protocol";
import { messageOf, TraceStoreError } from "../trace-store-error.ts";
import { ImportedPayloads, type ImportOf, importOf, straysOf } from "./imported.ts";
import { prepared } from "./prepared.ts";
import { PayloadsOfRollout, type StoredPayloads } from "./read-payloads.ts";

/** One recording in a store. */
export interface RolloutSummary {
  readonly rolloutId: RolloutId;
  readonly traceId: TraceId;
  readonly rootThreadId: ThreadId;
  readonly host: HostInfo | null;
  /** Of the first and the last event, in microseconds since the epoch. */
  readonly startedTimeUs: number;
  readonly lastTimeUs: number;
  readonly eventCount: number;
  /** `recording`: its writer may go on. `completed`: closed in order. `stopped`: its writer died. */
  readonly state: "recording" | "completed" | "stopped";
}

/** A rollout in a store. Several recordings of one rollout id are several sources. */
export interface StoredRollout extends RolloutSource {
  readonly traceId: TraceId;
  readonly payloads: StoredPayloads;
}

interface SummaryRow {
  readonly rollout: number;
  readonly rollout_id: RolloutId;
  readonly trace_id: TraceId;
  readonly event_schema_version: number;
  readonly root_thread_id: ThreadId;
  readonly host_name: string | null;
  readonly host_version: string | null;
  readonly first_time_unix_us: number | null;
  readonly last_time_unix_us: number | null;
  readonly last_seq: number | null;
  readonly state: RolloutSummary["state"];
}

const SUMMARIES = `
  SELECT rollouts.*, first.time_unix_us AS first_time_unix_us, last.seq AS last_seq,
    last.time_unix_us AS last_time_unix_us
  FROM rollouts LEFT JOIN events first ON first.rollout = rollouts.rollout AND first.seq = 1
  LEFT JOIN events last ON last.rollout = rollouts.rollout
    AND last.seq = (SELECT max(seq) FROM events WHERE events.rollout = rollouts.rollout)`;

/**
 * The order of recordings, whatever lists them: by when they began, so that one that was imported stands where it happened; what
 * began at once as it came into the store. `beganUs` is the column with the time of the first event.
 */
export function oldestFirst(beganUs: string): string {
  return `ORDER BY coalesce(${beganUs}, 0), rollouts.rollout`;
}

/** All recordings, oldest first. */
export function listRollouts(database: Database.Database): readonly RolloutSummary[] {
  return database
    .prepare<[], SummaryRow>(`${SUMMARIES} ${oldestFirst("first.time_unix_us")}`)
    .all()
    .map(summaryOf);
}

function summaryOf(row: SummaryRow): RolloutSummary {
  const { host_name: name, host_version: version } = row;
  return {
    rolloutId: row.rollout_id,
    traceId: row.trace_id,
    rootThreadId: row.root_thread_id,
    host: name === null ? null : { name, version: version ?? "" },
    startedTimeUs: row.first_time_unix_us ?? 0,
    lastTimeUs: row.last_time_unix_us ?? 0,
    eventCount: row.last_seq ?? 0,
    state: row.state,
  };
}

/**
 * The latest recording with this rollout id, or the one with this trace id. Throws `TraceStoreError` (`unknown_rollout`).
 */
export function openStoredRollout(database: Database.Database, id: RolloutId | TraceId): StoredRollout {
  const latest = prepared<[string, string], SummaryRow>(
    database,
    `${SUMMARIES} WHERE rollouts.rollout_id = ? OR rollouts.trace_id = ? ORDER BY rollouts.rollout DESC LIMIT 1`,
  );
  const row = latest.get(id, id);
  if (row === undefined)
    throw new TraceStoreError("unknown_rollout", `the store has no rollout ${JSON.stringify(id)}`);
  const imported = importOf(database, row.rollout);
  return {
    rolloutId: row.rollout_id,
    traceId: row.trace_id,
    provenance: imported?.provenance ?? "recorded",
    eventCount: row.last_seq ?? 0,
    events: (fromSeq = 1) => {
      const events = readEvents(database, row, fromSeq);
      return imported === null ? events : withStrays(database, row, { events, fromSeq });
    },
    payloads: payloadsOf(database, row.rollout, imported),
  };
}

/** The payloads of a recording; `imported` is what `importOf` says of it. */
export function payloadsOf(
  database: Database.Database,
  rollout: number,
  imported: ImportOf | null,
): StoredPayloads {
  const names = imported === null ? null : new ImportedPayloads(database, rollout);
  return new PayloadsOfRollout(database, { rollout, names });
}

/** An imported rollout with what was not an event of its order, each in its place. */
function withStrays(
  database: Database.Database,
  { rollout, rollout_id }: SummaryRow,
  { events, fromSeq }: { readonly events: Iterable<SourceRecord>; readonly fromSeq: number },
): Iterable<SourceRecord> {
  return {
    *[Symbol.iterator](): Generator<SourceRecord, void> {
      try {
        const strays = straysOf(database, rollout, fromSeq);
        let stray = strays.next();
        for (const event of events) {
          const seq = event.type === "event" ? seqOf(event.value) : 0;
          while (stray.done !== true && stray.value.afterSeq < seq) {
            yield stray.value.record;
            stray = strays.next();
          }
          yield event;
        }
        while (stray.done !== true) {
          yield stray.value.record;
          stray = strays.next();
        }
      } catch (error) {
        yield problem(`import_strays of ${rollout_id}`, messageOf(error));
      }
    },
  };
}

function seqOf(value: unknown): number {
  return (value as { readonly seq: number }).seq;
}

interface EventRow {
  readonly seq: number;
  readonly time_unix_us: number;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly body: string;
}

/** Rows per query: a statement left open between two `next` calls would keep the connection from writing. */
const PAGE_ROWS = 512;

function readEvents(
  database: Database.Database,
  rollout: SummaryRow,
  fromSeq: number,
): Iterable<SourceRecord> {
  return {
    *[Symbol.iterator](): Generator<SourceRecord, void> {
      try {
        const page = prepared<[number, number], EventRow>(
          database,
          `SELECT seq, time_unix_us, thread_id, turn_id, body FROM events WHERE rollout = ? AND seq >= ?
           ORDER BY seq LIMIT ${PAGE_ROWS}`,
        );
        for (let next = fromSeq; ;) {
          const rows = page.all(rollout.rollout, next);
          for (const row of rows) yield recordOf(rollout, row);
          const last = rows.at(-1);
          if (last === undefined || rows.length < PAGE_ROWS) return;
          next = last.seq + 1;
        }
      } catch (error) {
        yield problem(`events of ${rollout.rollout_id}`, messageOf(error));
      }
    },
  };
}

function recordOf(rollout: SummaryRow, row: EventRow): SourceRecord {
  const { rollout_id, event_schema_version: schema_version } = rollout;
  let payload: JsonValue;
  try {
    payload = JSON.parse(row.body) as JsonValue;
  } catch (error) {
    return problem(`events, rollout ${rollout_id}, seq ${row.seq}`, messageOf(error));
  }
  if (!isJsonObject(payload))
    return problem(`events, rollout ${rollout_id}, seq ${row.seq}`, "the body is no object");
  const { seq, time_unix_us, thread_id, turn_id } = row;
  const envelope = { schema_version, seq, time_unix_us, rollout_id, thread_id, turn_id };
  return { type: "event", value: { ...envelope, payload } };
}

function problem(where: string, message: string): SourceRecord {
  return { type: "problem", problem: { where, message } };
}
