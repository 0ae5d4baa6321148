/**
 * Compressed files, unpacked into a temporary file in a stream, so that no size needs memory.
 *
 * Reading a source is synchronous and Node's streaming decompressors are not: a worker thread unpacks while this one waits.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as zlib from "node:zlib";
import { CliError } from "../errors.ts";

export type Compression = "gzip" | "zstd";

/** An unpacked file. Disposing of it closes and removes it. */
export interface Unpacked extends Disposable {
  readonly descriptor: number;
  /** Why there may be less than there was, in words; null when the whole file could be unpacked. */
  readonly damage: string | null;
}

/** What the worker is told, and where it answers: how far it is, then the length of a message, then the message. */
export interface UnpackTask {
  readonly from: string;
  readonly to: string;
  readonly compression: Compression;
  readonly maxBytes: number;
  readonly answer: SharedArrayBuffer;
}

/** No session comes near; a few kilobytes that unpack to a full disk do. */
const MAX_UNPACKED_BYTES = 2 ** 34;

/** Bytes for the message of an error. */
export const ANSWER_MESSAGE_BYTES = 1000;
/** Two 32-bit numbers come before the message. */
export const ANSWER_HEAD_BYTES = 8;

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** How the content that begins with `head` is compressed, by its magic number; null when it is not. */
export function compressionOf(head: Uint8Array): Compression | null {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ?? null;
}

/** The first bytes of a file, and what they unpack to where they are compressed. Throws what reading and unpacking throw. */
export function readHead(path: string, bytes: number): Buffer {
  const head = readStart(path, bytes);
  const compression = compressionOf(head);
  if (compression === null) return head;
  // A flush instead of an end: the rest of the file is not here.
  return compression === "gzip"
    ? zlib.gunzipSync(head, { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: HEAD_LIMIT })
    : zlib.zstdDecompressSync(head, {
        finishFlush: zlib.constants.ZSTD_e_flush,
        maxOutputLength: HEAD_LIMIT,
      });
}

/** The most that a head may unpack to: far beyond any honest ratio. */
const HEAD_LIMIT = 1 << 28;

function readStart(path: string, bytes: number): Buffer {
  const descriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readSync(descriptor, head, 0, bytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Unpacks a compressed file; null for one that is not compressed. Throws `CliError` `unreadable_source` when nothing can be unpacked. */
export function unpack(path: string): Unpacked | null {
  const compression = compressionOf(readStart(path, 4));
  if (compression === null) return null;
  const folder = mkdtempSync(join(tmpdir(), "rollout-trace-unpacked-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const to = join(folder, "unpacked");
    closeSync(openSync(to, "wx", 0o600));
    const damage = runWorker({ from: path, to, compression, maxBytes: MAX_UNPACKED_BYTES });
    const descriptor = openSync(to, "r");
    // What is open stays readable without its name, and goes with the process, however that ends.
    removeIfPossible(folder);
    return {
      descriptor,
      damage: damage === null ? null : `${compression}: ${damage}`,
      [Symbol.dispose]: () => {
        closeSync(descriptor);
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Some systems remove no file that is open. */
function removeIfPossible(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It is removed once it is closed.
  }
}

/** What went wrong, or null. */
function runWorker(task: Omit<UnpackTask, "answer">): string | null {
  const answer = new SharedArrayBuffer(ANSWER_HEAD_BYTES + ANSWER_MESSAGE_BYTES);
  const [extension] = /\.[jt]s$/.exec(import.meta.url) ?? [".js"];
  const worker = new Worker(new URL(`./compressed-worker${extension}`, import.meta.url), {
    workerData: { ...task, answer } satisfies UnpackTask,
  });
  const flags = new Int32Array(answer, 0, 2);
  // A worker that cannot start says nothing, and its error event would need this thread.
  if (Atomics.wait(flags, 0, UNPACK_WAITING, START_TIMEOUT_MS) === "timed-out") {
    void worker.terminate();
    throw new CliError("unreadable_source", `${task.from}: the thread that unpacks it did not start`);
  }
  Atomics.wait(flags, 0, UNPACK_STARTED);
  void worker.terminate();
  const length = flags[1] ?? 0;
  if (length === 0) return null;
  return Buffer.from(new Uint8Array(answer, ANSWER_HEAD_BYTES, length)).toString("utf8");
}

/** How far a worker is: the first number of its answer. */
export const UNPACK_WAITING = 0;
export const UNPACK_STARTED = 1;
export const UNPACK_DONE = 2;

/** A thread starts in a fraction of a second; a machine that swaps may take longer. */
const START_TIMEOUT_MS = 60_000;
