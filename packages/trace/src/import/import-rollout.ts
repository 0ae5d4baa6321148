/**
 * Copying a rollout that was recorded elsewhere into a store: events with their `seq`, time and ids, payloads under their
 * names, and what could not be read in its place, so that the graph is the same from either.
 *
 * A second import adds what is new. It compares what the source says with what is there, record by record and payload by
 * payload, and takes over from the first difference: what a log says at its end (that a turn was cut off, say) it may not say
 * any more when it has grown. Before that, every file must begin as it did when it was imported.
 *
 * An import is written in pieces, each of which leaves a readable rollout; one that was cut off is gone on with.
 */
import type Database from "better-sqlite3";
import { isJsonObject, type JsonValue, type RolloutSource, SCHEMA_VERSION } from "@rollout-trace/protocol";
import { checkRedactOptions, type RedactOptions } from "../redact/redact-options.ts";
import { NO_REDACTION, type Redactor, SecretRedactor } from "../redact/redactor.ts";
import { openForWriting, retryWhileBusy } from "../store/connection.ts";
import { ImportedPayloads, makeImportTables } from "../store/imported.ts";
import { PayloadsOfRollout } from "../store/read-payloads.ts";
import { asTraceStoreError, TraceStoreError } from "../trace-store-error.ts";
import { ImportPayloads } from "./import-payloads.ts";
import { type ImportHead, isSameRecord, payloadsNamedBy, recordOf } from "./import-record.ts";
import { findImport, type ImportHeader, ImportTable, type Kept, type KnownImport } from "./import-table.ts";
import { type Comparison, type Fingerprint, fingerprint, type ImportInput } from "./input-fingerprint.ts";

export interface RolloutImporterOptions {
  /** The store; made when it does not exist. */
  readonly path: string;
  /** As for a store that is recorded into. Default: the built-in rules. False copies everything as it is. */
  readonly redact?: RedactOptions | false | undefined;
}

export interface ImportRolloutOptions {
  /** What the source is, for whoever looks at the store later. */
  readonly format: string;
  /** The files that it is read from. Default: its events stand for themselves. */
  readonly inputs?: readonly ImportInput[] | undefined;
  /** Called now and then. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Ends the import between two events, so that the next one goes on there; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface ImportProgress {
  /** Records looked at so far, those that were there already included. */
  readonly records: number;
}

export interface ImportResult {
  readonly rolloutId: string;
  readonly traceId: string;
  /** `unchanged`: nothing was written. `continued`: some of it was there. */
  readonly outcome: "new" | "continued" | "unchanged";
  readonly addedEvents: number;
  /** Events that the source does not say any more since it has grown; others have their place. */
  readonly replacedEvents: number;
  /** Places of the source that could not be read, and events that do not follow the ones before them. */
  readonly strays: number;
}

/** A store that is open for importing. */
export interface RolloutImporter extends Disposable {
  /** Secrets that were replaced, by rule. */
  readonly redactedSecrets: Readonly<Record<string, number>>;
  /**
   * Imports a rollout, or what is new of it. Throws `TraceStoreError`: `source_rewritten` (a file does not begin as it did),
   * `import_incomplete` (some of the files that were imported together are missing), `recorded_here`, `nothing_to_import`, and
   * why the file cannot be written; what was there stays as it was.
   */
  importRollout(source: RolloutSource, options: ImportRolloutOptions): ImportResult;
  close(): void;
}

/** Milliseconds to wait for the write lock each time: an import has time. */
const BUSY_MS = 10_000;

/** What is written in one transaction: little enough that recorders wait for milliseconds. */
const BATCH_RECORDS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

const PROGRESS_EVERY_RECORDS = 64;

/** Opens a store for importing. Throws `TraceStoreError`. */
export function openRolloutImporter({ path, redact = {} }: RolloutImporterOptions): RolloutImporter {
  if (redact !== false) checkRedactOptions(redact);
  try {
    const database = openForWriting(path, "process", BUSY_MS);
    retryWhileBusy(BUSY_MS, () => makeImportTables(database));
    return new Importer(database, path, redact === false ? NO_REDACTION : new SecretRedactor(path, redact));
  } catch (error) {
    throw asTraceStoreError(error, "opening", path);
  }
}

interface Print {
  readonly name: string;
  readonly path: string;
  readonly fingerprint: Fingerprint;
  readonly comparison: Comparison;
}

class Importer implements RolloutImporter {
  readonly #database: Database.Database;
  readonly #path: string;
  readonly #redactor: Redactor;

  constructor(database: Database.Database, path: string, redactor: Redactor) {
    this.#database = database;
    this.#path = path;
    this.#redactor = redactor;
  }

