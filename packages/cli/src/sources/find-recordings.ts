/** Finds what may be recordings under a folder, by name; a bundle by its manifest. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SourceProblem } from "@rollout-trace/protocol";
import { messageOf } from "../errors.ts";
import { isCodexBundle } from "./codex-bundle/open-bundle.ts";

/** Names that log files have, compressed or not. */
const LOG_NAME = /\.jsonl?(?:\.gz|\.zst)?$/;

/** Of these only documents of spans are logs: most are something else. */
const DOCUMENT_NAME = /\.json(?:\.gz|\.zst)?$/;

const STORE_NAME = /\.(?:db|sqlite3?)$/;

export function isNamedDocument(path: string): boolean {
  return DOCUMENT_NAME.test(path);
}

/** Hosts keep logs by year, month and day, and those of sub-agents deeper. */
const MAX_DEPTH = 12;

/** Paths, in their order. */
export interface FoundRecordings {
  readonly bundles: readonly string[];
  readonly stores: readonly string[];
  readonly logs: readonly string[];
}

/**
 * What is in a folder, however deep. What lies in a bundle is the bundle's. Links are not followed, so there are no loops.
 * Folders that cannot be looked into are reported.
 */
export function findRecordings(folder: string, report: (problem: SourceProblem) => void): FoundRecordings {
  const [bundles, stores, logs]: [string[], string[], string[]] = [[], [], []];
  search(folder, MAX_DEPTH);
  return { bundles: bundles.toSorted(), stores: stores.toSorted(), logs: logs.toSorted() };

  function search(inside: string, depth: number): void {
    if (depth < 0) {
      report({ where: inside, message: `folders more than ${MAX_DEPTH} deep are not searched` });
      return;
    }
    if (isCodexBundle(inside)) {
      bundles.push(inside);
      return;
    }
    try {
      for (const entry of readdirSync(inside, { withFileTypes: true })) {
        const path = join(inside, entry.name);
        if (entry.isDirectory()) search(path, depth - 1);
        else if (entry.isFile() && LOG_NAME.test(entry.name)) logs.push(path);
        else if (entry.isFile() && STORE_NAME.test(entry.name)) stores.push(path);
      }
    } catch (error) {
      report({ where: inside, message: messageOf(error) });
    }
  }
}
