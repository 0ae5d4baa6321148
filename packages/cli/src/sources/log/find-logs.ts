/** Finds the log files under a folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SourceProblem } from "@rollout-trace/protocol";
import { messageOf } from "../../errors.ts";
import { isCodexBundle } from "../codex-bundle/open-bundle.ts";

/** Names that log files have, compressed or not. */
export const LOG_NAME: RegExp = /\.jsonl?(?:\.gz|\.zst)?$/;

/** Of these only documents of spans are logs: most are something else. */
const DOCUMENT_NAME = /\.json(?:\.gz|\.zst)?$/;

export function isNamedDocument(path: string): boolean {
  return DOCUMENT_NAME.test(path);
}

/** Hosts keep logs by year, month and day, and those of sub-agents deeper. */
export const MAX_DEPTH = 12;

export interface FoundLogs {
  /** Files that are named like logs, in order of their paths. */
  readonly paths: readonly string[];
  /** Folders that could not be looked into. */
  readonly problems: readonly SourceProblem[];
}

/** The log files under `folder`. Links are not followed, so there are no loops. */
export function findLogs(folder: string): FoundLogs {
  const paths: string[] = [];
  const problems: SourceProblem[] = [];
  search(folder, MAX_DEPTH, false);
  return { paths: paths.toSorted(), problems };

  function search(inside: string, depth: number, isInBundle: boolean): void {
    if (depth < 0) {
      problems.push({ where: inside, message: `folders more than ${MAX_DEPTH} deep are not searched` });
      return;
    }
    try {
      // The payloads of a bundle are documents, too.
      const isBundle = isInBundle || isCodexBundle(inside);
      for (const entry of readdirSync(inside, { withFileTypes: true })) {
        const path = join(inside, entry.name);
        if (entry.isDirectory()) search(path, depth - 1, isBundle);
        else if (entry.isFile() && LOG_NAME.test(entry.name) && !(isBundle && isNamedDocument(path)))
          paths.push(path);
      }
    } catch (error) {
      problems.push({ where: inside, message: messageOf(error) });
    }
  }
}
