/**
 * Rollouts whose writer died: whoever opens the store next for writing appends that their recording stopped.
 *
 * A recording may be touched by another process only when its writer is certainly gone; `writer-process.ts` decides that.
 */
import type Database from "better-sqlite3";
import type { PayloadOf } from "@rollout-trace/protocol";
import { retryWhileBusy } from "./connection.ts";
import { writerState } from "./writer-process.ts";

interface OpenRow {
  readonly rollout: number;
  readonly writer: string;
}

/** Ends the recordings of processes that are gone. Waits at most `waitMs` for the write lock. */
export function recoverRollouts(database: Database.Database, waitMs: number): void {
  const gone = database
    .prepare<[], OpenRow>("SELECT rollout, writer FROM rollouts WHERE state = 'recording'")
    .all()
    .filter(({ writer }) => writerState(writer) === "gone");
  if (gone.length === 0) return;
  const stopAll = database.transaction(() => {
    for (const { rollout } of gone) stop(database, rollout);
  });
  retryWhileBusy(waitMs, () => stopAll.immediate());
}

/** Somebody else may have come first. */
function stop(database: Database.Database, rollout: number): void {
  const claim = "UPDATE rollouts SET state = 'stopped' WHERE rollout = ? AND state = 'recording'";
  if (database.prepare(claim).run(rollout).changes === 0) return;
  const payload: PayloadOf<"recording_stopped"> = { type: "recording_stopped", reason: "process_exited" };
  database
    .prepare(
      `INSERT INTO events (rollout, seq, time_unix_us, type, body)
       SELECT ?, coalesce(max(seq), 0) + 1, max(coalesce(max(time_unix_us), 0), ?), ?, ? FROM events WHERE rollout = ?`,
    )
    .run(rollout, Date.now() * 1000, payload.type, JSON.stringify(payload), rollout);
}