  get redactedSecrets(): Readonly<Record<string, number>> {
    return this.#redactor.counts;
  }

  importRollout(source: RolloutSource, options: ImportRolloutOptions): ImportResult {
    try {
      return this.#import(source, options);
    } catch (error) {
      if (error instanceof TraceStoreError || error === options.signal?.reason) throw error;
      throw asTraceStoreError(error, "importing into", this.#path);
    }
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #import(source: RolloutSource, options: ImportRolloutOptions): ImportResult {
    const header = headerOf(source, options.format, this.#redactor);
    const known = findImport(this.#database, header.traceId);
    if (known === "recorded") {
      throw new TraceStoreError(
        "recorded_here",
        `${this.#path} has the rollout ${header.rolloutId} already, and recorded it itself`,
      );
    }
    const inputs = options.inputs ?? [eventsAsInput(source)];
    const prints = inputs.map((input) => {
      const compared = fingerprint(input, known?.inputs.get(input.name) ?? null);
      return { name: input.name, path: input.path, ...compared };
    });
    if (known !== null && !mayContinue(known, prints)) {
      const { rolloutId, traceId } = header;
      return { rolloutId, traceId, outcome: "unchanged", addedEvents: 0, replacedEvents: 0, strays: 0 };
    }
    return new ImportPass(this.#database, { header, known, prints, redactor: this.#redactor }).run(
      source,
      options,
    );
  }
}

/** Whether there may be something to add. Throws where what was imported is not what is there now. */
function mayContinue({ inputs, isComplete }: KnownImport, prints: readonly Print[]): boolean {
  for (const { path, comparison } of prints) {
    if (comparison.type !== "other") continue;
    throw new TraceStoreError(
      "source_rewritten",
      `${path}: line ${comparison.line} is not what was imported before, so this is another file or it was rewritten; ` +
        "the store stays as it was. To have both, import it into another store",
    );
  }
  const given = new Set(prints.map(({ name }) => name));
  const missing = [...inputs].find(([name]) => !given.has(name))?.[1].path;
  const older = prints.find(({ comparison }) => comparison.type === "older")?.path;
  const isNew = prints.some(({ comparison }) => comparison.type === "grown");
  if (!isNew && isComplete) return false;
  if (missing === undefined && older === undefined) return true;
  const why = missing === undefined ? `${older ?? ""} is an older copy` : `${missing} is missing`;
  throw new TraceStoreError(
    "import_incomplete",
    `${why}; it was imported together with the rest. Import them together`,
  );
}

interface PassOptions {
  readonly header: ImportHeader;
  readonly known: KnownImport | null;
  readonly prints: readonly Print[];
  readonly redactor: Redactor;
}

/** One pass over a source: first beside what is there, then beyond it. */
class ImportPass {
  readonly #database: Database.Database;
  readonly #options: PassOptions;
  #table: ImportTable | null = null;
  #rollout: number;
  #last: Kept = { seq: 0, position: -1, ordinal: 0 };
  #isWriting = false;
  #batchRecords = 0;
  #batchBytes = 0;
  #added = 0;
  #replaced = 0;
  #strays = 0;

  constructor(database: Database.Database, options: PassOptions) {
    this.#database = database;
    this.#options = options;
    this.#rollout = options.known?.rollout ?? 0;
  }

  run(source: RolloutSource, { onProgress, signal }: ImportRolloutOptions): ImportResult {
    const { header, known, redactor } = this.#options;
    const { rolloutId: storedId, traceId } = header;
    const head: ImportHead = { rolloutId: source.rolloutId, schemaVersion: header.schemaVersion };
    const payloads = new ImportPayloads(source.payloads, redactor);
    let there = known === null ? null : new StoredSide(this.#database, known.rollout);
    let records = 0;
    try {
      for (const said of source.events()) {
        if (records % PROGRESS_EVERY_RECORDS === 0) {
          signal?.throwIfAborted();
          onProgress?.({ records });
        }
        records += 1;
        const record = recordOf(said, { head, lastSeq: this.#last.seq, redactor });
        const named = payloadsNamedBy(said, redactor);
        const isThere = there?.takes(record, named, payloads) === true;
        if (!isThere) {
          if (there !== null) this.#leave(there);
          there = null;
          const table = this.#begin();
          for (const payload of named) {
            if (table.payloadNamed(payload.storedId) !== undefined) continue;
            const added = payloads.read(payload, this.#last.ordinal + 1);
            table.insertPayload(added);
            this.#last = { ...this.#last, ordinal: added.ordinal };
            if (added.content.ok) this.#batchBytes += added.content.document.freshSize;
          }
          table.insert(record, this.#last.position + 1);
          this.#batchRecords += 1;
          this.#batchBytes += record.type === "event" ? record.body.length : record.record.length;
          if (record.type === "event") this.#added += 1;
        }
        if (record.type === "event") this.#last = { ...this.#last, seq: record.seq };
        else {
          this.#last = { ...this.#last, position: this.#last.position + 1 };
          this.#strays += 1;
        }
        if (there !== null) this.#last = { ...this.#last, ordinal: there.lastOrdinal };
        if (this.#batchRecords >= BATCH_RECORDS || this.#batchBytes >= BATCH_BYTES) this.#commit();
      }
      if (there !== null) this.#leave(there);
      this.#begin().setComplete(true);
      this.#commit();
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    const outcome = known === null ? "new" : "continued";
    const counts = { addedEvents: this.#added, replacedEvents: this.#replaced, strays: this.#strays };
    return { rolloutId: storedId, traceId, outcome, ...counts };
  }

  /** From here on the source says something else than what is there, or more. */
  #leave(there: StoredSide): void {
    this.#last = { ...this.#last, ordinal: there.lastOrdinal };
    const rest = there.countRest();
    if (rest.records === 0 && there.lastOrdinal === rest.lastOrdinal) return;
    this.#begin().cut(this.#last);
    this.#replaced = rest.events;
  }

  #begin(): ImportTable {
    if (!this.#isWriting) {
      const begin = this.#database.prepare("BEGIN IMMEDIATE");
      retryWhileBusy(BUSY_MS, () => void begin.run());
      this.#isWriting = true;
    }
    if (this.#table !== null) return this.#table;
    const { header, known, prints } = this.#options;
    this.#rollout = known?.rollout ?? ImportTable.create(this.#database, header);
    this.#table = new ImportTable(this.#database, this.#rollout);
    this.#table.setInputs(prints);
    this.#table.setComplete(false);
    return this.#table;
  }

  #commit(): void {
    this.#database.exec("COMMIT");
    this.#isWriting = false;
    this.#batchRecords = 0;
    this.#batchBytes = 0;
  }
}

/** What a store has of a rollout, beside which a source is read. */
class StoredSide {
  /** The last payload that the source has named as well, and that is the same. */
  lastOrdinal = 0;
  readonly #database: Database.Database;
  readonly #rollout: number;
  readonly #table: ImportTable;
  readonly #records: Generator<ReturnType<typeof recordOf>, void>;
  readonly #payloads: PayloadsOfRollout;
  #next: IteratorResult<ReturnType<typeof recordOf>, void>;

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
  takes(
    record: ReturnType<typeof recordOf>,
    named: ReturnType<typeof payloadsNamedBy>,
    payloads: ImportPayloads,
  ): boolean {
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

/** What a source says of itself in its first event. */
function headerOf(source: RolloutSource, format: string, redactor: Redactor): ImportHeader {
  const first = firstEventOf(source);
  if (first === null) {
    throw new TraceStoreError(
      "nothing_to_import",
      `rollout ${source.rolloutId} has no event that can be read`,
    );
  }
  const started: { readonly [key: string]: JsonValue } = isJsonObject(first["payload"] ?? null)
    ? (first["payload"] as { readonly [key: string]: JsonValue })
    : {};
  const host = isJsonObject(started["host"] ?? null)
    ? (started["host"] as { readonly [key: string]: JsonValue })
    : null;
  const text = (value: JsonValue | undefined): string | null =>
    typeof value === "string" ? redactor.text(value) : null;
  const version = first["schema_version"];
  return {
    traceId: text(started["trace_id"]) ?? redactor.text(`${format}:${source.rolloutId}`),
    rolloutId: redactor.text(source.rolloutId),
    rootThreadId: text(started["root_thread_id"]) ?? redactor.text(source.rolloutId),
    hostName: text(host?.["name"]),
    hostVersion: text(host?.["version"]),
    schemaVersion: typeof version === "number" && Number.isSafeInteger(version) ? version : SCHEMA_VERSION,
    format,
    provenance: source.provenance,
  };
}

function firstEventOf(source: RolloutSource): { readonly [key: string]: JsonValue } | null {
  for (const said of source.events()) {
    if (said.type === "event" && isJsonObject(said.value as JsonValue)) {
      return said.value as { readonly [key: string]: JsonValue };
    }
  }
  return null;
}

/** The events of a source in place of a file. */
function eventsAsInput(source: RolloutSource): ImportInput {
  return {
    name: "events",
    path: `rollout ${source.rolloutId}`,
    *read() {
      for (const said of source.events()) yield Buffer.from(`${JSON.stringify(said)}\n`);
    },
  };
}
