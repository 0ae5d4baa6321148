/**
 * Reading payloads back. Total: what is missing or damaged is a result that says so.
 *
 * The file may come from anywhere, so chains of bases, numbers of parts and sizes are checked before they are followed.
 */
import { hash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import type Database from "better-sqlite3";
import {
  isJsonObject,
  type ItemsSince,
  type JsonValue,
  type PayloadId,
  type PayloadItem,
  type PayloadKind,
  type PayloadRead,
  type PayloadReader,
  type PayloadReadErrorCode,
  type PayloadStat,
} from "@rollout-trace/protocol";
import { messageOf, TraceStoreError } from "../trace-store-error.ts";
import type { ImportedPayloads } from "./imported.ts";
import { prepared } from "./prepared.ts";
import { type NumberedRow, ReadAhead } from "./read-ahead.ts";
import { MIN_SHARED_PARTS } from "./rope-chain.ts";
import { decodeRope } from "./rope-codec.ts";
import { type StoredPart, type StoredRope } from "./stored-rope.ts";

/** Reads payloads, also as the exact text that was recorded. */
export interface StoredPayloads extends PayloadReader {
  text(payloadId: PayloadId): PayloadRead<string>;
  /** The document with its cut arrays left empty. */
  frame(payloadId: PayloadId): PayloadRead<JsonValue>;
}

/** Own parts of decoded ropes kept for the payloads that are based on them, about 50 bytes each. */
const KEPT_PARTS = 1_000_000;
/** Items kept by their chunk, about 200 bytes each. */
const KEPT_ITEMS = 100_000;
/** A longer chain of bases is not one that this package wrote. */
const MAX_BASES = 4096;
/** Bytes; the longest string that V8 makes is a little longer. */
const MAX_TEXT_SIZE = 500_000_000;

/** The name of the payload with this ordinal among those of its rollout. */
export function payloadIdOf(ordinal: number): PayloadId {
  return `p${ordinal}` as PayloadId;
}

function ordinalOf(payloadId: string): number | null {
  const digits = /^p([1-9][0-9]{0,14})$/.exec(payloadId)?.[1];
  return digits === undefined ? null : Number(digits);
}

interface PayloadRow extends NumberedRow {
  readonly kind: PayloadKind;
  readonly size_bytes: number;
  readonly base: number | null;
  /** Hexadecimal digits, since a short text costs less to take over than a buffer. Null for one that is large. */
  readonly rope: string | null;
}

interface ChunkRow extends NumberedRow {
  /** 64 digits. */
  readonly hash: string;
  /** Of a chunk that is neither compressed nor large. SQLite gives text without a detour over a buffer. */
  readonly text: string | null;
}

/** Bytes. Larger chunks and ropes are not read ahead: nobody may ask for them. */
const MAX_AHEAD_SIZE = 64 * 1024;

/** A chunk as it is stored. */
interface StoredChunk {
  readonly codec: string;
  readonly size_bytes: number;
  readonly bytes: Buffer;
}

/** A document without its items. */
interface Frame {
  readonly parts: readonly StoredPart[];
  readonly value: JsonValue;
}

export interface PayloadsPlace {
  readonly rollout: number;
  /** What payloads are called that were imported; null for a rollout that was recorded here. */
  readonly names: ImportedPayloads | null;
}

export class PayloadsOfRollout implements StoredPayloads {
  readonly #names: ImportedPayloads | null;
  readonly #payloads: ReadAhead<PayloadRow>;
  readonly #rope: (ordinal: number) => Buffer | undefined;
  readonly #chunks: ReadAhead<ChunkRow>;
  readonly #stored: Database.Statement<[number], StoredChunk>;
  readonly #ropes: Map<number, StoredRope> = new Map();
  /** Also a short rope, which is not kept: a response is asked for its frame and then for its items. */
  #latest: { readonly ordinal: number; readonly rope: StoredRope } | null = null;
  #keptParts = 0;
  readonly #items: Map<number, PayloadItem> = new Map();
  #asked: { readonly payloadId: string; readonly ordinal: number | null } = { payloadId: "", ordinal: null };
  /** Of each kind of payload the frame that was read last. */
  readonly #frames: Map<PayloadKind, Frame> = new Map();

  constructor(database: Database.Database, { rollout, names }: PayloadsPlace) {
    this.#names = names;
    const payloads = prepared<[number, number, number], PayloadRow>(
      database,
      `SELECT ordinal AS number, kind, size_bytes, base, CASE WHEN length(rope) <= ${MAX_AHEAD_SIZE} THEN hex(rope) END AS rope
       FROM payloads WHERE rollout = ? AND ordinal >= ? AND ordinal < ? ORDER BY ordinal`,
    );
    this.#payloads = new ReadAhead(
      (first, end) => payloads.all(rollout, first, end),
      (row) => row.rope?.length ?? 0,
    );
    const rope = prepared<[number, number], Buffer>(
      database,
      "SELECT rope FROM payloads WHERE rollout = ? AND ordinal = ?",
    ).pluck();
    this.#rope = (ordinal) => rope.get(rollout, ordinal);
    const chunks = prepared<[number, number], ChunkRow>(
      database,
      `SELECT chunk AS number, lower(hex(hash)) AS hash,
         CASE WHEN codec = 'none' AND size_bytes <= ${MAX_AHEAD_SIZE} THEN CAST(bytes AS TEXT) END AS text
       FROM chunks WHERE chunk >= ? AND chunk < ? ORDER BY chunk`,
    );
    this.#chunks = new ReadAhead(
      (first, end) => chunks.all(first, end),
      (row) => row.text?.length ?? 0,
    );
    this.#stored = prepared<[number], StoredChunk>(
      database,
      "SELECT codec, size_bytes, bytes FROM chunks WHERE chunk = ?",
    );
  }

  text(payloadId: PayloadId): PayloadRead<string> {
    return this.#read(payloadId, (ordinal) => ({
      ok: true,
      value: this.#textOf(this.rope(ordinal).slice()),
    }));
  }

  json(payloadId: PayloadId): PayloadRead<JsonValue> {
    return this.#read(payloadId, (ordinal) => ({
      ok: true,
      value: parse(this.#textOf(this.rope(ordinal).slice())),
    }));
  }

  items(payloadId: PayloadId, key: string): PayloadRead<readonly PayloadItem[]> {
    return this.#read(payloadId, (ordinal) => {
      const rope = this.rope(ordinal);
      const array = arrayIn(rope, key);
      if (array === null) return this.#itemsOfUncutArray(payloadId, rope, key);
      return { ok: true, value: this.#itemsOf(rope.slice(array.first, array.end)) };
    });
  }

  itemsSince(payloadId: PayloadId, key: string, other: PayloadId): ItemsSince | null {
    const before = this.#read(other, (ordinal) => ({ ok: true, value: this.rope(ordinal) }));
    if (!before.ok) return null;
    const since = this.#read(payloadId, (ordinal) => {
      const rope = this.rope(ordinal);
      const array = arrayIn(rope, key);
      const first = Math.min(rope.sharedWith(before.value), array?.end ?? 0);
      if (array === null || first <= array.first) return { ok: true, value: null };
      const items = this.#itemsOf(rope.slice(first, array.end));
      return { ok: true, value: { shared: first - array.first, items } };
    });
    return since.ok ? since.value : null;
  }

  frame(payloadId: PayloadId): PayloadRead<JsonValue> {
    return this.#read(payloadId, (ordinal) => {
      const parts = this.rope(ordinal)
        .frame()
        .map(({ part }) => part);
      const kind = this.#payloads.get(ordinal)?.kind ?? "other";
      const last = this.#frames.get(kind);
      // Most requests of a thread differ in their items alone.
      if (last?.parts.length === parts.length && last.parts.every((part, index) => part === parts[index])) {
        return { ok: true, value: last.value };
      }
      const value = parse(this.#textOf(parts));
      this.#frames.set(kind, { parts, value });
      return { ok: true, value };
    });
  }

  stat(payloadId: PayloadId): PayloadStat | null {
    try {
      if (this.#names !== null) return statOf(this.#names.find(payloadId));
      const ordinal = this.#ordinalOf(payloadId);
      return statOf(ordinal === null ? undefined : this.#payloads.get(ordinal));
    } catch {
      return null;
    }
  }

  #read<Value>(payloadId: PayloadId, read: (ordinal: number) => PayloadRead<Value>): PayloadRead<Value> {
    try {
      const named = this.#names?.find(payloadId);
      if (typeof named?.failure_code === "string") return failed(named.failure_code, named.failure ?? "");
      const ordinal = this.#names === null ? this.#ordinalOf(payloadId) : (named?.ordinal ?? null);
      if (ordinal !== null && this.#payloads.get(ordinal) !== undefined) return read(ordinal);
      return failed("missing_payload", `the rollout has no payload ${JSON.stringify(payloadId)}`);
    } catch (error) {
      return failed("invalid_payload", `payload ${payloadId}: ${messageOf(error)}`);
    }
  }

  /** A payload is asked for several times in a row: whether it is there, its frame, its items. */
  #ordinalOf(payloadId: string): number | null {
    if (this.#asked.payloadId !== payloadId) this.#asked = { payloadId, ordinal: ordinalOf(payloadId) };
    return this.#asked.ordinal;
  }

  /** The parts of a payload, through its bases, oldest first. Throws `TraceStoreError` (`damaged`). */
  rope(ordinal: number): StoredRope {
    if (this.#latest?.ordinal === ordinal) return this.#latest.rope;
    const chain: { ordinal: number; bytes: Buffer }[] = [];
    let rope: StoredRope | null = null;
    for (let next: number | null = ordinal; next !== null;) {
      const kept = this.#ropes.get(next);
      if (kept !== undefined) {
        rope = kept;
        break;
      }
      const row: PayloadRow | undefined = this.#payloads.get(next);
      if (row === undefined) throw damaged(`its base ${payloadIdOf(next)} is missing`);
      if (row.base !== null && row.base >= next)
        throw damaged(`${payloadIdOf(next)} is based on a later payload`);
      const bytes = row.rope === null ? this.#rope(next) : Buffer.from(row.rope, "hex");
      if (bytes === undefined) throw damaged(`${payloadIdOf(next)} is missing`);
      if (chain.push({ ordinal: next, bytes }) > MAX_BASES) throw damaged("its chain of bases is too long");
      next = row.base;
    }
    for (const link of chain.toReversed()) {
      rope = decodeRope(link.bytes, rope);
      if (rope.length >= MIN_SHARED_PARTS) this.#keepRope(link.ordinal, rope);
    }
    if (rope === null) throw damaged("it has no rope");
    this.#latest = { ordinal, rope };
    return rope;
  }

  #keepRope(ordinal: number, rope: StoredRope): void {
    for (const [oldest, old] of this.#ropes) {
      if (this.#keptParts + rope.own.length <= KEPT_PARTS) break;
      this.#ropes.delete(oldest);
      this.#keptParts -= old.own.length;
    }
    this.#ropes.set(ordinal, rope);
    this.#keptParts += rope.own.length;
  }

  #textOf(parts: readonly StoredPart[]): string {
    const pieces: string[] = [];
    let size = 0;
    let previous: StoredPart | null = null;
    for (const part of parts) {
      if (part.kind === "open" || part.kind === "close") {
        previous = part;
        continue;
      }
      const text = this.#partText(part);
      if (part.kind === "item" && previous?.kind === "item") pieces.push(",");
      pieces.push(text);
      previous = part;
      size += text.length;
      if (size > MAX_TEXT_SIZE) throw damaged(`it is longer than ${MAX_TEXT_SIZE} characters`);
    }
    return pieces.join("");
  }

  #partText(part: StoredPart): string {
    return part.chunk === null ? part.text : this.#chunkText(part.chunk);
  }

  #chunkText(chunk: number): string {
    const row = this.#chunks.get(chunk);
    if (typeof row?.text === "string") return row.text;
    const stored = this.#stored.get(chunk);
    if (stored === undefined) throw damaged(`chunk ${chunk} is missing`);
    const { codec, size_bytes, bytes } = stored;
    if (codec === "none") return bytes.toString("utf8");
    if (codec !== "zstd") throw damaged(`chunk ${chunk} has the unknown codec ${JSON.stringify(codec)}`);
    const size = Math.min(size_bytes, MAX_TEXT_SIZE);
    return zstdDecompressSync(bytes, { maxOutputLength: size }).toString("utf8");
  }

  readonly #textOfChunk = (chunk: number): string => this.#chunkText(chunk);

  #itemsOf(parts: readonly StoredPart[]): PayloadItem[] {
    return parts.map((part) => this.#item(part));
  }

  #item(part: StoredPart): PayloadItem {
    if (part.kind !== "item") throw damaged(`a part of kind ${part.kind} is inside an array`);
    // Payloads that repeat an item have the very same part.
    part.item ??= part.chunk === null ? itemOfText(part.text) : this.#itemOfChunk(part.chunk);
    return part.item;
  }

  #itemOfChunk(chunk: number): PayloadItem {
    const kept = this.#items.get(chunk);
    if (kept !== undefined) return kept;
    const contentId = this.#chunks.get(chunk)?.hash;
    if (contentId === undefined) throw damaged(`chunk ${chunk} is missing`);
    const item = new ChunkItem(contentId, chunk, this.#textOfChunk);
    if (this.#items.size >= KEPT_ITEMS) this.#items.clear();
    this.#items.set(chunk, item);
    return item;
  }

  /** An array that was not cut when it was recorded. Its elements' text is what `JSON.stringify` made and makes again. */
  #itemsOfUncutArray(
    payloadId: PayloadId,
    rope: StoredRope,
    key: string,
  ): PayloadRead<readonly PayloadItem[]> {
    const document = parse(this.#textOf(rope.slice()));
    const array = isJsonObject(document) && Object.hasOwn(document, key) ? document[key] : undefined;
    if (!Array.isArray(array)) {
      return failed("no_such_array", `payload ${payloadId} has no array ${JSON.stringify(key)}`);
    }
    return { ok: true, value: array.map((element: JsonValue) => itemOfText(JSON.stringify(element))) };
  }
}

