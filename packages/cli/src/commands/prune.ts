import { type PruneProgress, type PruneResult, pruneTraceStore } from "@rollout-trace/trace/store";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { bytes, count, grouped, utc } from "../render/format.ts";
import { page } from "../render/page.ts";
import { wrapWords } from "../render/wrap.ts";
import { requireStore, storeError } from "./open-store.ts";
import { progressLine } from "./progress.ts";

export interface PruneCommandOptions {
  /** Rollouts whose last event is older go; microseconds since the epoch. */
  readonly olderThan: number;
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Why a rollout that is old enough was left. */
const REASONS = {
  recording: "it is being recorded",
  importing: "its import goes on, or was cut off; import it again",
  unknown_writer: "its recording was not closed, and its process is of another machine or container",
} as const;

/**
 * Removes old rollouts from a store. Throws `CliError` `unknown_format`, `unreadable_source` or `unwritable_output`.
 */
export async function pruneCommand(
  path: string,
  options: PruneCommandOptions,
  io: CommandIo,
): Promise<number> {
  await requireStore(path, "prune");
  const result = prune(path, options, io);
  if (options.json === true) outJson(io, `${JSON.stringify(asJson(result, options), null, 1)}\n`);
  else {
    const told = lines(path, result, options).flatMap((line) => wrapWords(line, io.columns));
    io.out(page(told, io));
  }
  return EXIT.ok;
}

function prune(path: string, { olderThan, dryRun }: PruneCommandOptions, io: CommandIo): PruneResult {
  using line = progressLine(io);
  try {
    return pruneTraceStore(path, {
      beforeUs: olderThan,
      dryRun,
      onProgress: (progress) => line.show(() => progressText(progress)),
    });
  } catch (error) {
    throw storeError(error);
  }
}

function progressText({ step, done, total }: PruneProgress): string {
  return `${step}: ${grouped(done)} of ${grouped(total)}`;
}

function asJson(result: PruneResult, { dryRun = false }: PruneCommandOptions): object {
  const plain = ({ rolloutId, traceId, lastTimeUs }: PruneResult["removed"][number]): object => ({
    rollout_id: rolloutId,
    trace_id: traceId,
    last_event_at_us: lastTimeUs,
  });
  return {
    dry_run: dryRun,
    removed: result.removed.map(plain),
    left: result.left.map((rollout) => ({ ...plain(rollout), reason: rollout.reason })),
    removed_chunks: result.removedChunks,
    removed_chunk_bytes: result.removedChunkBytes,
  };
}

function* lines(
  path: string,
  { removed, left, removedChunks, removedChunkBytes }: PruneResult,
  { dryRun }: PruneCommandOptions,
): Generator<string, void> {
  if (dryRun === true) {
    for (const { rolloutId, lastTimeUs } of removed) {
      yield `would go  ${utc(lastTimeUs)}  ${escapeText(rolloutId)}`;
    }
  }
  for (const { rolloutId, lastTimeUs, reason } of left) {
    yield `left      ${utc(lastTimeUs)}  ${escapeText(rolloutId)}: ${REASONS[reason]}`;
  }
  const what = `${count(removed.length, "rollout")} and ${count(removedChunks, "chunk")} (${bytes(removedChunkBytes)})`;
  yield `${escapeText(path)}: ${what} ${dryRun === true ? "would go" : "removed"}`;
}
