/**
 * One log file of JSON lines, read in pieces and by line number, so that a file of any size costs its line offsets and a
 * few parsed lines of memory.
 *
 * What is read is the file as it was when it was opened: lines that are appended later are not seen, so two passes give the
 * same lines. A compressed file is unpacked beside the other temporary files first.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { JsonValue } from "@rollout-trace/protocol";
import type { ImportInput } from "@rollout-trace/trace";
import { CliError, messageOf } from "../../errors.ts";
import { unpack, type Unpacked } from "../compressed.ts";
import { OffsetTable } from "./offset-table.ts";
import { ValueCache } from "./value-cache.ts";

/** A line of a log. Empty lines are not given. */
export interface LogLine {
  /** Counted from 1, as an editor does. */
  readonly number: number;
  /** Bytes of the line, without its newline. */
  readonly bytes: number;
  /** Whether the line ended with a newline: a last line without one may have been cut off while being written. */
  readonly terminated: boolean;
  /** What the line says, or in words why it cannot be read. */
  readonly content: LineContent;
}

export type LineContent =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly message: string };

/** A line as `read` reads it, or in words why it is `none`, such as "no record of a log". */
export function readAs<Read extends object>(
  { content, terminated }: LogLine,
  read: (value: JsonValue) => Read | string,
  none: string,
): Read | string {
  if (!content.ok) {
    return `${content.message}${terminated ? "" : "; the last line was cut off while it was being written"}`;
  }
  const value = read(content.value);
  return typeof value === "string" ? `${none}: ${value}` : value;
}

/** Big enough that a pass is not made of system calls, small enough not to matter. */
const PIECE_BYTES = 1 << 18;

/** Longer lines are not read: V8 has no strings beyond 512 MiB, and no session has had a line of a tenth of this. */
const MAX_LINE_BYTES = 1 << 28;

const NEWLINE = 0x0a;
const UTF8_BOM = "\uFEFF";

export class LogFile implements Disposable {
  readonly path: string;
  /** Why the file ends before its end, for a compressed file that is damaged. */
  readonly damage: string | null;
  readonly #descriptor: number;
  readonly #size: number;
  readonly #unpacked: Unpacked | null;
  readonly #offsets = new OffsetTable();
  readonly #cache = new ValueCache();
  /** Whether the place of every line is known. */
  #isRead = false;

  /** Opens a file, compressed (gzip, zstd) or not. Throws `CliError` `unreadable_source`. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#unpacked = unpack(path);
      this.damage = this.#unpacked?.damage ?? null;
      this.#descriptor = this.#unpacked?.descriptor ?? openSync(path, "r");
      this.#size = fstatSync(this.#descriptor).size;
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** The file as an import remembers it. `name` is the same wherever it lies. */
  input(name: string): ImportInput {
    return { name, path: this.path, read: () => this.#pieces() };
  }

  *#pieces(): Generator<Buffer, void, undefined> {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = 0; at < this.#size;) {
      const length = readSync(this.#descriptor, piece, 0, Math.min(PIECE_BYTES, this.#size - at), at);
      if (length === 0) return;
      yield piece.subarray(0, length);
      at += length;
    }
  }

  /** The lines in order. */
  *lines(): Generator<LogLine, void, undefined> {
    let number = 1;
    for (const { offset, bytes, terminated, text } of this.#split()) {
      this.#offsets.set(number, offset, bytes);
      const content = typeof text === "string" ? parse(number === 1 ? withoutBom(text) : text) : text;
      if (typeof text !== "string" || text.trim() !== "") {
        if (content.ok) this.#cache.set(number, content.value, bytes);
        yield { number, bytes, terminated, content };
      }
      number += 1;
    }
    this.#isRead = true;
  }

  /** What a line says. */
  content(number: number): LineContent {
    const cached = this.#cache.get(number);
    if (cached !== undefined) return { ok: true, value: cached };
    const place = this.#placeOf(number);
    if (place === null) return { ok: false, message: `there is no line ${number}` };
    const text = this.#read(place.offset, place.bytes).toString("utf8");
    const content = parse(number === 1 ? withoutBom(text) : text);
    if (content.ok) this.#cache.set(number, content.value, place.bytes);
    return content;
  }

  /** Bytes of a line; 0 for one that is not there. */
  lineBytes(number: number): number {
    return this.#placeOf(number)?.bytes ?? 0;
  }

  /** Where a line is. One that no pass has come to yet, such as the metadata of a thread that is told of first, is looked for. */
  #placeOf(number: number): ReturnType<OffsetTable["get"]> {
    const known = this.#offsets.get(number);
    if (known !== null || this.#isRead) return known;
    let at = 1;
    for (const { offset, bytes } of this.#split()) {
      this.#offsets.set(at, offset, bytes);
      if (at === number) return { offset, bytes };
      at += 1;
    }
    this.#isRead = true;
    return null;
  }

  [Symbol.dispose](): void {
    if (this.#unpacked === null) closeSync(this.#descriptor);
    else this.#unpacked[Symbol.dispose]();
  }

  *#split(): Generator<RawLine, void, undefined> {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let parts: Buffer[] = [];
    let start = 0;
    let bytes = 0;
    for (let at = 0; at < this.#size;) {
      const length = readSync(this.#descriptor, piece, 0, Math.min(PIECE_BYTES, this.#size - at), at);
      if (length === 0) break;
      let from = 0;
      while (from < length) {
        const newline = piece.subarray(0, length).indexOf(NEWLINE, from);
        const end = newline === -1 ? length : newline;
        bytes += end - from;
        // What is too long is counted and not kept.
        if (bytes > MAX_LINE_BYTES) parts = [];
        else parts.push(newline === -1 ? Buffer.from(piece.subarray(from, end)) : piece.subarray(from, end));
        from = end + 1;
        if (newline === -1) break;
        yield { offset: start, bytes, terminated: true, text: textOf(parts, bytes) };
        start = at + from;
        bytes = 0;
        parts = [];
      }
      at += length;
    }
    if (bytes > 0) yield { offset: start, bytes, terminated: false, text: textOf(parts, bytes) };
  }

  #read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const length = readSync(this.#descriptor, buffer, filled, bytes - filled, offset + filled);
      if (length === 0) break;
      filled += length;
    }
    return buffer.subarray(0, filled);
  }
}

interface RawLine {
  readonly offset: number;
  readonly bytes: number;
  readonly terminated: boolean;
  readonly text: string | (LineContent & { readonly ok: false });
}

function textOf(parts: readonly Buffer[], bytes: number): RawLine["text"] {
  if (bytes > MAX_LINE_BYTES) {
    return { ok: false, message: `the line has ${bytes} bytes; lines of up to ${MAX_LINE_BYTES} are read` };
  }
  const [only] = parts;
  return (parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)).toString("utf8");
}

function parse(text: string): LineContent {
  try {
    return { ok: true, value: JSON.parse(text) as JsonValue };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

function withoutBom(text: string): string {
  return text.startsWith(UTF8_BOM) ? text.slice(UTF8_BOM.length) : text;
}
