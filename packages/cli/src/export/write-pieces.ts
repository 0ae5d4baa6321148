/**
 * Writes what an export makes, piece by piece, to a file or to stdout.
 *
 * A file is written beside its place and takes it in one step, so that it is whole or what it was before. Between pieces other
 * things get their turn, so that Ctrl-C and a closed pipe end a long export at once and leave nothing behind.
 */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CliError, EXIT, messageOf } from "../errors.ts";
import { progressLine } from "../commands/progress.ts";
import type { CommandIo } from "../io.ts";
import { bytes } from "../render/format.ts";

/** Text, or bytes of a format that is none. An export is all of one kind. */
export type Piece = string | Uint8Array;

/** Milliseconds of writing before others get a turn: a person's Ctrl-C should not seem to be ignored. */
const TURN_MS = 50;

/**
 * Writes the pieces to `output`, or to stdout where that is undefined. Gives `EXIT.ok`, or `EXIT.interrupted` after Ctrl-C, with
 * the file as it was before. Throws `CliError` `unwritable_output`.
 */
export async function writePieces(
  pieces: Iterable<Piece>,
  output: string | undefined,
  io: CommandIo,
): Promise<number> {
  const interrupted = io.untilInterrupted();
  if (output === undefined) {
    const isWhole = await writeAll(pieces, interrupted, io, (piece) => {
      if (typeof piece === "string") io.out(piece);
      else io.outBytes(piece);
    });
    return isWhole ? EXIT.ok : EXIT.interrupted;
  }
  try {
    return await writeFile(pieces, output, interrupted, io);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("unwritable_output", `${output}: ${messageOf(error)}`, { cause: error });
  }
}

async function writeFile(
  pieces: Iterable<Piece>,
  output: string,
  interrupted: AbortSignal,
  io: CommandIo,
): Promise<number> {
  const there = statSync(output, { throwIfNoEntry: false });
  // What is no regular file, such as a device, is written to and never replaced; a link stays a link.
  const isReplaced = there === undefined || there.isFile();
  const path = there === undefined || !isReplaced ? output : realpathSync(output);
  const written = isReplaced ? `${path}.${process.pid}.partial` : path;
  const file = openSync(written, isReplaced ? "wx" : "w");
  let isWhole = false;
  try {
    try {
      isWhole = await writeAll(pieces, interrupted, io, (piece) => writeWhole(file, piece));
    } finally {
      closeSync(file);
    }
    if (isWhole && isReplaced) renameSync(written, path);
  } catch (error) {
    isWhole = false;
    throw error;
  } finally {
    if (!isWhole && isReplaced) rmSync(written, { force: true });
  }
  return isWhole ? EXIT.ok : EXIT.interrupted;
}

/** A write may take less than it was given: to a pipe, or on the last block of a disk. */
function writeWhole(file: number, piece: Piece): void {
  const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

async function writeAll(
  pieces: Iterable<Piece>,
  interrupted: AbortSignal,
  io: CommandIo,
  write: (piece: Piece) => void,
): Promise<boolean> {
  using progress = progressLine(io);
  let written = 0;
  let turn = performance.now();
  for (const piece of joined(pieces)) {
    write(piece);
    written += piece.length;
    progress.show(() => `writing: ${bytes(written)}`);
    if (performance.now() - turn < TURN_MS) continue;
    await nextTurn();
    if (interrupted.aborted) return false;
    turn = performance.now();
  }
  return true;
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
