/**
 * Why a store could not be read or written:
 * - `invalid_option`: an option is out of range; the message names it
 * - `cannot_open`: there is no such file, or it cannot be opened or created
 * - `not_a_store`: the file is a database of something else, or no database
 * - `newer_schema`: written by a newer version of this package; it can be read, not written
 * - `read_only`: the file, its directory or the way it was opened does not allow writing
 * - `busy`: another connection holds the write lock
 * - `disk_full`: no space, or a quota
 * - `io_error`: the file system failed
 * - `file_gone`: the file was deleted or replaced while it was open
 * - `damaged`: the file's content contradicts itself
 * - `closed`: the store was closed
 * - `rollout_ended`: something was recorded after its rollout had ended
 * - `unknown_rollout`: the store has no such rollout
 * - `source_rewritten`: what is to be imported does not begin as it did when it was imported before; the message names the line
 * - `import_incomplete`: some of the files that were imported together are missing
 * - `recorded_here`: the store's own recorder wrote the rollout that is to be imported
 * - `nothing_to_import`: what is to be imported has no event
 * - `unrecordable`: a value could not be turned into a record; the message names the event
 */
export const TRACE_STORE_ERROR_CODES = [
  "invalid_option",
  "cannot_open",
  "not_a_store",
  "newer_schema",
  "read_only",
  "busy",
  "disk_full",
  "io_error",
  "file_gone",
  "damaged",
  "closed",
  "rollout_ended",
  "unknown_rollout",
  "source_rewritten",
  "import_incomplete",
  "recorded_here",
  "nothing_to_import",
  "unrecordable",
] as const;
export type TraceStoreErrorCode = (typeof TRACE_STORE_ERROR_CODES)[number];

/** Everything that this package throws or hands to `onError`. */
export class TraceStoreError extends Error {
  readonly code: TraceStoreErrorCode;

  constructor(code: TraceStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TraceStoreError";
    this.code = code;
  }
}

const CODE_BY_SQLITE_PREFIX: readonly (readonly [string, TraceStoreErrorCode])[] = [
  ["SQLITE_BUSY", "busy"],
  ["SQLITE_LOCKED", "busy"],
  ["SQLITE_FULL", "disk_full"],
  ["SQLITE_READONLY_DBMOVED", "file_gone"],
  ["SQLITE_READONLY", "read_only"],
  ["SQLITE_PERM", "read_only"],
  ["SQLITE_CANTOPEN", "cannot_open"],
  ["SQLITE_IOERR", "io_error"],
  ["SQLITE_NOTADB", "not_a_store"],
  ["SQLITE_CORRUPT", "damaged"],
];

/** Takes over whatever was thrown while doing `what` to the file at `path`. Never throws. */
export function asTraceStoreError(thrown: unknown, what: string, path: string): TraceStoreError {
  if (thrown instanceof TraceStoreError) return thrown;
  const sqliteCode = sqliteCodeOf(thrown);
  const code = CODE_BY_SQLITE_PREFIX.find(([prefix]) => sqliteCode.startsWith(prefix))?.[1] ?? "unrecordable";
  return new TraceStoreError(code, `${what} ${path}: ${messageOf(thrown)}`, { cause: thrown });
}

/** The message of anything that can be thrown, including things whose own properties throw. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${thrown.message}` || `${thrown.name}`;
    return typeof thrown === "string" ? thrown : `${JSON.stringify(thrown)}`;
  } catch {
    return "a thrown value that cannot be described";
  }
}

function sqliteCodeOf(thrown: unknown): string {
  try {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    return typeof code === "string" ? code : "";
  } catch {
    return "";
  }
}
