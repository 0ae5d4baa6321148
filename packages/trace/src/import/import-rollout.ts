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
import { makeImportTables } from "../store/imported.ts";
import { asTraceStoreError, TraceStoreError } from "../trace-store-error.ts";
import { BUSY_MS, ImportPass, type Print } from "./import-pass.ts";
import type { ImportHead } from "./import-record.ts";
import { findImport, type ImportHeader, type KnownImport } from "./import-table.ts";
import { fingerprint, type ImportInput } from "./input-fingerprint.ts";

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
    const { head, header } = headOf(source, options.format, this.#redactor);
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
    const pass = new ImportPass(this.#database, source, {
      head,
      header,
      known,
      prints,
      redactor: this.#redactor,
    });
    return pass.run(options);
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

/** What a source says of itself in its first event. */
function headOf(
  source: RolloutSource,
  format: string,
  redactor: Redactor,
): { readonly head: ImportHead; readonly header: ImportHeader } {
  const first = firstEventOf(source);
  if (first === null) {
    throw new TraceStoreError(
      "nothing_to_import",
      `rollout ${source.rolloutId} has no event that can be read`,
    );
  }
  const { schema_version: version, rollout_id: id } = first;
  const started = objectOr(first["payload"]);
  const host = objectOr(started["host"]);
  const text = (value: JsonValue | undefined): string | null =>
    typeof value === "string" ? redactor.text(value) : null;
  const head = {
    // What the events say, where a source says otherwise of itself.
    rolloutId: typeof id === "string" ? id : source.rolloutId,
    schemaVersion: typeof version === "number" && Number.isSafeInteger(version) ? version : SCHEMA_VERSION,
  };
  const header = {
    traceId: text(started["trace_id"]) ?? redactor.text(`${format}:${source.rolloutId}`),
    rolloutId: redactor.text(head.rolloutId),
    rootThreadId: text(started["root_thread_id"]) ?? redactor.text(source.rolloutId),
    hostName: text(host["name"]),
    hostVersion: text(host["version"]),
    schemaVersion: head.schemaVersion,
    format,
    provenance: source.provenance,
  };
  return { head, header };
}

type JsonFields = { readonly [key: string]: JsonValue };

function objectOr(value: JsonValue | undefined): JsonFields {
  return isJsonObject(value ?? null) ? (value as JsonFields) : {};
}

function firstEventOf(source: RolloutSource): JsonFields | null {
  for (const said of source.events()) {
    if (said.type === "event" && isJsonObject(said.value as JsonValue)) {
      return said.value as JsonFields;
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
