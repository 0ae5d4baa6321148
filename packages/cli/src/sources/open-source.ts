/** Finds out what a source is, from its content, and opens one rollout of it. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { RolloutSource } from "@rollout-trace/protocol";
import { CliError, messageOf } from "../errors.ts";
import { isCodexBundle, openCodexBundle } from "./codex-bundle/open-bundle.ts";
import { openStoreRollout } from "./store.ts";

/** The formats this command reads. */
export const SOURCE_FORMATS = ["store", "codex-bundle"] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

export interface SourceOptions {
  /** Which rollout, by id, or `latest`. Needed only where a source holds several. */
  readonly rollout?: string | undefined;
  /** Forces the format. Default: found out from the content. */
  readonly from?: SourceFormat | undefined;
}

/** A rollout that is open for reading; dispose of it when done. */
export interface OpenSource extends Disposable {
  readonly rollout: RolloutSource;
  readonly format: SourceFormat;
}

/** Opens a rollout. Throws `CliError`: `unreadable_source`, `unknown_format`, `ambiguous_rollout`, `unknown_rollout`. */
export function openSource(path: string, options: SourceOptions = {}): OpenSource {
  const format = options.from ?? detectFormat(path);
  switch (format) {
    case "store":
      return { format, ...openStoreRollout(path, options.rollout) };
    case "codex-bundle": {
      const rollout = openCodexBundle(path);
      const wanted = options.rollout ?? "latest";
      if (wanted !== "latest" && wanted !== rollout.rolloutId) {
        throw new CliError("unknown_rollout", `${path}: holds rollout ${rollout.rolloutId}, not ${wanted}`);
      }
      return { format, rollout, [Symbol.dispose]: () => undefined };
    }
  }
}

/** The format of what lies at `path`. Throws `CliError` `unreadable_source` or `unknown_format`. */
export function detectFormat(path: string): SourceFormat {
  let isFolder: boolean;
  let head = "";
  try {
    isFolder = statSync(path).isDirectory();
    if (!isFolder) head = readHead(path);
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
  if (isFolder && isCodexBundle(path)) return "codex-bundle";
  if (head === SQLITE_HEAD) return "store";
  const what = isFolder ? "a folder without manifest.json" : "no SQLite file";
  throw new CliError(
    "unknown_format",
    `${path}: ${what}; this command reads stores (SQLite files) and Codex trace bundles (folders with manifest.json)`,
  );
}

/** The first bytes of every SQLite database file (SQLite file format, section 1.3). */
const SQLITE_HEAD = "SQLite format 3\0";

function readHead(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(SQLITE_HEAD.length);
    const length = readSync(descriptor, head, 0, head.length, 0);
    return head.subarray(0, length).toString("latin1");
  } finally {
    closeSync(descriptor);
  }
}
