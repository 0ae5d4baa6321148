/**
 * Payload documents as ropes: the JSON text of a value, cut where other payloads are likely to repeat it.
 *
 * A document is cut at the elements of its model-facing arrays and at large values of its top level. Each piece is
 * compared with the piece at the same place of the previous document of its kind and thread; equal text gives the very
 * same `Part` object, so that everything after this works by identity and never hashes what did not change.
 *
 * What is cut is the redacted text; the text before is kept in memory for comparing, so that what is repeated is neither
 * looked through for secrets nor hashed again.
 */
import type { Redactor } from "../redact/redactor.ts";

/**
 * `text`: structure and small values. `value`: a large value of the top level. `item`: an element of a model-facing array,
 * without its comma. `open`: such an array begins, `text` is its key. `close`: it ends. The last two stand for no text.
 */
export type PartKind = "text" | "value" | "item" | "open" | "close";

/** A piece of a document. Two parts may have equal text; one part may occur in many documents. */
export interface Part {
  readonly kind: PartKind;
  readonly text: string;
  /** The text before redaction. Never stored. */
  readonly raw: string;
  /** Bytes of UTF-8 that the part stands for. */
  readonly size: number;
}

export interface RopeDocument {
  readonly parts: readonly Part[];
  /** For each cut key the index of the text part before it. */
  readonly fields: ReadonlyMap<string, number>;
  /** Bytes of UTF-8 of the whole text. */
  readonly size: number;
  /** Bytes of UTF-8 of the parts that the previous document did not have. */
  readonly freshSize: number;
}

/** Arrays whose elements a model sees, in every dialect, and that later payloads repeat. */
const MODEL_FACING_ARRAYS: ReadonlySet<string> = new Set([
  "input",
  "messages",
  "output",
  "output_items",
  "content",
  "choices",
  "tools",
  "input_history",
  "replacement_history",
]);

/**
 * UTF-16 units. Shorter values cost more as a chunk of their own (hash, row, index entry) than repeated in the rope. Where
 * there is no model-facing array beside them, hardly any document repeats them.
 */
const MIN_VALUE_LENGTH = Object.freeze({ besideArrays: 256, alone: 4096 });

/** Bytes of UTF-8. A larger document is refused: building and writing it would hold the host up for a second or more. */
const MAX_SIZE = 64 * 1024 * 1024;

/** An array with more elements is not model-facing whatever its key; it stays one piece. */
const MAX_ITEMS = 100_000;

const CLOSE: Part = { kind: "close", text: "", raw: "", size: 0 };
const NO_FIELDS: ReadonlyMap<string, number> = new Map();

/**
 * Cuts a value's JSON text. The parts joined, with commas between the items of an array, are the text that
 * `JSON.stringify` gives, redacted. Throws what `JSON.stringify`, a getter or the redactor throws, `TypeError` for what has no
 * JSON text, and `RangeError` for more than 64 MiB.
 */
export function cutDocument(value: unknown, previous: RopeDocument | null, redactor: Redactor): RopeDocument {
  if (isPlainObject(value)) return new Cutter(previous, redactor).cut(value);
  const raw = jsonOf(value);
  if (raw === undefined) throw new TypeError(`a ${typeof value} has no JSON text`);
  const text = redactor.value(raw, []);
  const part = makePart(text.length >= MIN_VALUE_LENGTH.alone ? "value" : "text", text, text);
  return { parts: [part], fields: NO_FIELDS, size: part.size, freshSize: part.size };
}

class Cutter {
  readonly #previous: RopeDocument | null;
  readonly #redactor: Redactor;
  readonly #parts: Part[] = [];
  readonly #fields: Map<string, number> = new Map();
  #minValueLength: number = MIN_VALUE_LENGTH.alone;
  #pending = "{";
  #size = 0;
  #freshSize = 0;

  constructor(previous: RopeDocument | null, redactor: Redactor) {
    this.#previous = previous;
    this.#redactor = redactor;
  }

  cut(value: Record<string, unknown>): RopeDocument {
    const hasArrays = Object.keys(value).some((key) => MODEL_FACING_ARRAYS.has(key));
    this.#minValueLength = hasArrays ? MIN_VALUE_LENGTH.besideArrays : MIN_VALUE_LENGTH.alone;
    for (const key of Object.keys(value)) {
      const field = value[key];
      if (MODEL_FACING_ARRAYS.has(key) && isPlainArray(field)) this.#array(key, field);
      else this.#value(key, jsonOf(field));
    }
    this.#pending += "}";
    const last = this.#previous === null ? undefined : this.#previous.parts.length - 1;
    this.#pushText(last);
    return { parts: this.#parts, fields: this.#fields, size: this.#size, freshSize: this.#freshSize };
  }

  #value(name: string, raw: string | undefined): void {
    if (raw === undefined) return;
    if (raw.length < this.#minValueLength) {
      const [key, text] = this.#redactor.field(name, raw);
      this.#begin(key);
      this.#pending += text;
      return;
    }
    const before = this.#previous?.fields.get(name);
    const old = this.#old("value", raw, before === undefined ? undefined : before + 1);
    const [key, text] =
      old === null ? this.#redactor.field(name, raw) : [this.#redactor.field(name, "0")[0], ""];
    this.#begin(key);
    this.#place(name);
    this.#push(old ?? makePart("value", text, raw), old === null);
  }

