/**
 * Whether chunks are what their hashes say and payloads can be put together.
 *
 * A payload is not read as a whole, since each may repeat megabytes of the one before: every chunk is looked at once, and
 * every payload by its structure, with its chunks standing for themselves.
 */
import { hash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import type Database from "better-sqlite3";
import type { TraceId } from "@rollout-trace/protocol";
import { messageOf } from "../trace-store-error.ts";
import { ImportedPayloads, importOf } from "./imported.ts";
import { prepared } from "./prepared.ts";
import { payloadIdOf, PayloadsOfRollout } from "./read-payloads.ts";
import type { StoredPart } from "./stored-rope.ts";
import type { Findings } from "./findings.ts";

/** Bytes of each chunk; null for one whose content is no JSON value. */
export type ChunkSizes = ReadonlyMap<number, number | null>;

/** Bytes; no document is longer, so that no chunk is. */
const MAX_CHUNK_SIZE = 256 * 1024 * 1024;

interface ChunkRow {
  readonly chunk: number;
  readonly hash: Buffer;
  readonly size_bytes: number;
  readonly codec: string;
  readonly bytes: Buffer;
}

export function verifyChunks(database: Database.Database, findings: Findings): ChunkSizes {
  const sizes: Map<number, number | null> = new Map();
  const rows = database
    .prepare<[], ChunkRow>("SELECT chunk, hash, size_bytes, codec, bytes FROM chunks")
    .iterate();
  for (const row of rows) {
    const { chunk, size_bytes } = row;
    try {
      const bytes = contentOf(row);
      if (bytes.length !== size_bytes || !hash("sha256", bytes, "buffer").equals(row.hash)) {
        findings.add(
          "chunk_hash_mismatch",
          { chunk },
          `the bytes of chunk ${chunk} are not those of its hash`,
        );
      }
      sizes.set(chunk, isJson(bytes.toString("utf8")) ? bytes.length : null);
    } catch (error) {
      findings.add("chunk_hash_mismatch", { chunk }, `chunk ${chunk} cannot be read: ${messageOf(error)}`);
      sizes.set(chunk, null);
    }
  }
  return sizes;
}

function contentOf({ codec, bytes, size_bytes: size }: ChunkRow): Buffer {
  if (codec !== "zstd") return bytes;
  return zstdDecompressSync(bytes, { maxOutputLength: Math.min(Math.max(size, 1), MAX_CHUNK_SIZE) });
}

export interface VerifiedRollout {
  readonly rollout: number;
  readonly trace_id: TraceId;
  readonly rollout_id: string;
  readonly event_schema_version: number;
  readonly state: string;
}

/** Payload ids with the kinds by which events name them, and the first `seq` that does. */
export type NamedPayloads = ReadonlyMap<string, { readonly kind: string; readonly seq: number }>;

interface PayloadsToVerify {
  readonly rollout: VerifiedRollout;
  readonly named: NamedPayloads;
  readonly chunks: ChunkSizes;
  /** Takes the chunks that are in use. */
  readonly usedChunks: Set<number>;
}

/** Gives the number of payloads. */
export function verifyPayloads(
  database: Database.Database,
  { rollout, named, chunks, usedChunks }: PayloadsToVerify,
  findings: Findings,
): number {
  const payloads = new PayloadsOfRollout(database, { rollout: rollout.rollout, names: null });
  const rows = prepared<[number], { ordinal: number; kind: string; size_bytes: number }>(
    database,
    "SELECT ordinal, kind, size_bytes FROM payloads WHERE rollout = ? ORDER BY ordinal",
  ).all(rollout.rollout);
  const isImported = importOf(database, rollout.rollout) !== null;
  const names = isImported ? new ImportedPayloads(database, rollout.rollout) : null;
  const found: Set<string> = new Set();
  for (const { ordinal, kind, size_bytes } of rows) {
    const id = names === null ? payloadIdOf(ordinal) : (names.at(ordinal) ?? `payload ${ordinal}`);
    const where = { traceId: rollout.trace_id, payloadId: id };
    found.add(id);
    const naming = named.get(id);
    if (naming === undefined) findings.add("payload_orphaned", where, `no event names ${id}`);
    else if (naming.kind !== kind) {
      findings.add(
        "payload_kind_mismatch",
        where,
        `${id} is of kind ${kind}, event ${naming.seq} says ${naming.kind}`,
      );
    }
    try {
      const size = sizeOf(payloads.rope(ordinal).slice(), chunks, usedChunks);
      if (size !== size_bytes) {
        findings.add("payload_size_mismatch", where, `${id} has ${size} bytes and says ${size_bytes}`);
      }
    } catch (error) {
      findings.add("payload_unreadable", where, `${id}: ${messageOf(error)}`);
    }
  }
  for (const [id, { seq }] of named) {
    if (found.has(id)) continue;
    findings.add(
      "payload_missing",
      { traceId: rollout.trace_id, seq, payloadId: id },
      names?.find(id)?.failure ?? `there is no payload ${id}`,
    );
  }
  return rows.length;
}

/** Bytes of a payload. Throws for one that is no JSON. */
function sizeOf(parts: readonly StoredPart[], chunks: ChunkSizes, usedChunks: Set<number>): number {
  for (const { chunk } of parts) if (chunk !== null) usedChunks.add(chunk);
  let skeleton = "";
  let size = 0;
  let previous: StoredPart["kind"] | null = null;
  for (const part of parts) {
    if (part.kind === "item" && previous === "item") {
      size += 1;
      skeleton += ",";
    }
    previous = part.kind;
    if (part.kind === "open" || part.kind === "close") continue;
    if (part.chunk === null) {
      size += Buffer.byteLength(part.text);
      skeleton += part.text;
      continue;
    }
    const chunkSize = chunks.get(part.chunk);
    if (chunkSize === undefined) throw new RangeError(`chunk ${part.chunk} is missing`);
    if (chunkSize === null) throw new SyntaxError(`chunk ${part.chunk} is no JSON value`);
    size += chunkSize;
    skeleton += "0";
  }
  JSON.parse(skeleton);
  return size;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
