/** Lines of a file, read in pieces so that a file of any size costs one line of memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** Whether the line ended with a newline: a last line without one may have been cut off while being written. */
  readonly terminated: boolean;
}

const PIECE_BYTES = 1 << 16;

/** A file's bytes, in a buffer that the next piece takes. */
export function* readPieces(file: string): Generator<Buffer, void, undefined> {
  const descriptor = openSync(file, "r");
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (;;) {
      const length = readSync(descriptor, piece, 0, PIECE_BYTES, null);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The lines of a UTF-8 file. Bytes that are not UTF-8 come out as U+FFFD. Empty lines are given too. */
export function* readLines(file: string): Generator<Line, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let number = 1;
  let parts: string[] = [];
  for (const piece of readPieces(file)) {
    const text = decoder.write(piece);
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      parts.push(text.slice(from, end));
      yield { number, text: parts.join(""), terminated: true };
      parts = [];
      number += 1;
      from = end + 1;
    }
    if (from < text.length) parts.push(text.slice(from));
  }
  const rest = parts.join("") + decoder.end();
  if (rest !== "") yield { number, text: rest, terminated: false };
}
