/** What a store has of a rollout that is imported once more, beside which the source is read. */
import type Database from "better-sqlite3";
import { ImportedPayloads } from "../store/imported.ts";
import { PayloadsOfRollout } from "../store/read-payloads.ts";
import type { ImportPayloads } from "./import-payloads.ts";
import { type ImportRecord, isSameRecord, type NamedPayload } from "./import-record.ts";
import { ImportTable } from "./import-table.ts";

export class StoredSide {
  /** The last payload that the source has named as well, and that is the same. */
  lastOrdinal = 0;
  readonly #database: Database.Database;
  readonly #rollout: number;
  readonly #table: ImportTable;
  readonly #records: Generator<ImportRecord, void>;
  readonly #payloads: PayloadsOfRollout;
  #next: IteratorResult<ImportRecord, void>;

  constructor(database: Database.Database, rollout: number) {
    this.#database = database;
    this.#rollout = rollout;
    this.#table = new ImportTable(database, rollout);
    this.#records = this.#table.records();
    this.#payloads = new PayloadsOfRollout(database, {
      rollout,
      names: new ImportedPayloads(database, rollout),
    });
    this.#next = this.#records.next();
  }

  /** Whether the next record, with its payloads, is this one. */
  takes(record: ImportRecord, named: readonly NamedPayload[], payloads: ImportPayloads): boolean {
    if (this.#next.done === true || !isSameRecord(this.#next.value, record)) return false;
    let ordinal = this.lastOrdinal;
    for (const payload of named) {
      const stored = this.#table.payloadNamed(payload.storedId);
      if (stored === undefined || stored.ordinal > ordinal + 1) return false;
      if (stored.ordinal <= ordinal) continue;
      if (!payloads.isStored(payload, this.#payloads)) return false;
      ordinal = stored.ordinal;
    }
    this.lastOrdinal = ordinal;
    this.#next = this.#records.next();
    return true;
  }

  /** What is there and was not taken. */
  countRest(): { readonly records: number; readonly events: number; readonly lastOrdinal: number } {
    let [records, events] = [0, 0];
    for (let next = this.#next; next.done !== true; next = this.#records.next()) {
      records += 1;
      if (next.value.type === "event") events += 1;
    }
    const last = this.#database
      .prepare<[number], number | null>("SELECT max(ordinal) FROM import_payloads WHERE rollout = ?")
      .pluck()
      .get(this.#rollout);
    return { records, events, lastOrdinal: last ?? 0 };
  }
}
