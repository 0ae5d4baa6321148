/**
 * What is remembered of a file that was imported, to tell later whether it is still the same, has grown, or was rewritten: its
 * size, its SHA-256, and a running checksum at the end of each line, by which an older copy is recognised and a difference has
 * a line number.
 */
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";

/** A file, or something like one, that a rollout was read from. */
export interface ImportInput {
  /** The same in every import, wherever the file lies. */
  readonly name: string;
  /** For a person. */
  readonly path: string;
  /** Its bytes from the beginning, a piece at a time. */
  read(): Iterable<Uint8Array>;
}

export interface Fingerprint {
  readonly sizeBytes: number;
  /** SHA-256. */
  readonly hash: Buffer;
  /** Of everything up to and with each newline. */
  readonly lines: Uint32Array;
}

/** How a file stands to what was imported of it. For `other`, the first line that differs, counted from 1. */
export type Comparison =
  | { readonly type: "same" | "grown" | "older" }
  | { readonly type: "other"; readonly line: number };

const NEWLINE = 0x0a;
const FIRST_LINES = 1024;
const EMPTY = new Uint8Array(0);

/** Reads a file through, and compares it with what is remembered of it. */
export function fingerprint(
  input: ImportInput,
  known: Fingerprint | null,
): { readonly fingerprint: Fingerprint; readonly comparison: Comparison } {
  const digest = createHash("sha256");
  const lines = new Checksums();
  let sizeBytes = 0;
  let hashOfKnownPart: Buffer | null = null;
  for (const piece of input.read()) {
    if (known !== null && hashOfKnownPart === null && sizeBytes + piece.length >= known.sizeBytes) {
      hashOfKnownPart = hashWith(digest, piece.subarray(0, known.sizeBytes - sizeBytes));
    }
    digest.update(piece);
    lines.add(piece);
    sizeBytes += piece.length;
  }
  // An empty file has no piece.
  if (known?.sizeBytes === 0) hashOfKnownPart ??= hashWith(digest, EMPTY);
  const made = { sizeBytes, hash: digest.digest(), lines: lines.values() };
  return { fingerprint: made, comparison: compare(made, known, hashOfKnownPart) };
}

function compare(made: Fingerprint, known: Fingerprint | null, part: Buffer | null): Comparison {
  if (known === null) return { type: "grown" };
  if (part !== null && part.equals(known.hash)) {
    return { type: made.sizeBytes === known.sizeBytes ? "same" : "grown" };
  }
  const common = Math.min(made.lines.length, known.lines.length);
  let line = 0;
  while (line < common && made.lines[line] === known.lines[line]) line += 1;
  // What is after the last newline of a shorter file was being written when it was copied.
  if (made.sizeBytes < known.sizeBytes && line > 0 && line === made.lines.length) return { type: "older" };
  return { type: "other", line: line + 1 };
}

function hashWith(digest: Hash, piece: Uint8Array): Buffer {
  return digest.copy().update(piece).digest();
}

class Checksums {
  #values = new Uint32Array(FIRST_LINES);
  #count = 0;
  #running = 0;

  add(piece: Uint8Array): void {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      this.#running = crc32(piece.subarray(from, end + 1), this.#running);
      this.#push(this.#running);
      from = end + 1;
    }
    if (from < piece.length) this.#running = crc32(piece.subarray(from), this.#running);
  }

  values(): Uint32Array {
    return this.#values.slice(0, this.#count);
  }

  #push(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Uint32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = value;
    this.#count += 1;
  }
}
