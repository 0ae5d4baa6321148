/**
 * What a store holds of a rollout that was imported, beside its events and payloads: as what, from which files, under which
 * names of payloads, and what has no place in `events`. The first import makes the tables; most stores never have one.
 */
import type Database from "better-sqlite3";
import type { PayloadKind, PayloadReadErrorCode, RolloutSource, SourceRecord } from "@rollout-trace/protocol";
import { prepared } from "./prepared.ts";

/** Makes what is missing; for a file that is open for writing. */
export function makeImportTables(database: Database.Database): void {
  if (!hasImportTables(database)) database.transaction(() => database.exec(TABLES)).immediate();
}

export function hasImportTables(database: Database.Database): boolean {
  return (
    prepared(
      database,
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'import_strays'",
    ).get() !== undefined
  );
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS imports (
    rollout INTEGER PRIMARY KEY REFERENCES rollouts ON DELETE CASCADE,
    format TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('recorded', 'imported')),
    is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1))
  ) STRICT;

  CREATE TABLE IF NOT EXISTS import_inputs (
    rollout INTEGER NOT NULL REFERENCES imports ON DELETE CASCADE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    hash BLOB NOT NULL,
    line_checksums BLOB NOT NULL,
    PRIMARY KEY (rollout, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS import_payloads (
    rollout INTEGER NOT NULL REFERENCES imports ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    payload_id TEXT NOT NULL,
    kind TEXT,
    size_bytes INTEGER,
    failure_code TEXT,
    failure TEXT,
    PRIMARY KEY (rollout, ordinal),
    UNIQUE (rollout, payload_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE IF NOT EXISTS import_strays (
    rollout INTEGER NOT NULL REFERENCES imports ON DELETE CASCADE,
    position INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (rollout, position)
  ) STRICT, WITHOUT ROWID;

  DROP VIEW IF EXISTS v_payloads;
  CREATE VIEW v_payloads AS
    SELECT r.rollout_id, r.trace_id, coalesce(i.payload_id, 'p' || p.ordinal) AS payload_id, p.kind, p.size_bytes,
      length(p.rope) AS rope_bytes
    FROM payloads p JOIN rollouts r USING (rollout)
    LEFT JOIN import_payloads i ON i.rollout = p.rollout AND i.ordinal = p.ordinal;
`;

export interface ImportOf {
  readonly format: string;
  readonly provenance: RolloutSource["provenance"];
}

/** Null for a rollout that the store's own recorder wrote. */
export function importOf(database: Database.Database, rollout: number): ImportOf | null {
  if (!hasImportTables(database)) return null;
  const one = prepared<[number], ImportOf>(
    database,
    "SELECT format, provenance FROM imports WHERE rollout = ?",
  );
  return one.get(rollout) ?? null;
}

/** A payload under the name that it had elsewhere. */
export interface ImportedPayload {
  readonly ordinal: number;
  readonly payload_id: string;
  /** As the source had it, which may be in another spelling. Null where it had none. */
  readonly kind: PayloadKind | null;
  readonly size_bytes: number | null;
  /** Why there is no payload: it could not be read there either. */
  readonly failure_code: PayloadReadErrorCode | null;
  readonly failure: string | null;
}

/** Names read at once, since payloads are asked for in about the order in which they were imported. */
const READ_NAMES = 256;

export class ImportedPayloads {
  readonly #rollout: number;
  readonly #one: Database.Statement<[number, string], ImportedPayload>;
  readonly #byOrdinal: Database.Statement<[number, number], string>;
  readonly #following: Database.Statement<[number, number], ImportedPayload>;
  readonly #known: Map<string, ImportedPayload> = new Map();

  constructor(database: Database.Database, rollout: number) {
    this.#rollout = rollout;
    this.#one = prepared(database, "SELECT * FROM import_payloads WHERE rollout = ? AND payload_id = ?");
    this.#byOrdinal = prepared<[number, number], string>(
      database,
      "SELECT payload_id FROM import_payloads WHERE rollout = ? AND ordinal = ?",
    ).pluck();
    this.#following = prepared(
      database,
      `SELECT * FROM import_payloads WHERE rollout = ? AND ordinal > ? ORDER BY ordinal LIMIT ${READ_NAMES}`,
    );
  }

  /** What a payload is called. */
  at(ordinal: number): string | null {
    return this.#byOrdinal.get(this.#rollout, ordinal) ?? null;
  }

  find(payloadId: string): ImportedPayload | undefined {
    const known = this.#known.get(payloadId);
    if (known !== undefined) return known;
    const found = this.#one.get(this.#rollout, payloadId);
    if (found === undefined) return undefined;
    if (this.#known.size > 2 * READ_NAMES) this.#known.clear();
    this.#known.set(payloadId, found);
    for (const row of this.#following.iterate(this.#rollout, found.ordinal))
      this.#known.set(row.payload_id, row);
    return found;
  }
}

interface StrayRow {
  readonly position: number;
  readonly after_seq: number;
  readonly record: string;
}

const PAGE_ROWS = 512;

/** The records that have no place among the events, behind which event each of them stands, in their order. */
export function* straysOf(
  database: Database.Database,
  rollout: number,
  fromSeq: number,
): Generator<{ readonly afterSeq: number; readonly record: SourceRecord }, void> {
  const page = prepared<[number, number, number], StrayRow>(
    database,
    `SELECT position, after_seq, record FROM import_strays
     WHERE rollout = ? AND position > ? AND after_seq >= ? ORDER BY position LIMIT ${PAGE_ROWS}`,
  );
  for (let last = -1; ;) {
    const rows = page.all(rollout, last, fromSeq - 1);
    for (const row of rows) {
      yield { afterSeq: row.after_seq, record: JSON.parse(row.record) as SourceRecord };
    }
    last = rows.at(-1)?.position ?? last;
    if (rows.length < PAGE_ROWS) return;
  }
}
