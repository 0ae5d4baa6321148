/** Retention: removing old rollouts from a store, and the chunks that only they used. */
import type Database from "better-sqlite3";
import type { RolloutId, TraceId } from "@rollout-trace/protocol";
import { asTraceStoreError, TraceStoreError } from "../trace-store-error.ts";
import { openForWriting, retryWhileBusy } from "./connection.ts";
import { hasImportTables } from "./imported.ts";
import { countUnnamed, NamedChunks, type RemovedChunks, removeUnnamed } from "./prune-chunks.ts";
import { openReadConnection } from "./read-connection.ts";
import { writerState } from "./writer-process.ts";

export interface PruneOptions {
  /** Rollouts whose last recorded event is older than this are removed; microseconds since the epoch. */
  readonly beforeUs: number;
  /** Only say what would be removed; the file is opened for reading, and nothing is left beside it. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Milliseconds to wait each time that others hold the write lock. Default 10 000. */
  readonly busyMs?: number | undefined;
  /** Is told now and then how far it is. */
  readonly onProgress?: ((progress: PruneProgress) => void) | undefined;
}

/** `total` is in the unit of `done`: rollouts, rollouts, and chunks by number. */
export interface PruneProgress {
  readonly step: "removing rollouts" | "reading what others use" | "removing chunks";
  readonly done: number;
  readonly total: number;
}

export interface PrunedRollout {
  readonly rolloutId: RolloutId;
  readonly traceId: TraceId;
  /** Of its last recorded event, in microseconds since the epoch. */
  readonly lastTimeUs: number;
}

/**
 * A rollout that is old enough and was left. `recording`: the process that writes it is there. `unknown_writer`: it is of
 * another machine or container, so that nobody here can tell. `importing`: its import goes on, or was cut off.
 */
export interface LeftRollout extends PrunedRollout {
  readonly reason: "recording" | "unknown_writer" | "importing";
}

/** What was removed, or would be. Bytes are those of the chunks as they were stored. */
export interface PruneResult {
  readonly removed: readonly PrunedRollout[];
  readonly left: readonly LeftRollout[];
  readonly removedChunks: number;
  readonly removedChunkBytes: number;
}

/** Pruning has time. */
const DEFAULT_BUSY_MS = 10_000;

/**
 * Removes the rollouts of a store whose last event is older than `beforeUs`, and the chunks that no other rollout uses, also
 * those that an interrupted run left. Other processes may write to the store meanwhile, and their rollouts are left. Each
 * rollout goes in one transaction, whole or not at all. Freed space is filled with zeros and used again for what is
 * recorded next; `compactTraceStore` with `vacuum` gives it back.
 *
 * Throws `TraceStoreError`: `cannot_open`, `not_a_store`, `newer_schema`, `read_only`, `busy` when others hold the write lock
 * all the time (what was removed by then stays removed), `damaged` before any chunk is removed when a payload cannot be
 * read, and what SQLite reports.
 */
export function pruneTraceStore(path: string, options: PruneOptions): PruneResult {
  if (!Number.isFinite(options.beforeUs)) {
    const range = "it must be a number of microseconds since the epoch";
    throw new TraceStoreError("invalid_option", `beforeUs is ${options.beforeUs}; ${range}`);
  }
  let database: Database.Database | undefined;
  try {
    {
      // Opening for writing would make a store where there is none.
      using reading = openReadConnection(path);
      if (options.dryRun === true) return prune(reading.database, options);
    }
    database = openForWriting(path, "process", options.busyMs ?? DEFAULT_BUSY_MS);
    database.pragma("secure_delete = ON");
    return prune(database, options);
  } catch (error) {
    throw asTraceStoreError(error, "pruning", path);
  } finally {
    database?.close();
  }
}

