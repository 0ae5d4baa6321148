/** A rollout of a store. */
import { closeSync, openSync, readSync } from "node:fs";
import type { RolloutSource } from "@rollout-trace/protocol";
import { readTraceStore, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace/store";
import { CliError } from "../errors.ts";
import { namedRollouts, rolloutsCalled } from "./named-rollouts.ts";

/** The first bytes of every SQLite database file (SQLite file format, section 1.3). */
const SQLITE_HEAD = "SQLite format 3\0";

/** Whether the file is one of SQLite. Throws what opening and reading it throw. */
export function isStoreFile(path: string): boolean {
  const descriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(SQLITE_HEAD.length);
    const length = readSync(descriptor, head, 0, head.length, 0);
    return head.toString("latin1", 0, length) === SQLITE_HEAD;
  } finally {
    closeSync(descriptor);
  }
}

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
    throw asUnreadable(error);
  }
}

/** A rollout of a store that can be opened. */
interface StoreRollout {
  readonly path: string;
  readonly format: "store";
  readonly rolloutId: string;
  readonly traceId: string;
  readonly startedTimeUs: number;
  readonly open: () => Disposable & { readonly rollout: RolloutSource };
}

/** The rollouts of a store, oldest first. Throws `CliError` `unreadable_source` or `unknown_format`. */
export function storeRollouts(path: string): readonly StoreRollout[] {
  using store = openReader(path);
  let rollouts: ReturnType<TraceStoreReader["rollouts"]>;
  try {
    rollouts = store.rollouts();
  } catch (error) {
    throw asUnreadable(error);
  }
  // By trace id: a rollout that was recorded twice is two recordings.
  return rollouts.map(({ rolloutId, traceId, startedTimeUs }) => ({
    path,
    format: "store",
    rolloutId,
    traceId,
    startedTimeUs,
    open: () => {
      const reader = openReader(path);
      return { rollout: reader.openRollout(traceId), [Symbol.dispose]: () => reader.close() };
    },
  }));
}

function openReader(path: string): TraceStoreReader {
  try {
    return readTraceStore(path);
  } catch (error) {
    throw asUnreadable(error);
  }
}

function asUnreadable(error: unknown): unknown {
  if (!(error instanceof TraceStoreError)) return error;
  const code = error.code === "not_a_store" ? "unknown_format" : "unreadable_source";
  return new CliError(code, error.message, { cause: error });
}

/** The trace id of the rollout named, `latest`, or the only one. Throws `CliError` `unknown_rollout` or `ambiguous_rollout`. */
export function chooseRollout(path: string, store: TraceStoreReader, wanted: string | undefined): string {
  // Oldest first.
  const rollouts = store.rollouts();
  const latest = rollouts.at(-1);
  if (latest === undefined) throw new CliError("unknown_rollout", `${path}: the store holds no rollout yet`);
  if (wanted === "latest" || (wanted === undefined && rollouts.length === 1)) return latest.traceId;
  const listed = namedRollouts(rollouts);
  if (wanted === undefined) {
    throw new CliError(
      "ambiguous_rollout",
      `${path}: holds ${rollouts.length} rollouts; choose one with --rollout ID or --rollout latest:${listed}`,
    );
  }
  const found = rolloutsCalled(path, rollouts, wanted).at(-1);
  if (found !== undefined) return found.traceId;
  throw new CliError("unknown_rollout", `${path}: no rollout ${wanted}; it holds:${listed}`);
}
