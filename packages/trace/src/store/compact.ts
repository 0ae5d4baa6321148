/** Making a store smaller after the fact. Never changes what is read back. */
import { zstdCompressSync } from "node:zlib";
import type Database from "better-sqlite3";
import { asTraceStoreError } from "../trace-store-error.ts";
import { openForWriting } from "./connection.ts";

/** What compacting did; bytes are those of the chunks that were compressed. */
export interface CompactResult {
  readonly compressedChunks: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Bytes. Smaller chunks hardly shrink. */
const MIN_CHUNK_SIZE = 512;
/** Chunks looked at per transaction, so that writers wait for no more than a few milliseconds. */
const CHUNKS_PER_TRANSACTION = 64;
/** Milliseconds to wait for the write lock; compacting has time. */
const BUSY_MS = 10_000;

interface ChunkRow {
  readonly chunk: number;
  /** Null for a chunk that is small or compressed already. */
  readonly bytes: Buffer | null;
}

export interface CompactOptions {
  /** Gives the freed space back to the file system, for which the store must be in nobody else's use. Default false. */
  readonly vacuum?: boolean | undefined;
  /** Is told now and then how far it is, in chunks by number. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/**
 * Compresses the larger chunks of a store that are not compressed yet. Other processes may write to it meanwhile. The file
 * itself shrinks only with `vacuum`. Throws `TraceStoreError`.
 */
export function compactTraceStore(path: string, options: CompactOptions = {}): CompactResult {
  let database: Database.Database | undefined;
  try {
    database = openForWriting(path, "process", BUSY_MS);
    database.pragma(`busy_timeout = ${BUSY_MS}`);
    const result = compressChunks(database, options.onProgress);
    if (options.vacuum === true) {
      database.exec("VACUUM");
      // The file is as long as before until the log has been moved into it.
      database.pragma("wal_checkpoint(TRUNCATE)");
    }
    return result;
  } catch (error) {
    throw asTraceStoreError(error, "compacting", path);
  } finally {
    database?.close();
  }
}

function compressChunks(
  database: Database.Database,
  onProgress: CompactOptions["onProgress"],
): CompactResult {
  const total = database.prepare<[], number>("SELECT coalesce(max(chunk), 0) FROM chunks").pluck().get() ?? 0;
  const next = database.prepare<[number], ChunkRow>(
    `SELECT chunk, CASE WHEN codec = 'none' AND size_bytes >= ${MIN_CHUNK_SIZE} THEN bytes END AS bytes
     FROM chunks WHERE chunk > ? ORDER BY chunk LIMIT ${CHUNKS_PER_TRANSACTION}`,
  );
  const update = database.prepare(
    "UPDATE chunks SET codec = 'zstd', bytes = ? WHERE chunk = ? AND codec = 'none'",
  );
  let [compressedChunks, bytesBefore, bytesAfter] = [0, 0, 0];
  const compressFrom = database.transaction((after: number): number | null => {
    const rows = next.all(after);
    for (const { chunk, bytes } of rows) {
      const compressed = bytes === null ? null : zstdCompressSync(bytes);
      if (bytes === null || compressed === null || compressed.length >= bytes.length) continue;
      update.run(compressed, chunk);
      compressedChunks += 1;
      bytesBefore += bytes.length;
      bytesAfter += compressed.length;
    }
    return rows.at(-1)?.chunk ?? null;
  });
  for (let last: number | null = 0; last !== null;) {
    last = compressFrom.immediate(last);
    if (last !== null) onProgress?.({ done: Math.min(last, total), total });
  }
  return { compressedChunks, bytesBefore, bytesAfter };
}
