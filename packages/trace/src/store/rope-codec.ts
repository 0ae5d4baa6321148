/**
 * The bytes of `payloads.rope`: a sequence of operations, each a tag byte followed by unsigned LEB128 numbers and bytes.
 *
 * | tag | operation | operands |
 * |---|---|---|
 * | 1 | copy parts of the base payload | first part, number of parts |
 * | 2 | text | length, bytes |
 * | 3 | value in a chunk | chunk |
 * | 4 | array item in a chunk | chunk |
 * | 5 | array item, inline | length, bytes |
 * | 6 | a model-facing array begins | length, bytes of its key |
 * | 7 | it ends | |
 *
 * Commas between the items of an array are not stored.
 */
import { TraceStoreError } from "../trace-store-error.ts";
import { type Part, type RopeDocument, segmentsOf } from "./rope.ts";
import { type StoredPart, StoredRope } from "./stored-rope.ts";

const COPY = 1;
const TEXT = 2;
const VALUE = 3;
const ITEM = 4;
const INLINE_ITEM = 5;
const OPEN = 6;
const CLOSE = 7;

/** Bytes. Below this a chunk's row, hash and index entry cost more than repeating the item. */
const MIN_CHUNK_SIZE = 64;

/** A rope with more parts is not one that this package wrote: it cuts up few arrays, of bounded length. */
const MAX_PARTS = 2_000_000;

/** Encodes `document`, as changes to `base` where there is one. `intern` gives the chunk of a part that needs one. */
export function encodeRope(
  document: RopeDocument,
  base: RopeDocument | null,
  intern: (part: Part) => number,
): Buffer {
  const out = new RopeWriter(document.parts.length === 1 ? document.size : 0);
  for (const segment of segmentsOf(document)) {
    const old =
      base === null ? undefined : segment.key === null ? base.parts.length - 1 : base.fields.get(segment.key);
    for (let index = segment.start; index < segment.end; index += 1) {
      const part = document.parts[index] as Part;
      const before = old === undefined ? -1 : old + index - segment.start;
      if (before >= 0 && base?.parts[before] === part) out.copy(before);
      else encodePart(out, part, intern);
    }
  }
  return out.finish();
}

function encodePart(out: RopeWriter, part: Part, intern: (part: Part) => number): void {
  switch (part.kind) {
    case "text":
      return out.bytes(TEXT, part.text, part.size);
    case "value":
      return out.number(VALUE, intern(part));
    case "item":
      return part.size < MIN_CHUNK_SIZE
        ? out.bytes(INLINE_ITEM, part.text, part.size)
        : out.number(ITEM, intern(part));
    case "open":
      return out.bytes(OPEN, part.text, Buffer.byteLength(part.text));
    case "close":
      return out.tag(CLOSE);
  }
}

/** Joins adjacent copies, so that a document which only grew takes a few bytes however long it is. */
class RopeWriter {
  #buffer: Buffer;
  #length = 0;
  #copyStart = 0;
  #copyCount = 0;

  /** `size` is that of the text to come, where it is known. */
  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size + 256);
  }

  copy(index: number): void {
    if (this.#copyCount > 0 && index === this.#copyStart + this.#copyCount) {
      this.#copyCount += 1;
      return;
    }
    this.#endCopy();
    this.#copyStart = index;
    this.#copyCount = 1;
  }

  tag(tag: number): void {
    this.#endCopy();
    this.#reserve(1);
    this.#buffer[this.#length] = tag;
    this.#length += 1;
  }

  number(tag: number, value: number): void {
    this.tag(tag);
    this.#varint(value);
  }

  /** `size` is that of `text`. */
  bytes(tag: number, text: string, size: number): void {
    this.tag(tag);
    this.#varint(size);
    this.#reserve(size);
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  finish(): Buffer {
    this.#endCopy();
    return this.#buffer.subarray(0, this.#length);
  }

  #endCopy(): void {
    if (this.#copyCount === 0) return;
    const [start, count] = [this.#copyStart, this.#copyCount];
    this.#copyCount = 0;
    this.number(COPY, start);
    this.#varint(count);
  }

  #varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length] = (rest % 0x80) + 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const CLOSE_PART: StoredPart = { kind: "close", chunk: null, text: "", item: null };

/** Decodes a rope over its base. Throws `TraceStoreError` (`damaged`) for bytes that are not a rope. */
export function decodeRope(rope: Buffer, base: StoredRope | null): StoredRope {
  const reader = new RopeReader(rope);
  const own: StoredPart[] = [];
  let shared = 0;
  while (!reader.atEnd) {
    const tag = reader.byte();
    if (tag === COPY) {
      const start = reader.varint();
      const end = start + reader.varint();
      if (end > (base?.length ?? 0))
        throw damaged(`copies parts up to ${end} of a base with ${base?.length ?? 0}`);
      if (shared + own.length + end - start > MAX_PARTS) throw damaged(`more than ${MAX_PARTS} parts`);
      if (start === 0 && shared === 0 && own.length === 0) shared = end;
      else for (const part of base?.slice(start, end) ?? []) own.push(part);
    } else own.push(decodePart(reader, tag));
    if (shared + own.length > MAX_PARTS) throw damaged(`more than ${MAX_PARTS} parts`);
  }
  return new StoredRope({ base, shared, own });
}

function decodePart(reader: RopeReader, tag: number): StoredPart {
  switch (tag) {
    case TEXT:
      return { kind: "text", chunk: null, text: reader.text(), item: null };
    case VALUE:
      return { kind: "value", chunk: reader.varint(), text: "", item: null };
    case ITEM:
      return { kind: "item", chunk: reader.varint(), text: "", item: null };
    case INLINE_ITEM:
      return { kind: "item", chunk: null, text: reader.text(), item: null };
    case OPEN:
      return { kind: "open", chunk: null, text: reader.text(), item: null };
    case CLOSE:
      return CLOSE_PART;
    default:
      throw damaged(`unknown operation ${tag}`);
  }
}

/** The chunks that a rope names itself; those of its base are named by the base. Throws like `decodeRope`. */
export function* chunksNamedIn(rope: Buffer): Generator<number, void> {
  for (const reader = new RopeReader(rope); !reader.atEnd;) {
    switch (reader.byte()) {
      case VALUE:
      case ITEM:
        yield reader.varint();
        break;
      case COPY:
        reader.varint();
        reader.varint();
        break;
      case TEXT:
      case INLINE_ITEM:
      case OPEN:
        reader.skip(reader.varint());
        break;
      case CLOSE:
        break;
      default:
        throw damaged("has an unknown operation");
    }
  }
}

class RopeReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw damaged("ends within an operation");
    this.#at += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value;
    }
    throw damaged("has a number that is too large");
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) throw damaged("ends within a text");
    this.#at += count;
  }

  text(): string {
    const end = this.varint() + this.#at;
    if (end > this.#bytes.length) throw damaged("ends within a text");
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return text;
  }
}

function damaged(what: string): TraceStoreError {
  return new TraceStoreError("damaged", `a payload's rope ${what}`);
}
