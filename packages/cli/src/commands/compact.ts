import { statSync } from "node:fs";
import { compactTraceStore, recordingWriterState, TraceStoreError } from "@rollout-trace/trace/store";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { bytes, count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { wrapWords } from "../render/wrap.ts";
import { openStore, requireStore, storeError } from "./open-store.ts";
import { progressLine } from "./progress.ts";

export interface CompactCommandOptions {
  /** False: do not give the freed space back. Default: give it back unless somebody records into the store. */
  readonly vacuum?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface Compacted {
  readonly compressed_chunks: number;
  readonly file_bytes_before: number;
  readonly file_bytes_after: number;
  readonly vacuumed: boolean;
  /** Rollouts that are being recorded, for which the file was not rewritten. */
  readonly recording: number;
}

/**
 * Compresses what a store keeps and gives the freed space back. What is read of it stays the same. Throws `CliError`
 * `unknown_format`, `unreadable_source` or `unwritable_output`.
 */
export async function compactCommand(
  path: string,
  options: CompactCommandOptions,
  io: CommandIo,
): Promise<number> {
  await requireStore(path, "compact");
  const before = sizeOf(path);
  const recording = countRecording(path);
  const vacuum = options.vacuum !== false && recording === 0;
  const { compressedChunks } = compact(path, vacuum, io);
  const result: Compacted = {
    compressed_chunks: compressedChunks,
    file_bytes_before: before,
    file_bytes_after: sizeOf(path),
    vacuumed: vacuum,
    recording,
  };
  if (options.json === true) outJson(io, `${JSON.stringify(result, null, 1)}\n`);
  else io.out(page(wrapWords(told(path, result), io.columns), io));
  if (recording > 0 && options.vacuum !== false) {
    const who = recording === 1 ? "a rollout is" : `${recording} rollouts are`;
    io.err(
      `${path}: ${who} being recorded, so the file was not made shorter; what is recorded next fills it\n`,
    );
  }
  return EXIT.ok;
}

function compact(path: string, vacuum: boolean, io: CommandIo): ReturnType<typeof compactTraceStore> {
  using line = progressLine(io);
  try {
    return compactTraceStore(path, {
      vacuum,
      onProgress: ({ done, total }) =>
        line.show(() => `compressing: ${Math.floor((done * 100) / Math.max(1, total))} %`),
    });
  } catch (error) {
    throw storeError(error);
  }
}

/** Rollouts whose writer is there, or may be. */
function countRecording(path: string): number {
  using store = openStore(path);
  try {
    return store
      .rollouts()
      .filter(({ state, traceId }) => state === "recording" && recordingWriterState(path, traceId) !== "gone")
      .length;
  } catch (error) {
    if (error instanceof TraceStoreError && error.code === "unknown_rollout") return 1;
    throw storeError(error);
  }
}

/** With the log, which holds what is not in the file yet. */
function sizeOf(path: string): number {
  return [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function told(path: string, result: Compacted): string {
  const { compressed_chunks: chunks, file_bytes_before: before, file_bytes_after: after } = result;
  return `${escapeText(path)}: ${bytes(before)} → ${bytes(after)}; ${count(chunks, "chunk")} compressed`;
}
