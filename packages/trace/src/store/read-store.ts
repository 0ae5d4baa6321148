/** A whole store, open for reading. */
import type { RolloutCounts } from "./count-rollouts.ts";
import type { TokenCount } from "./count-tokens.ts";
import type { RolloutSummary, StoredRollout } from "./read-rollouts.ts";
import { StoreReader } from "./store-reader.ts";

/** A store that is open for reading. */
export interface TraceStoreReader extends Disposable {
  /** All recordings, oldest first. Throws `TraceStoreError`. */
  rollouts(): readonly RolloutSummary[];
  /** All recordings with what can be counted of them without reading a payload, oldest first. Throws `TraceStoreError`. */
  rolloutCounts(): readonly RolloutCounts[];
  /**
   * The tokens of a recording, by its trace id, for which every response of it is read. Null where they are not known: no response
   * says how many it took, one cannot be read, or it takes a reduction to tell. Throws `TraceStoreError`.
   */
  tokenCount(traceId: string): TokenCount | null;
  /**
   * A rollout by its id (the latest recording of it) or by its trace id. Throws `TraceStoreError` (`unknown_rollout`, or
   * why the file cannot be read); what it returns is total, and stops giving anything when the store is closed.
   */
  openRollout(id: string): StoredRollout;
  close(): void;
}

/** Opens a store for reading. Throws `TraceStoreError`: `cannot_open`, `not_a_store`, and what SQLite reports. */
export function readTraceStore(path: string): TraceStoreReader {
  const reader = new StoreReader(path);
  reader.check();
  return {
    rollouts: () => reader.rollouts(),
    rolloutCounts: () => reader.rolloutCounts(),
    tokenCount: (traceId) => reader.tokenCount(traceId),
    openRollout: (id) => reader.openRollout(id),
    close: () => reader.close(),
    [Symbol.dispose]: () => reader.close(),
  };
}
