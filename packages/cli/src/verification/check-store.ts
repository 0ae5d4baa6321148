/** The checks of a store's file: what its writers promise of rows, hashes and payloads, whatever they mean. */
import type { StoreFindingCode, StoreVerification } from "@rollout-trace/trace";
import { TraceStoreError, verifyStore } from "@rollout-trace/trace/store";
import { CliError } from "../errors.ts";
import { type CheckResult, result } from "./check-rollout.ts";
import { Problems } from "./problems.ts";

export interface CheckedStore {
  readonly checked: StoreVerification["checked"];
  /** What is wrong and belongs to no rollout. */
  readonly file: CheckResult;
  /** What is wrong with the rows of a recording. */
  ofRollout(traceId: string): CheckResult;
}

/** What the checks of events and payloads, which every recording has, say in their own words. */
const SAID_ELSEWHERE: ReadonlySet<StoreFindingCode> = new Set([
  "empty_rollout",
  "seq_gap",
  "time_decreased",
  "event_invalid",
  "payload_missing",
  "payload_kind_mismatch",
  "payload_unreadable",
]);

/** Throws `CliError` `unreadable_source`. */
export function checkStore(path: string): CheckedStore {
  const { checked, findings } = verified(path);
  // What is superfluous or newer is no damage.
  const errors = findings.filter(({ severity, code }) => severity === "error" && !SAID_ELSEWHERE.has(code));
  const some = (name: string, isOne: (traceId: string | undefined) => boolean): CheckResult => {
    const problems = new Problems();
    for (const { code, where, message } of errors) {
      if (isOne(where.traceId))
        problems.add(`${code}${where.seq === undefined ? "" : ` at seq ${where.seq}`}: ${message}`);
    }
    return result(name, problems);
  };
  return {
    checked,
    file: some("the store's file and chunks", (of) => of === undefined),
    ofRollout: (traceId) => some("rows and payloads of the store", (of) => of === traceId),
  };
}

function verified(path: string): StoreVerification {
  try {
    return verifyStore(path);
  } catch (error) {
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}
