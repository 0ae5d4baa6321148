/** Finds the log files under a folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SourceProblem } from "@rollout-trace/protocol";
import { messageOf } from "../../errors.ts";

/** Names that log files have, compressed or not. */
export const LOG_NAME: RegExp = /\.jsonl(?:\.gz|\.zst)?$/;

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
  search(folder, MAX_DEPTH);
  return { paths: paths.toSorted(), problems };

  function search(inside: string, depth: number): void {
    if (depth < 0) {
      problems.push({ where: inside, message: `folders more than ${MAX_DEPTH} deep are not searched` });
      return;
    }
    try {
      for (const entry of readdirSync(inside, { withFileTypes: true })) {
        const path = join(inside, entry.name);
        if (entry.isDirectory()) search(path, depth - 1);
        else if (entry.isFile() && LOG_NAME.test(entry.name)) paths.push(path);
      }
    } catch (error) {
      problems.push({ where: inside, message: messageOf(error) });
    }
  }
}
