import { readTraceStore, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace";
import { CliError } from "../errors.ts";

/** Opens a whole store for reading. Throws `CliError` `unreadable_source`. */
export function openStore(path: string): TraceStoreReader {
  try {
    return readTraceStore(path);
  } catch (error) {
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}