/** Where the elements of the first array with this key are among the parts of a rope; null for a rope that has none. */
function arrayIn(rope: StoredRope, key: string): { readonly first: number; readonly end: number } | null {
  const frame = rope.frame();
  const opening = frame.findIndex(({ part }) => part.kind === "open" && part.text === key);
  const [open, close] = [frame[opening], frame[opening + 1]];
  if (open === undefined) return null;
  if (close !== undefined && close.part.kind !== "close")
    throw damaged(`a part of kind ${close.part.kind} is inside an array`);
  return { first: open.index + 1, end: close?.index ?? rope.length };
}

function statOf(
  row: { kind: PayloadKind | null; size_bytes: number | null } | undefined,
): PayloadStat | null {
  if (row === undefined || row.kind === null || row.size_bytes === null) return null;
  return { kind: row.kind, size_bytes: row.size_bytes };
}

/** An element that is a chunk. There may be very many, each for as long as the payloads are read. */
class ChunkItem implements PayloadItem {
  readonly contentId: string;
  readonly #chunk: number;
  readonly #textOf: (chunk: number) => string;

  constructor(contentId: string, chunk: number, textOf: (chunk: number) => string) {
    this.contentId = contentId;
    this.#chunk = chunk;
    this.#textOf = textOf;
  }

  value(): PayloadRead<JsonValue> {
    return total(() => this.#textOf(this.#chunk));
  }
}

function itemOfText(text: string): PayloadItem {
  return { contentId: hash("sha256", text, "hex"), value: () => total(() => text) };
}

function total(read: () => string): PayloadRead<JsonValue> {
  try {
    return { ok: true, value: parse(read()) };
  } catch (error) {
    return failed("invalid_payload", messageOf(error));
  }
}

function parse(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}

function failed(code: PayloadReadErrorCode, message: string): PayloadRead<never> {
  return { ok: false, code, message };
}

function damaged(what: string): TraceStoreError {
  return new TraceStoreError("damaged", what);
}
