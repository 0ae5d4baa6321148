/** The reading side of a store: a connection of its own, which sees what every process has committed. */
import type Database from "better-sqlite3";
import type { RolloutId, TraceId } from "@rollout-trace/protocol";
import { asTraceStoreError, TraceStoreError } from "../trace-store-error.ts";
import { countRollouts, type RolloutCounts } from "./count-rollouts.ts";
import { countTokens, type TokenCount } from "./count-tokens.ts";
import { openReadConnection, type ReadConnection } from "./read-connection.ts";
import { listRollouts, openStoredRollout, type RolloutSummary, type StoredRollout } from "./read-rollouts.ts";

export class StoreReader {
  readonly #path: string;
  #open: ReadConnection | null = null;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Opens the file. Throws `TraceStoreError`. */
  check(): void {
    this.#read((database) => database.prepare("SELECT 1 FROM rollouts LIMIT 1").get());
  }

  rollouts(): readonly RolloutSummary[] {
    return this.#read(listRollouts);
  }

  rolloutCounts(): readonly RolloutCounts[] {
    return this.#read(countRollouts);
  }

  tokenCount(traceId: string): TokenCount | null {
    return this.#read((database) => countTokens(database, traceId));
  }

  openRollout(id: string): StoredRollout {
    return this.#read((database) => openStoredRollout(database, id as RolloutId | TraceId));
  }

  close(): void {
    this.#isClosed = true;
    this.#open?.[Symbol.dispose]();
    this.#open = null;
  }

  #read<Result>(read: (database: Database.Database) => Result): Result {
    try {
      return read(this.#database());
    } catch (error) {
      throw asTraceStoreError(error, "reading", this.#path);
    }
  }

  /** Opened when first wanted, and again when another file has taken the place of the one that was open. */
  #database(): Database.Database {
    if (this.#isClosed) throw new TraceStoreError("closed", `${this.#path} is closed`);
    if (this.#open?.isCurrent() === false) {
      this.#open[Symbol.dispose]();
      this.#open = null;
    }
    this.#open ??= openReadConnection(this.#path);
    return this.#open.database;
  }
}
