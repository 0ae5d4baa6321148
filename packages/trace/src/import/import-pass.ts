/**
 * One pass over a source: first beside what is there, then beyond it.
 *
 * What is to be written is gathered and then written at once, so that the write lock is held for milliseconds however long the
 * source takes to say it: somebody may be recording into the same store.
 */
import type Database from "better-sqlite3";
import type { RolloutSource, SourceRecord } from "@rollout-trace/protocol";
import type { Redactor } from "../redact/redactor.ts";
import { retryWhileBusy } from "../store/connection.ts";
import { ImportPayloads } from "./import-payloads.ts";
import {
  type ImportHead,
  type ImportRecord,
  type NamedPayload,
  payloadsNamedBy,
  recordOf,
} from "./import-record.ts";
import type { ImportResult, ImportRolloutOptions } from "./import-rollout.ts";
import { type ImportHeader, ImportTable, type Kept, type KnownImport } from "./import-table.ts";
import type { Comparison, Fingerprint } from "./input-fingerprint.ts";
import { StoredSide } from "./stored-side.ts";

/** A file of the source, and how it stands to what was imported of it. */
export interface Print {
  readonly name: string;
  readonly path: string;
  readonly fingerprint: Fingerprint;
  readonly comparison: Comparison;
}

export interface PassOptions {
  readonly header: ImportHeader;
  readonly head: ImportHead;
  readonly known: KnownImport | null;
  readonly prints: readonly Print[];
  readonly redactor: Redactor;
}

/** Milliseconds to wait for the write lock each time: an import has time. */
export const BUSY_MS = 10_000;

/** What is written in one transaction. */
const BATCH_RECORDS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

const PROGRESS_EVERY_RECORDS = 64;

export class ImportPass {
  readonly #database: Database.Database;
  readonly #options: PassOptions;
  readonly #source: RolloutSource;
  readonly #payloads: ImportPayloads;
  /** What is there; null once the source says something else, or more. */
  #there: StoredSide | null;
  #table: ImportTable | null;
  /** The last of what is there or gathered. */
  #last: Kept = { seq: 0, position: -1, ordinal: 0 };
  #gathered: ((table: ImportTable) => void)[] = [];
  readonly #gatheredNames: Set<string> = new Set();
  #gatheredBytes = 0;
  #isAnnounced = false;
  #added = 0;
  #replaced = 0;
  #strays = 0;

  constructor(database: Database.Database, source: RolloutSource, options: PassOptions) {
    const { known, redactor } = options;
    this.#database = database;
    this.#source = source;
    this.#options = options;
    this.#payloads = new ImportPayloads(source.payloads, redactor);
    this.#there = known === null ? null : new StoredSide(database, known.rollout);
    this.#table = known === null ? null : new ImportTable(database, known.rollout);
  }

  run({ onProgress, signal }: ImportRolloutOptions): ImportResult {
    let records = 0;
    for (const said of this.#source.events()) {
      if (records % PROGRESS_EVERY_RECORDS === 0) {
        signal?.throwIfAborted();
        onProgress?.({ records });
      }
      records += 1;
      this.#take(said);
      if (this.#gathered.length >= BATCH_RECORDS || this.#gatheredBytes >= BATCH_BYTES) this.#write();
    }
    this.#leave();
    this.#gathered.push((table) => table.setComplete(true));
    this.#write();
    const { header, known } = this.#options;
    return {
      rolloutId: header.rolloutId,
      traceId: header.traceId,
      outcome: known === null ? "new" : "continued",
      addedEvents: this.#added,
      replacedEvents: this.#replaced,
      strays: this.#strays,
    };
  }

  #take(said: SourceRecord): void {
    const { head, redactor } = this.#options;
    const record = recordOf(said, { head, lastSeq: this.#last.seq, redactor });
    const named = payloadsNamedBy(said, redactor);
    if (this.#there?.takes(record, named, this.#payloads) === true) {
      this.#last = { ...this.#last, ordinal: this.#there.lastOrdinal };
    } else {
      this.#leave();
      for (const payload of named) this.#gatherPayload(payload);
      this.#gather(record);
    }
    if (record.type === "event") this.#last = { ...this.#last, seq: record.seq };
    else {
      this.#last = { ...this.#last, position: this.#last.position + 1 };
      this.#strays += 1;
    }
  }

  /** From here on the source says something else than what is there, or more. */
  #leave(): void {
    const there = this.#there;
    if (there === null) return;
    this.#there = null;
    const rest = there.countRest();
    if (rest.records === 0 && there.lastOrdinal === rest.lastOrdinal) return;
    const kept = this.#last;
    this.#gathered.push((table) => table.cut(kept));
    this.#replaced = rest.events;
  }

  #gatherPayload(payload: NamedPayload): void {
    const { storedId } = payload;
    const known = this.#table?.payloadNamed(storedId);
    // One that is about to be cut off is not there any more.
    if (this.#gatheredNames.has(storedId) || (known !== undefined && known.ordinal <= this.#last.ordinal))
      return;
    const added = this.#payloads.read(payload, this.#last.ordinal + 1);
    this.#last = { ...this.#last, ordinal: added.ordinal };
    this.#gatheredNames.add(storedId);
    this.#gathered.push((table) => table.insertPayload(added));
    if (added.content.ok) this.#gatheredBytes += added.content.document.freshSize;
  }

  #gather(record: ImportRecord): void {
    const position = this.#last.position + 1;
    this.#gathered.push((table) => table.insert(record, position));
    this.#gatheredBytes += record.type === "event" ? record.body.length : record.record.length;
    if (record.type === "event") this.#added += 1;
  }

  /** Everything that was gathered, or nothing. */
  #write(): void {
    const begin = this.#database.prepare("BEGIN IMMEDIATE");
    retryWhileBusy(BUSY_MS, () => void begin.run());
    try {
      const table = this.#announced();
      for (const write of this.#gathered) write(table);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    this.#gathered = [];
    this.#gatheredNames.clear();
    this.#gatheredBytes = 0;
  }

  /** The rollout's rows, which say before the first write that an import is under way, and of what. */
  #announced(): ImportTable {
    const { header, prints } = this.#options;
    this.#table ??= new ImportTable(this.#database, ImportTable.create(this.#database, header));
    if (!this.#isAnnounced) {
      this.#table.setComplete(false);
      this.#table.setInputs(prints);
    }
    this.#isAnnounced = true;
    return this.#table;
  }
}
