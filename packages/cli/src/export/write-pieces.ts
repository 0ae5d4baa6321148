/**
 * Writes a result, piece by piece, to a file or to stdout.
 *
 * A file is whole or what it was before. Between pieces other things get their turn, so that Ctrl-C and a closed pipe end a long
 * export at once and leave nothing behind.
 */
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CliError, messageOf } from "../errors.ts";
import { progressLine } from "../commands/progress.ts";
import { Turns, undoneBySignal, Unfinished } from "../commands/unfinished.ts";
import type { CommandIo } from "../io.ts";
import { bytes } from "../render/format.ts";

/** Text, or bytes of a format that is none. A result is all of one kind. */
export type Piece = string | Uint8Array;

/**
 * Writes the pieces to `output`, or to stdout where that is undefined. Gives the number of bytes. Throws `CliError`
 * `unwritable_output`, with the file as it was before.
 */
export async function writePieces(
  pieces: Iterable<Piece>,
  output: string | undefined,
  io: CommandIo,
): Promise<number> {
  if (output === undefined) {
    return await writeAll(pieces, io, (piece) => {
      if (typeof piece === "string") io.out(piece);
      else io.outBytes(piece);
    });
  }
  try {
    // What is no regular file, such as a device, is written to and never replaced.
    if (statSync(output, { throwIfNoEntry: false })?.isFile() === false)
      return await writeFile(pieces, openSync(output, "w"), io);
    using unfinished = new Unfinished(output);
    using _undoing = undoneBySignal(() => unfinished[Symbol.dispose]());
    const written = await writeFile(pieces, unfinished.openFile(), io);
    // A signal that came meanwhile is heard before the file takes its place.
    await nextTurn();
    unfinished.finish();
    return written;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("unwritable_output", `${output}: ${messageOf(error)}`, { cause: error });
  }
}

/** Closes the file. */
async function writeFile(pieces: Iterable<Piece>, file: number, io: CommandIo): Promise<number> {
  try {
    return await writeAll(pieces, io, (piece) => writeWhole(file, piece));
  } finally {
    closeSync(file);
  }
}

/** A write may take less than it was given: to a pipe, or on the last block of a disk. */
function writeWhole(file: number, piece: Piece): void {
  const whole = typeof piece === "string" ? Buffer.from(piece) : piece;
  for (let done = 0; done < whole.length;) done += writeSync(file, whole, done);
}

/** Gives the number of bytes. */
async function writeAll(
  pieces: Iterable<Piece>,
  io: CommandIo,
  write: (piece: Piece) => void,
): Promise<number> {
  using progress = progressLine(io);
  const turns = new Turns();
  let written = 0;
  for (const piece of joined(pieces)) {
    write(piece);
    written += Buffer.byteLength(piece);
    progress.show(() => `writing: ${bytes(written)}`);
    await turns.offer();
  }
  return written;
}

/** Bytes or characters that are written at once: a packet or a line is a few hundred. */
const JOINED = 1 << 16;

/** The same, in larger pieces. */
function* joined(pieces: Iterable<Piece>): Generator<Piece, void, undefined> {
  let text = "";
  let bytes: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") text += piece;
    else {
      bytes.push(piece);
      length += piece.length;
    }
    if (text.length >= JOINED) {
      yield text;
      text = "";
    }
    if (length >= JOINED) {
      yield Buffer.concat(bytes);
      bytes = [];
      length = 0;
    }
  }
  if (text !== "") yield text;
  if (length > 0) yield Buffer.concat(bytes);
}
