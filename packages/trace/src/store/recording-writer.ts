/** Asking after the process that records a rollout. */
import { asTraceStoreError, TraceStoreError } from "../trace-store-error.ts";
import { openReadConnection } from "./read-connection.ts";
import { type WriterState, writerState } from "./writer-process.ts";

/**
 * Whether the process that records (or recorded) the rollout with this trace id is there: `gone` only where that is certain,
 * `unknown` for one of another machine or container. Throws `TraceStoreError`: `unknown_rollout`, and why the file cannot be read.
 */
export function recordingWriterState(path: string, traceId: string): WriterState {
  try {
    using connection = openReadConnection(path);
    const writer = connection.database
      .prepare<[string], string>("SELECT writer FROM rollouts WHERE trace_id = ?")
      .pluck()
      .get(traceId);
    if (writer === undefined) {
      throw new TraceStoreError("unknown_rollout", `the store has no rollout ${JSON.stringify(traceId)}`);
    }
    return writerState(writer);
  } catch (error) {
    throw asTraceStoreError(error, "reading", path);
  }
}