  #array(name: string, items: readonly unknown[]): void {
    this.#begin(JSON.stringify(name));
    this.#pending += "[";
    const before = this.#place(name);
    const open = this.#old("open", name, before === undefined ? undefined : before + 1);
    this.#push(open ?? makePart("open", name, name), open === null);
    for (let index = 0; index < items.length; index += 1) {
      if (index > 0) this.#size += 1;
      this.#item(name, index, jsonOf(items[index]) ?? "null", before);
    }
    this.#parts.push(CLOSE);
    this.#pending = "]";
  }

  #item(name: string, index: number, raw: string, before: number | undefined): void {
    const old = this.#old("item", raw, before === undefined ? undefined : before + 2 + index);
    if (old !== null) return this.#push(old, false);
    this.#push(makePart("item", this.#redactor.value(raw, [name, String(index)]), raw), true);
  }

  /** `key` is JSON text. */
  #begin(key: string): void {
    this.#pending += `${this.#pending === "{" && this.#parts.length === 0 ? "" : ","}${key}:`;
  }

  /** Ends the text before a cut field, and gives the place of that text in the previous document. */
  #place(name: string): number | undefined {
    const before = this.#previous?.fields.get(name);
    this.#fields.set(name, this.#parts.length);
    this.#pushText(before);
    return before;
  }

  /** What is pending was redacted field by field. */
  #pushText(before: number | undefined): void {
    const text = this.#pending;
    this.#pending = "";
    const old = this.#old("text", text, before);
    this.#push(old ?? makePart("text", text, text), old === null);
  }

  /** The part at this place of the previous document, when it is the same. */
  #old(kind: PartKind, raw: string, before: number | undefined): Part | null {
    const old = before === undefined ? undefined : this.#previous?.parts[before];
    return old !== undefined && old.kind === kind && old.raw === raw ? old : null;
  }

  #push(part: Part, isFresh: boolean): void {
    if (isFresh) this.#freshSize += part.size;
    this.#parts.push(part);
    this.#size += part.size;
    checkSize(this.#size);
  }
}

/** `JSON.stringify`, without beginning what is certain to be refused. */
function jsonOf(value: unknown): string | undefined {
  if (typeof value === "string") checkSize(value.length);
  // Each element takes at least a digit and a comma. A buffer would be taken to pieces, byte by byte.
  if (Array.isArray(value)) checkSize(2 * value.length);
  if (ArrayBuffer.isView(value)) checkSize(2 * value.byteLength);
  const text = JSON.stringify(value) as string | undefined;
  checkSize(text?.length ?? 0);
  return text;
}

function checkSize(size: number): void {
  if (size > MAX_SIZE)
    throw new RangeError(`it has ${size} bytes or more, and at most ${MAX_SIZE} are recorded`);
}

function makePart(kind: PartKind, text: string, raw: string): Part {
  return { kind, text, raw: raw === text ? text : raw, size: kind === "open" ? 0 : Buffer.byteLength(text) };
}

/** Whether the walk over own keys gives what `JSON.stringify` would: anything else is left to it. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return typeof (value as { toJSON?: unknown }).toJSON !== "function";
}

function isPlainArray(value: unknown): value is readonly unknown[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_ITEMS &&
    typeof (value as { toJSON?: unknown }).toJSON !== "function"
  );
}

/** The part at `index` and everything after it up to the next cut field: the unit in which documents are compared. */
export interface Segment {
  readonly key: string | null;
  readonly start: number;
  readonly end: number;
}

/** The segments of a document in order; the last one has the key null. */
export function segmentsOf(document: RopeDocument): readonly Segment[] {
  const segments: Segment[] = [];
  let open: { key: string; start: number } | null = null;
  for (const [key, start] of document.fields) {
    if (open !== null) segments.push({ ...open, end: start });
    open = { key, start };
  }
  const last = document.parts.length - 1;
  if (open !== null) segments.push({ ...open, end: last });
  segments.push({ key: null, start: last, end: last + 1 });
  return segments;
}
