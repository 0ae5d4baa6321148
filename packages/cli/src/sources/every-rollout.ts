/** Every rollout at a place: of a store, a bundle, a log, or a folder of any of them, however deep. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SourceProblem } from "@rollout-trace/protocol";
import { messageOf } from "../errors.ts";
import { bundleInput, isCodexBundle, openCodexBundle } from "./codex-bundle/open-bundle.ts";
import { LOG_NAME, MAX_DEPTH } from "./log/find-logs.ts";
import type { OpenRollout } from "./log/log-format.ts";
import { detectFormat, isFolder, LOG_FORMATS, readableFormat } from "./open-source.ts";
import type { LogFormatName, SourceFormat } from "./source-format.ts";
import { storeRollouts } from "./store.ts";

/** A rollout that can be opened. */
export interface FoundRollout {
  /** Of what holds it. */
  readonly path: string;
  readonly format: SourceFormat;
  /** Throws `CliError` `unreadable_source`. */
  readonly open: () => OpenRollout;
}

export interface EveryRolloutOptions {
  /** What something is, or what of a folder is meant. Default: found out from the content. */
  readonly from?: SourceFormat | undefined;
  /** Takes what cannot be read; it hides nothing else. */
  readonly report: (problem: SourceProblem) => void;
}

/** The rollouts at `path`. Throws `CliError` (`unreadable_source`, `unknown_format`) for a path that is none of these. */
export function everyRollout(path: string, { from, report }: EveryRolloutOptions): readonly FoundRollout[] {
  if (isFolder(path) && from !== "codex-bundle" && !isCodexBundle(path)) {
    const found = search(path, report);
    const each = (paths: readonly string[], format: "codex-bundle" | "store") =>
      from === undefined || from === format
        ? paths.flatMap((at) => attempt(at, report, () => rolloutsOf(at, format, report)))
        : [];
    return [
      ...each(found.bundles, "codex-bundle"),
      ...each(found.stores, "store"),
      ...rolloutsOfLogs(found.logs, { from, report }),
    ];
  }
  return rolloutsOf(path, from ?? detectFormat(path), report);
}

function rolloutsOf(
  path: string,
  format: SourceFormat,
  report: (problem: SourceProblem) => void,
): readonly FoundRollout[] {
  switch (format) {
    case "store":
      return storeRollouts(path).map((open) => ({ path, format, open }));
    case "codex-bundle": {
      const open = () => {
        const rollout = openCodexBundle(path);
        return { rollout, inputs: [bundleInput(path)], [Symbol.dispose]: () => undefined };
      };
      return [{ path, format, open }];
    }
    default:
      return rolloutsOfFormat([path], format, report);
  }
}

/** Logs of one format are looked at together: a session may be spread over several. */
function rolloutsOfLogs(
  paths: readonly string[],
  { from, report }: EveryRolloutOptions,
): readonly FoundRollout[] {
  const byFormat = new Map<LogFormatName, string[]>();
  for (const path of paths) {
    const format = readableFormat(path, report);
    if (format === null || (from !== undefined && from !== format)) continue;
    const known = byFormat.get(format);
    if (known === undefined) byFormat.set(format, [path]);
    else known.push(path);
  }
  return [...byFormat].flatMap(([format, files]) => rolloutsOfFormat(files, format, report));
}

function rolloutsOfFormat(
  paths: readonly string[],
  format: LogFormatName,
  report: (problem: SourceProblem) => void,
): readonly FoundRollout[] {
  const [only, another] = paths;
  return LOG_FORMATS[format].rollouts(paths, report).map((rollout) => ({
    path: another === undefined && only !== undefined ? only : rollout.rolloutId,
    format,
    open: () => rollout.open(),
  }));
}

interface Found {
  readonly bundles: readonly string[];
  readonly stores: readonly string[];
  readonly logs: readonly string[];
}

/** What is in a folder, in order of the paths. What lies in a bundle is the bundle's. Links are not followed. */
function search(folder: string, report: (problem: SourceProblem) => void): Found {
  const [bundles, stores, logs]: [string[], string[], string[]] = [[], [], []];
  lookInto(folder, MAX_DEPTH);
  return { bundles, stores, logs };

  function lookInto(inside: string, depth: number): void {
    if (depth < 0) {
      report({ where: inside, message: `folders more than ${MAX_DEPTH} deep are not searched` });
      return;
    }
    if (isCodexBundle(inside)) {
      bundles.push(inside);
      return;
    }
    for (const entry of attempt(inside, report, () => sortedEntries(inside))) {
      const path = join(inside, entry.name);
      if (entry.isDirectory()) lookInto(path, depth - 1);
      else if (entry.isFile() && LOG_NAME.test(entry.name)) logs.push(path);
      else if (entry.isFile() && STORE_NAME.test(entry.name)) stores.push(path);
    }
  }
}

const STORE_NAME = /\.(?:db|sqlite3?)$/;

function sortedEntries(folder: string) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function attempt<Entry>(
  where: string,
  report: (problem: SourceProblem) => void,
  read: () => readonly Entry[],
): readonly Entry[] {
  try {
    return read();
  } catch (error) {
    report({ where, message: messageOf(error) });
    return [];
  }
}
