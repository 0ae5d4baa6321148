/**
 * Payload documents as ropes: the JSON text of a value, cut where other payloads are likely to repeat it.
 *
 * A document is cut at the elements of its model-facing arrays and at large values of its top level. Each piece is
 * compared with the piece at the same place of the previous document of its kind and thread; equal text gives the very
 * same `Part` object, so that everything after this works by identity and never hashes what did not change.
 */

/**
 * `text`: structure and small values. `value`: a large value of the top level. `item`: an element of a model-facing array,
 * without its comma. `open`: such an array begins, `text` is its key. `close`: it ends. The last two stand for no text.
 */
export type PartKind = "text" | "value" | "item" | "open" | "close";

/** A piece of a document. Two parts may have equal text; one part may occur in many documents. */
export interface Part {
  readonly kind: PartKind;
  readonly text: string;
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

/** UTF-16 units. Shorter values cost more as a chunk of their own (hash, row, index entry) than repeated in the rope. */
const MIN_VALUE_LENGTH = 256;

/** Bytes of UTF-8. A larger document is refused: building and writing it would hold the host up for a second or more. */
const MAX_SIZE = 64 * 1024 * 1024;

/** An array with more elements is not model-facing whatever its key; it stays one piece. */
const MAX_ITEMS = 100_000;

const CLOSE: Part = { kind: "close", text: "", size: 0 };
const NO_FIELDS: ReadonlyMap<string, number> = new Map();

/**
 * Cuts a value's JSON text. The parts joined, with commas between the items of an array, are the text that
 * `JSON.stringify` gives. Throws what `JSON.stringify` or a getter throws, `TypeError` for what has no JSON text, and
 * `RangeError` for more than 64 MiB.
 */
export function cutDocument(value: unknown, previous: RopeDocument | null): RopeDocument {
  if (isPlainObject(value)) return new Cutter(previous).cut(value);
  const text = jsonOf(value);
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON text`);
  const part = makePart(text.length >= MIN_VALUE_LENGTH ? "value" : "text", text);
  return { parts: [part], fields: NO_FIELDS, size: part.size, freshSize: part.size };
}

class Cutter {
  readonly #previous: RopeDocument | null;
  readonly #parts: Part[] = [];
  readonly #fields: Map<string, number> = new Map();
  #pending = "{";
  #size = 0;
  #freshSize = 0;

  constructor(previous: RopeDocument | null) {
    this.#previous = previous;
  }

  cut(value: Record<string, unknown>): RopeDocument {
    for (const key of Object.keys(value)) {
      const field = value[key];
      if (MODEL_FACING_ARRAYS.has(key) && isPlainArray(field)) this.#array(key, field);
      else this.#value(key, jsonOf(field));
    }
    this.#pending += "}";
    const last = this.#previous === null ? undefined : this.#previous.parts.length - 1;
    this.#push("text", this.#pending, last);
    return { parts: this.#parts, fields: this.#fields, size: this.#size, freshSize: this.#freshSize };
  }

  #value(key: string, text: string | undefined): void {
    if (text === undefined) return;
    this.#begin(key);
    if (text.length < MIN_VALUE_LENGTH) {
      this.#pending += text;
      return;
    }
    const before = this.#place(key);
    this.#push("value", text, before === undefined ? undefined : before + 1);
  }

  #array(key: string, items: readonly unknown[]): void {
    this.#begin(key);
    this.#pending += "[";
    const before = this.#place(key);
    this.#push("open", key, before === undefined ? undefined : before + 1);
    for (let index = 0; index < items.length; index += 1) {
      const text = jsonOf(items[index]) ?? "null";
      if (index > 0) this.#size += 1;
      this.#push("item", text, before === undefined ? undefined : before + 2 + index);
    }
    this.#parts.push(CLOSE);
    this.#pending = "]";
  }

  #begin(key: string): void {
    this.#pending += `${this.#pending === "{" && this.#parts.length === 0 ? "" : ","}${JSON.stringify(key)}:`;
  }

  /** Ends the text before a cut field, and gives the place of that text in the previous document. */
  #place(key: string): number | undefined {
    const before = this.#previous?.fields.get(key);
    this.#fields.set(key, this.#parts.length);
    this.#push("text", this.#pending, before);
    this.#pending = "";
    return before;
  }

  #push(kind: PartKind, text: string, before: number | undefined): void {
    const old = before === undefined ? undefined : this.#previous?.parts[before];
    const isSame = old !== undefined && old.kind === kind && old.text === text;
    const part = isSame ? old : makePart(kind, text);
    if (!isSame) this.#freshSize += part.size;
    this.#parts.push(part);
    this.#size += part.size;
    checkSize(this.#size);
  }
}

/** `JSON.stringify`, without beginning what is certain to be refused. */
function jsonOf(value: unknown): string | undefined {
  if (typeof value === "string") checkSize(value.length);
  const text = JSON.stringify(value) as string | undefined;
  checkSize(text?.length ?? 0);
  return text;
}

function checkSize(size: number): void {
  if (size > MAX_SIZE)
    throw new RangeError(`it has ${size} bytes or more, and at most ${MAX_SIZE} are recorded`);
}

function makePart(kind: PartKind, text: string): Part {
  return { kind, text, size: kind === "open" ? 0 : Buffer.byteLength(text) };
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
