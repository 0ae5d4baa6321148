/** What checking a store finds, and how much of it is kept. */
import { asTraceStoreError } from "../trace-store-error.ts";

/**
 * What can be wrong:
 * - `database_damaged`: SQLite's own check fails, or a table cannot be read
 * - `dangling_row`: a row belongs to a rollout that is not there
 * - `empty_rollout`: a recording without events
 * - `seq_gap`: the `seq` of a recording is not 1, 2, 3, …
 * - `time_decreased`: an event is earlier than the one before it
 * - `event_invalid`: a body that is no event of this schema
 * - `type_mismatch`: the column `type` says something else than the body
 * - `state_mismatch`: a recording is marked as completed or stopped, and its last event says otherwise
 * - `payload_missing`: an event names a payload that is not there
 * - `payload_kind_mismatch`: an event names a payload by another kind
 * - `payload_unreadable`: a payload cannot be put together, or is no JSON
 * - `payload_size_mismatch`: a payload is longer or shorter than it says
 * - `chunk_hash_mismatch`: bytes that do not have their hash or size
 * - `payload_orphaned`: no event names it
 * - `chunk_orphaned`: no payload has it, as after deleting a rollout; nothing is wrong, it only takes space
 * - `event_unknown`: an event of a type that this version does not know, of a newer recorder; nothing is wrong
 */
export const STORE_FINDING_CODES = [
  "database_damaged",
  "dangling_row",
  "empty_rollout",
  "seq_gap",
  "time_decreased",
  "event_invalid",
  "type_mismatch",
  "state_mismatch",
  "payload_missing",
  "payload_kind_mismatch",
  "payload_unreadable",
  "payload_size_mismatch",
  "chunk_hash_mismatch",
  "payload_orphaned",
  "chunk_orphaned",
  "event_unknown",
] as const;
export type StoreFindingCode = (typeof STORE_FINDING_CODES)[number];

const NOTICES: ReadonlySet<StoreFindingCode> = new Set(["chunk_orphaned", "event_unknown"]);

/** Where in the store; each as far as it applies. */
export interface StorePlace {
  readonly traceId?: string;
  readonly seq?: number;
  readonly payloadId?: string;
  readonly chunk?: number;
}

export interface StoreFinding {
  readonly code: StoreFindingCode;
  /** `notice`: nothing that was promised is broken. */
  readonly severity: "error" | "notice";
  readonly where: StorePlace;
  readonly message: string;
}

const MAX_LISTED = 100;

/** Takes findings, and counts what is too much to list. */
export class Findings {
  readonly list: StoreFinding[] = [];
  readonly counts: Partial<Record<StoreFindingCode, number>> = {};

  add(code: StoreFindingCode, where: StorePlace, message: string): void {
    const count = (this.counts[code] ?? 0) + 1;
    this.counts[code] = count;
    if (count > MAX_LISTED) return;
    this.list.push({ code, severity: NOTICES.has(code) ? "notice" : "error", where, message });
  }

  /** Does a part of the work; what cannot be read is a finding too. */
  attempt<Result>(what: string, path: string, instead: Result, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      this.add("database_damaged", {}, asTraceStoreError(error, what, path).message);
      return instead;
    }
  }
}
