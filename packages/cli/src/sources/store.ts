/** A rollout of a store. */
import type { RolloutSource } from "@rollout-trace/protocol";
import { readTraceStore, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace";
import { CliError } from "../errors.ts";
import { utc } from "../render/format.ts";

/** Rollouts named in a message when none was chosen. */
const NAMED = 10;

/** Opens a store for reading and one rollout of it: the one named, `latest`, or the only one. */
export function openStoreRollout(
  path: string,
  wanted: string | undefined,
): Disposable & { readonly rollout: RolloutSource } {
  const store = openReader(path);
  try {
    const rollout = store.openRollout(chooseRollout(path, store, wanted));
    return { rollout, [Symbol.dispose]: () => store.close() };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** How each rollout of a store is opened, oldest first. Throws `CliError` `unreadable_source`. */
export function storeRollouts(
  path: string,
): readonly (() => Disposable & { readonly rollout: RolloutSource })[] {
  using store = openReader(path);
  // By trace id: a rollout that was recorded twice is two recordings.
  return store.rollouts().map(({ traceId }) => () => {
    const reader = openReader(path);
    return { rollout: reader.openRollout(traceId), [Symbol.dispose]: () => reader.close() };
  });
}

function openReader(path: string): TraceStoreReader {
  try {
    return readTraceStore(path);
  } catch (error) {
    if (error instanceof TraceStoreError) {
      throw new CliError("unreadable_source", error.message, { cause: error });
    }
    throw error;
  }
}

/** The trace id of the rollout named, `latest`, or the only one. Throws `CliError` `unknown_rollout` or `ambiguous_rollout`. */
export function chooseRollout(path: string, store: TraceStoreReader, wanted: string | undefined): string {
  // Oldest first.
  const rollouts = store.rollouts();
  const latest = rollouts.at(-1);
  if (latest === undefined) throw new CliError("unknown_rollout", `${path}: the store holds no rollout yet`);
  if (wanted === "latest" || (wanted === undefined && rollouts.length === 1)) return latest.traceId;
  const listed = rollouts
    .slice(-NAMED)
    .map((rollout) => `\n  ${rollout.rolloutId}  ${utc(rollout.startedTimeUs)}`)
    .join("");
  const more = rollouts.length > NAMED ? `\n  … and ${rollouts.length - NAMED} older` : "";
  if (wanted === undefined) {
    throw new CliError(
      "ambiguous_rollout",
      `${path}: holds ${rollouts.length} rollouts; choose one with --rollout ID or --rollout latest:${listed}${more}`,
    );
  }
  const found = rollouts.findLast(({ rolloutId, traceId }) => rolloutId === wanted || traceId === wanted);
  if (found !== undefined) return found.traceId;
  throw new CliError("unknown_rollout", `${path}: no rollout ${wanted}; it holds:${listed}${more}`);
}
