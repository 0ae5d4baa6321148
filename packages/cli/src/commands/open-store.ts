import { readTraceStore, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace/store";
import { CliError } from "../errors.ts";
import { namedFormat } from "./open-named-source.ts";

/** Opens a whole store for reading. Throws `CliError` `unreadable_source`. */
export function openStore(path: string): TraceStoreReader {
  try {
    return readTraceStore(path);
  } catch (error) {
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}

/** Rejects with `CliError` `unknown_format` for what is no store, and with what `detectFormat` throws. */
export async function requireStore(path: string, command: string): Promise<void> {
  if ((await namedFormat(path)) === "store") return;
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
