/** One SQLite connection to a store: how it is opened, and the statements that are run on it. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { messageOf, TraceStoreError } from "../trace-store-error.ts";
import { APPLICATION_ID, MIGRATIONS, STORE_VERSION } from "./schema.ts";

/**
 * `process`: committed when the call returns; survives the death of the process, not of the machine.
 * `power`: also synced to the disk. `batch`: committed within `batchMs`; a killed process may lose that much.
 */
export type Durability = "process" | "power" | "batch";

/**
 * Pages of 4 KiB in the log after which a commit moves it into the file itself. That is for a host that writes faster than the
 * thread for it, which then has left little to do.
 */
const CHECKPOINT_PAGES = 4000;

/** Milliseconds between attempts to take a lock; a transaction takes a fraction of one. */
const MAX_PAUSE_MS = 4;

/**
 * Opens for writing, creating or migrating the file, and waits at most `waitMs` for others that are doing so. Throws
 * `TraceStoreError`: `cannot_open`, `not_a_store`, `newer_schema`, `read_only`, and what SQLite reports.
 */
export function openForWriting(path: string, durability: Durability, waitMs: number): Database.Database {
  if (existsSync(path) && !isWritable(path)) {
    throw new TraceStoreError("read_only", `${path} may not be written`);
  }
  const database = connect(path, { timeout: 0 });
  try {
    retryWhileBusy(waitMs, () => initialise(database, path, durability));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Does `work`, again while a lock of somebody else is in the way, for at most `waitMs`. SQLite's own waiting backs off to
 * 100 ms between attempts, so that among busy writers one can miss its turn for as long as it likes, and it does not wait at
 * all for the lock that the journal mode needs; short random pauses let everybody in.
 */
export function retryWhileBusy<Result>(waitMs: number, work: () => Result): Result {
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      pause(Math.random() * Math.min(attempt / 4, MAX_PAUSE_MS));
    }
  }
}

/** Opens a file, whatever it holds. Throws `TraceStoreError` (`cannot_open`). */
export function connect(path: string, options: Database.Options): Database.Database {
  try {
    return new Database(path, options);
  } catch (error) {
    // A directory that does not exist is a plain `TypeError` here.
    throw new TraceStoreError("cannot_open", `${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function initialise(database: Database.Database, path: string, durability: Durability): void {
  checkVersion(database, path);
  if (database.pragma("journal_mode", { simple: true }) !== "wal") database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
  database.pragma("foreign_keys = ON");
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  if (pragma(database, "user_version") < STORE_VERSION) migrate(database, path);
}

function checkVersion(database: Database.Database, path: string): void {
  // In one transaction: somebody else may be making the store at this moment.
  const [version, application, isEmpty] = database.transaction(
    () =>
      [
        pragma(database, "user_version"),
        pragma(database, "application_id"),
        database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined,
      ] as const,
  )();
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || !isEmpty))
    throw notAStore(path);
  if (version > STORE_VERSION) {
    throw new TraceStoreError(
      "newer_schema",
      `${path} has layout version ${version}; this version of the package writes up to ${STORE_VERSION}`,
    );
  }
}

/** Runs the missing migrations in one transaction; whoever comes second finds nothing left to do. */
function migrate(database: Database.Database, path: string): void {
  database
    .transaction(() => {
      checkVersion(database, path);
      for (let version = pragma(database, "user_version"); version < STORE_VERSION; version += 1) {
        database.exec(MIGRATIONS[version] as string);
      }
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${STORE_VERSION}`);
    })
    .immediate();
}

function pragma(database: Database.Database, name: string): number {
  return Number(database.pragma(name, { simple: true }));
}

function notAStore(path: string): TraceStoreError {
  return new TraceStoreError("not_a_store", `${path} is not a trace store`);
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

/** Holds up this thread. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** What identifies the file behind a path, to notice when it was deleted or replaced. */
export function fileIdentity(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}
