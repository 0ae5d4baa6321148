/** The statements that writing needs, prepared once per connection. */
import type Database from "better-sqlite3";
import { SCHEMA_VERSION } from "@rollout-trace/protocol";

export interface NewRollout {
  readonly traceId: string;
  readonly rolloutId: string;
  readonly rootThreadId: string;
  readonly hostName: string | null;
  readonly hostVersion: string | null;
  readonly writer: string;
}

export interface Statements {
  readonly begin: () => void;
  readonly commit: () => void;
  readonly rollback: () => void;
  readonly insertRollout: (rollout: NewRollout) => number;
  readonly completeRollout: (rollout: number) => void;
  readonly findRollout: (traceId: string) => number | null;
  /** 0 when there are no events. */
  readonly lastSeq: (rollout: number) => number;
  readonly insertEvent: (
    rollout: number,
    seq: number,
    timeUs: number,
    threadId: string | null,
    turnId: string | null,
    type: string,
    body: string,
  ) => void;
  readonly insertPayload: (
    rollout: number,
    ordinal: number,
    kind: string,
    size: number,
    base: number | null,
    rope: Buffer,
  ) => void;
  readonly findChunk: (hash: Buffer) => number | null;
  readonly insertChunk: (hash: Buffer, bytes: Buffer) => number;
}

export function prepareStatements(database: Database.Database): Statements {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  const insertRollout = database.prepare(
    `INSERT INTO rollouts (trace_id, rollout_id, event_schema_version, root_thread_id, host_name, host_version,
      writer, state) VALUES (:traceId, :rolloutId, ${SCHEMA_VERSION}, :rootThreadId, :hostName, :hostVersion,
      :writer, 'recording')`,
  );
  const completeRollout = database.prepare("UPDATE rollouts SET state = 'completed' WHERE rollout = ?");
  const lastSeq = database
    .prepare<[number], number | null>("SELECT max(seq) FROM events WHERE rollout = ?")
    .pluck();
  const findRollout = database
    .prepare<[string], number>("SELECT rollout FROM rollouts WHERE trace_id = ?")
    .pluck();
  const insertEvent = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)");
  const insertPayload = database.prepare("INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)");
  const findChunk = database.prepare<[Buffer], number>("SELECT chunk FROM chunks WHERE hash = ?").pluck();
  const insertChunk = database.prepare(
    "INSERT INTO chunks (hash, size_bytes, codec, bytes) VALUES (?, ?, 'none', ?)",
  );
  return {
    begin: () => void begin.run(),
    commit: () => void commit.run(),
    rollback: () => void (database.inTransaction && rollback.run()),
    insertRollout: (rollout) => Number(insertRollout.run(rollout).lastInsertRowid),
    completeRollout: (rollout) => void completeRollout.run(rollout),
    findRollout: (traceId) => findRollout.get(traceId) ?? null,
    lastSeq: (rollout) => lastSeq.get(rollout) ?? 0,
    insertEvent: (...row) => void insertEvent.run(...row),
    insertPayload: (...row) => void insertPayload.run(...row),
    findChunk: (hash) => findChunk.get(hash) ?? null,
    insertChunk: (hash, bytes) => Number(insertChunk.run(hash, bytes.length, bytes).lastInsertRowid),
  };
}
