/**
 * Connections that only read, and leave nothing behind.
 *
 * SQLite keeps two files beside one that is in use (`-wal`, `-shm`). A connection that may not write can make them and not take
 * them away again; so where they are missing and the store may be written, the connection could write and is told not to. Where
 * the file may not be written, or its folder, in which SQLite cannot read at all, a copy is read instead.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { asTraceStoreError, messageOf, TraceStoreError } from "../trace-store-error.ts";
import { connect, fileIdentity } from "./connection.ts";
import { APPLICATION_ID } from "./schema.ts";

/** Readers wait only while a writer recovers the log of one that died. */
const BUSY_MS = 1000;

export interface ReadConnection extends Disposable {
  readonly database: Database.Database;
  /** Whether the file is still the one that was opened. */
  isCurrent(): boolean;
}

/** Opens a store for reading. Throws `TraceStoreError`: `cannot_open`, `not_a_store`, and what SQLite reports. */
export function openReadConnection(path: string): ReadConnection {
  if (!existsSync(path)) throw new TraceStoreError("cannot_open", `there is no store at ${path}`);
  const identity = fileIdentity(path);
  try {
    const database = openInPlace(path);
    if (database === null) return openCopy(path);
    return {
      database,
      isCurrent: () => fileIdentity(path) === identity,
      [Symbol.dispose]: () => void database.close(),
    };
  } catch (error) {
    if (!needsFolder(error)) throw asTraceStoreError(error, "opening", path);
    return openCopy(path);
  }
}

/** Null where that would leave something beside the file. */
function openInPlace(path: string): Database.Database | null {
  const isClean = !existsSync(`${path}-wal`) && isWalStore(path);
  if (isClean && !(mayWrite(path) && mayWrite(dirname(path)))) return null;
  const database = connect(path, { readonly: !isClean, fileMustExist: true, timeout: BUSY_MS });
  return checked(database, path);
}

function checked(database: Database.Database, path: string): Database.Database {
  try {
    database.pragma("query_only = ON");
    if (database.pragma("application_id", { simple: true }) === APPLICATION_ID) return database;
    throw new TraceStoreError("not_a_store", `${path} is not a trace store`);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A store in a folder in which SQLite cannot make its files, or could not take them away. */
function openCopy(path: string): ReadConnection {
  const state = stateOf(path);
  const folder = mkdtempSync(join(tmpdir(), "rollout-trace-store-"));
  try {
    const copy = join(folder, "store.db");
    // What was recorded last may be in the log alone.
    for (const end of ["", "-wal"]) {
      if (!existsSync(`${path}${end}`)) continue;
      copyFileSync(`${path}${end}`, `${copy}${end}`, constants.COPYFILE_FICLONE);
      chmodSync(`${copy}${end}`, 0o600);
    }
    const database = connect(copy, { timeout: BUSY_MS });
    // Takes the log into the copy; from here on the file alone is read.
    database.pragma("journal_mode = DELETE");
    return {
      database: checked(database, path),
      isCurrent: () => stateOf(path) === state,
      [Symbol.dispose]: () => void database.close(),
    };
  } catch (error) {
    if (error instanceof TraceStoreError) throw error;
    const message = `${path} or its folder may not be written, and reading a copy failed: ${messageOf(error)}`;
    throw new TraceStoreError("cannot_open", message, { cause: error });
  } finally {
    // An open file stays readable. Where it does not, it cannot be removed either, and the system cleans up.
    rmSync(folder, { recursive: true, force: true, maxRetries: 0 });
  }
}

/** Whether SQLite could not do without the two files beside the store. */
function needsFolder(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith("SQLITE_READONLY") || error.code.startsWith("SQLITE_CANTOPEN"))
  );
}

/** SQLite file format, section 1.3: the write version, 2 for a file with a log, and the application's id. */
function isWalStore(path: string): boolean {
  const descriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(100);
    return (
      readSync(descriptor, head, 0, 100, 0) === 100 &&
      head[18] === 2 &&
      head.readUInt32BE(68) === APPLICATION_ID
    );
  } finally {
    closeSync(descriptor);
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What changes when a store is written to. */
function stateOf(path: string): string {
  return [path, `${path}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false, bigint: true }))
    .map((stat) => (stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeNs}`))
    .join(" ");
}
