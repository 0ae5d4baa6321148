/** The rows of one imported rollout: what is there, and how it is written. */
import { hash } from "node:crypto";
import type Database from "better-sqlite3";
import type { PayloadReadErrorCode, PayloadStat, RolloutSource } from "@rollout-trace/protocol";
import type { RopeDocument } from "../store/rope.ts";
import { MIN_SHARED_PARTS, type PlacedDocument } from "../store/rope-chain.ts";
import { encodeRope } from "../store/rope-codec.ts";
import type { Part } from "../store/rope.ts";
import type { ImportedPayload } from "../store/imported.ts";
import type { EventRecord, ImportRecord, StrayRecord } from "./import-record.ts";
import type { Fingerprint } from "./input-fingerprint.ts";

export interface ImportHeader {
  readonly traceId: string;
  readonly rolloutId: string;
  readonly rootThreadId: string;
  readonly hostName: string | null;
  readonly hostVersion: string | null;
  readonly schemaVersion: number;
  readonly format: string;
  readonly provenance: RolloutSource["provenance"];
}

export interface KnownImport {
  readonly rollout: number;
  readonly isComplete: boolean;
  readonly inputs: ReadonlyMap<string, Fingerprint & { readonly path: string }>;
}

/** A payload on its way into the file. */
export interface NewPayload {
  readonly ordinal: number;
  readonly storedId: string;
  readonly stat: PayloadStat | null;
  readonly content:
    | { readonly ok: true; readonly document: RopeDocument; readonly base: PlacedDocument | null }
    | { readonly ok: false; readonly code: PayloadReadErrorCode; readonly message: string };
}

export interface Kept {
  /** Of the last event, stray and payload that stay. */
  readonly seq: number;
  readonly position: number;
  readonly ordinal: number;
}

interface InputRow {
  readonly name: string;
  readonly path: string;
  readonly size_bytes: number;
  readonly hash: Buffer;
  readonly line_checksums: Buffer;
}

/** The import with this trace id; null for none, and `recorded` for a rollout that this store's recorder wrote. */
export function findImport(database: Database.Database, traceId: string): KnownImport | "recorded" | null {
  const row = database
    .prepare<[string], { rollout: number; is_complete: 0 | 1 | null }>(
      `SELECT rollouts.rollout, is_complete FROM rollouts LEFT JOIN imports USING (rollout) WHERE trace_id = ?`,
    )
    .get(traceId);
  if (row === undefined) return null;
  if (row.is_complete === null) return "recorded";
  const inputs = database
    .prepare<[number], InputRow>("SELECT * FROM import_inputs WHERE rollout = ?")
    .all(row.rollout)
    .map(({ name, path, size_bytes: sizeBytes, hash: digest, line_checksums: checksums }) => {
      const lines = new Uint32Array(new Uint8Array(checksums).buffer);
      return [name, { path, sizeBytes, hash: digest, lines }] as const;
    });
  return { rollout: row.rollout, isComplete: row.is_complete === 1, inputs: new Map(inputs) };
}

export class ImportTable {
  readonly #database: Database.Database;
  readonly #rollout: number;
  readonly #insertEvent: Database.Statement;
  readonly #insertStray: Database.Statement;
  readonly #insertPayload: Database.Statement;
  readonly #insertName: Database.Statement;
  readonly #findChunk: Database.Statement<[Buffer], number>;
  readonly #insertChunk: Database.Statement;
  readonly #name: Database.Statement<[number, string], ImportedPayload>;
  readonly #chunks: WeakMap<Part, number> = new WeakMap();

