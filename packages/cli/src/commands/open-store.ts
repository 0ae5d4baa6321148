import { readTraceStore, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace";
import { CliError } from "../errors.ts";
import { detectFormat } from "../sources/open-source.ts";

/** Opens a whole store for reading. Throws `CliError` `unreadable_source`. */
export function openStore(path: string): TraceStoreReader {
  try {
    return readTraceStore(path);
  } catch (error) {
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}

/** Throws `CliError` `unknown_format` for what is no store, and what `detectFormat` throws. */
export function requireStore(path: string, command: string): void {
  if (detectFormat(path) === "store") return;
  throw new CliError(
    "unknown_format",
    `${path}: \`${command}\` works on stores (SQLite files), which this is not`,
  );
}

/** What failed while a store was written, for the person who asked for it. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof TraceStoreError)) return error;
  const hint =
    error.code === "busy" ? "; another process is writing to it all the time, try again later" : "";
  return new CliError("unwritable_output", `${error.message}${hint}`, { cause: error });
}