function prune(database: Database.Database, options: PruneOptions): PruneResult {
  const { dryRun = false, busyMs = DEFAULT_BUSY_MS, onProgress = () => undefined } = options;
  const { old, left: kept } = oldRollouts(database, options.beforeUs);
  const removed = dryRun ? old : removeRollouts(database, old, { busyMs, onProgress });
  const named = new NamedChunks(database);
  // In a dry run they are still there.
  const left = new Set(dryRun ? removed.map(({ row }) => row) : []);
  named.readAll(left, (done, total) => {
    onProgress({ step: "reading what others use", done, total });
  });
  const chunks: RemovedChunks = dryRun
    ? countUnnamed(database, named)
    : removeUnnamed(database, named, {
        busyMs,
        onChunk: (done, total) => onProgress({ step: "removing chunks", done, total }),
      });
  return {
    removed: removed.map(({ rolloutId, traceId, lastTimeUs }) => ({ rolloutId, traceId, lastTimeUs })),
    left: kept,
    removedChunks: chunks.chunks,
    removedChunkBytes: chunks.bytes,
  };
}

interface OldRow {
  readonly rollout: number;
  readonly rollout_id: RolloutId;
  readonly trace_id: TraceId;
  readonly writer: string;
  readonly state: "recording" | "completed" | "stopped";
  readonly last_us: number;
}

interface OldRollout extends PrunedRollout {
  readonly row: number;
}

/** What recovery appended says when somebody looked, not when something was recorded. */
const OLD = `
  SELECT * FROM (
    SELECT rollout, rollout_id, trace_id, writer, state, coalesce(
      (SELECT time_unix_us FROM events WHERE events.rollout = rollouts.rollout AND type <> 'recording_stopped'
       ORDER BY seq DESC LIMIT 1), 0) AS last_us
    FROM rollouts
  ) WHERE last_us < ? ORDER BY rollout`;

function oldRollouts(
  database: Database.Database,
  beforeUs: number,
): { readonly old: readonly OldRollout[]; readonly left: readonly LeftRollout[] } {
  const old: OldRollout[] = [];
  const left: LeftRollout[] = [];
  const importing = new Set(
    hasImportTables(database)
      ? database.prepare<[], number>("SELECT rollout FROM imports WHERE is_complete = 0").pluck().all()
      : [],
  );
  for (const row of database.prepare<[number], OldRow>(OLD).all(beforeUs)) {
    const rollout = { rolloutId: row.rollout_id, traceId: row.trace_id, lastTimeUs: row.last_us };
    const writer = row.state === "recording" ? writerState(row.writer) : "gone";
    if (importing.has(row.rollout)) left.push({ ...rollout, reason: "importing" });
    else if (writer === "gone") old.push({ ...rollout, row: row.rollout });
    else left.push({ ...rollout, reason: writer === "alive" ? "recording" : "unknown_writer" });
  }
  return { old, left };
}

/** Gives those that this call removed: somebody else may have come first. */
function removeRollouts(
  database: Database.Database,
  old: readonly OldRollout[],
  { busyMs, onProgress }: { readonly busyMs: number; readonly onProgress: (progress: PruneProgress) => void },
): readonly OldRollout[] {
  const isThere = database.prepare<[number, string]>(
    "SELECT 1 FROM rollouts WHERE rollout = ? AND trace_id = ?",
  );
  const removals = ["events", "payloads", "rollouts"].map((table) =>
    database.prepare<[number]>(`DELETE FROM ${table} WHERE rollout = ?`),
  );
  const removeOne = database.transaction(({ row, traceId }: OldRollout): boolean => {
    // The row may have been removed by somebody else, and used again.
    if (isThere.get(row, traceId) === undefined) return false;
    for (const removal of removals) removal.run(row);
    return true;
  });
  return old.filter((rollout, index) => {
    const isRemoved = retryWhileBusy(busyMs, () => removeOne.immediate(rollout));
    onProgress({ step: "removing rollouts", done: index + 1, total: old.length });
    return isRemoved;
  });
}