  constructor(database: Database.Database, rollout: number) {
    this.#database = database;
    this.#rollout = rollout;
    this.#insertEvent = database.prepare(
      `INSERT INTO events (rollout, seq, time_unix_us, thread_id, turn_id, type, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertStray = database.prepare(
      "INSERT INTO import_strays (rollout, position, after_seq, record) VALUES (?, ?, ?, ?)",
    );
    this.#insertPayload = database.prepare(
      "INSERT INTO payloads (rollout, ordinal, kind, size_bytes, base, rope) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#insertName = database.prepare(
      `INSERT INTO import_payloads (rollout, ordinal, payload_id, kind, size_bytes, failure_code, failure)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#findChunk = database.prepare<[Buffer], number>("SELECT chunk FROM chunks WHERE hash = ?").pluck();
    this.#insertChunk = database.prepare(
      "INSERT INTO chunks (hash, size_bytes, codec, bytes) VALUES (?, ?, 'none', ?)",
    );
    this.#name = database.prepare("SELECT * FROM import_payloads WHERE rollout = ? AND payload_id = ?");
  }

  /** Makes the rows of a rollout that is about to be imported, not complete yet. */
  static create(database: Database.Database, header: ImportHeader): number {
    const { lastInsertRowid } = database
      .prepare(
        // Nobody records into it, so that nobody who looks for dead writers takes it for theirs.
        `INSERT INTO rollouts (trace_id, rollout_id, event_schema_version, root_thread_id, host_name, host_version,
           writer, state) VALUES (:traceId, :rolloutId, :schemaVersion, :rootThreadId, :hostName, :hostVersion,
           'null', 'stopped')`,
      )
      .run(header);
    const rollout = Number(lastInsertRowid);
    database
      .prepare("INSERT INTO imports (rollout, format, provenance, is_complete) VALUES (?, ?, ?, 0)")
      .run(rollout, header.format, header.provenance);
    return rollout;
  }

  payloadNamed(storedId: string): ImportedPayload | undefined {
    return this.#name.get(this.#rollout, storedId);
  }

  /** Everything that was imported so far, in its order. */
  *records(): Generator<ImportRecord, void> {
    const events = this.#pages<EventRecord & { readonly at: number }>(
      `SELECT 'event' AS type, seq AS at, seq, time_unix_us AS timeUs, thread_id AS threadId, turn_id AS turnId,
         type AS eventType, body FROM events WHERE rollout = ? AND seq > ? ORDER BY seq`,
    );
    const strays = this.#pages<StrayRecord & { readonly at: number }>(
      `SELECT 'stray' AS type, position AS at, after_seq AS afterSeq, record FROM import_strays
       WHERE rollout = ? AND position > ? ORDER BY position`,
    );
    let stray = strays.next();
    for (const event of events) {
      for (; stray.done !== true && stray.value.afterSeq < event.seq; stray = strays.next())
        yield stray.value;
      yield event;
    }
    for (; stray.done !== true; stray = strays.next()) yield stray.value;
  }

  /** Takes away what the source does not say any more, or says otherwise. */
  cut({ seq, position, ordinal }: Kept): void {
    for (const [table, column, last] of [
      ["events", "seq", seq],
      ["import_strays", "position", position],
      ["payloads", "ordinal", ordinal],
      ["import_payloads", "ordinal", ordinal],
    ] as const) {
      this.#database
        .prepare(`DELETE FROM ${table} WHERE rollout = ? AND ${column} > ?`)
        .run(this.#rollout, last);
    }
  }

  /** `position` is that of a stray among its like. */
  insert(record: ImportRecord, position: number): void {
    const rollout = this.#rollout;
    if (record.type === "stray") this.#insertStray.run(rollout, position, record.afterSeq, record.record);
    else {
      const { seq, timeUs, threadId, turnId, eventType, body } = record;
      this.#insertEvent.run(rollout, seq, timeUs, threadId, turnId, eventType, body);
    }
  }

  /** The document, where it is one that later ones may be written against. */
  insertPayload({ ordinal, storedId, stat, content }: NewPayload): PlacedDocument | null {
    const failure = content.ok ? null : content;
    this.#insertName.run(
      this.#rollout,
      ordinal,
      storedId,
      stat?.kind ?? null,
      stat?.size_bytes ?? null,
      failure?.code ?? null,
      failure?.message ?? null,
    );
    if (!content.ok) return null;
    const { document, base } = content;
    const rope = encodeRope(document, base?.document ?? null, (part) => this.#intern(part));
    const kind = stat?.kind ?? "other";
    this.#insertPayload.run(this.#rollout, ordinal, kind, document.size, base?.ordinal ?? null, rope);
    return document.parts.length < MIN_SHARED_PARTS ? null : { ordinal, document };
  }

  /** What the rollout is made of, from now on. */
  setInputs(
    inputs: readonly { readonly name: string; readonly path: string; readonly fingerprint: Fingerprint }[],
  ): void {
    const insert = this.#database.prepare(
      `INSERT OR REPLACE INTO import_inputs (rollout, name, path, size_bytes, hash, line_checksums)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    for (const {
      name,
      path,
      fingerprint: { sizeBytes, hash: digest, lines },
    } of inputs) {
      const checksums = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
      insert.run(this.#rollout, name, path, sizeBytes, digest, checksums);
    }
  }

  /** While it is not complete, the next import goes on with it. */
  setComplete(isComplete: boolean): void {
    this.#database
      .prepare("UPDATE imports SET is_complete = ? WHERE rollout = ?")
      .run(isComplete ? 1 : 0, this.#rollout);
    this.#database
      .prepare(
        `UPDATE rollouts SET state = iif((SELECT type FROM events WHERE rollout = :rollout ORDER BY seq DESC LIMIT 1)
           = 'recording_completed', 'completed', 'stopped') WHERE rollout = :rollout`,
      )
      .run({ rollout: this.#rollout });
  }

  #intern(part: Part): number {
    const known = this.#chunks.get(part);
    if (known !== undefined) return known;
    const bytes = Buffer.from(part.text);
    const digest = hash("sha256", bytes, "buffer");
    const found = this.#findChunk.get(digest);
    const chunk = found ?? Number(this.#insertChunk.run(digest, bytes.length, bytes).lastInsertRowid);
    this.#chunks.set(part, chunk);
    return chunk;
  }

  *#pages<Row extends { readonly at: number }>(query: string): Generator<Row, void> {
    const page = this.#database.prepare<[number, number], Row>(`${query} LIMIT ${PAGE_ROWS}`);
    for (let last = -1; ;) {
      const rows = page.all(this.#rollout, last);
      yield* rows;
      last = rows.at(-1)?.at ?? last;
      if (rows.length < PAGE_ROWS) return;
    }
  }
}

const PAGE_ROWS = 512;
