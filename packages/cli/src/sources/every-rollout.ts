/** Every rollout at a place: of a store, a bundle, a log, or a folder of any of them, however deep. */
import type { SourceProblem } from "@rollout-trace/protocol";
import { CliError, messageOf } from "../errors.ts";
import { fitText } from "../render/escape.ts";
import { bundleInput, bundleStart, isCodexBundle, openCodexBundle } from "./codex-bundle/open-bundle.ts";
import { findRecordings, isNamedDocument } from "./find-recordings.ts";
import {
  detectFormat,
  formatOfLog,
  isFolder,
  LOG_FORMATS,
  mayBeOf,
  nothingIn,
  notOfFormat,
} from "./formats.ts";
import type { OpenRollout } from "./log/log-format.ts";
import type { LogFormatName, SourceFormat } from "./source-format.ts";
import { storeRollouts } from "./store.ts";

/** A rollout that can be opened. */
export interface FoundRollout {
  /** Of what holds it. */
  readonly path: string;
  readonly format: SourceFormat;
  readonly rolloutId: string;
  /** Of a recording in a store, which may hold several of one rollout; null elsewhere. */
  readonly traceId: string | null;
  /** Microseconds since the epoch; 0 where nothing tells. */
  readonly startedTimeUs: number;
  /** Throws `CliError` `unreadable_source`. */
  readonly open: () => OpenRollout;
}

/** What is left out, and why. */
export interface LeftOut extends SourceProblem {
  /** `unknown_format`: it is named like a recording and is none, so that nothing is missing. */
  readonly code: "unreadable_source" | "unknown_format";
}

export interface EveryRolloutOptions {
  /** What something is, or what of a folder is meant. Default: found out from the content. */
  readonly from?: SourceFormat | undefined;
  /** Takes what is left out; it hides nothing else. */
  readonly report: (problem: LeftOut) => void;
}

/**
 * The rollouts at `path`. Throws `CliError` (`unreadable_source`, `unknown_format`) for a path that is none of these, a file
 * that is not what `from` says, and a folder with nothing of that kind in it.
 */
export function everyRollout(path: string, options: EveryRolloutOptions): readonly FoundRollout[] {
  const { from } = options;
  if (!isFolder(path)) return rolloutsOfFile(path, options);
  const isBundle = isCodexBundle(path);
  return isBundle && (from === undefined || from === "codex-bundle")
    ? [bundleRollout(path)]
    : rolloutsInFolder(path, options);
}

function rolloutsOfFile(path: string, { from, report }: EveryRolloutOptions): readonly FoundRollout[] {
  const format = from ?? detectFormat(path);
  if (from !== undefined && !mayBeOf(path, from)) throw notOfFormat(path, from);
  if (format === "store") return storeRollouts(path);
  if (format === "codex-bundle") return [bundleRollout(path)];
  const problems: LeftOut[] = [];
  const rollouts = rolloutsOfFormat([path], format, (problem) => void problems.push(problem));
  if (rollouts.length > 0) {
    problems.forEach(report);
    return rollouts;
  }
  const why = problems[0]?.message;
  if (from !== undefined) throw notOfFormat(path, from, why);
  const told = why === undefined ? "" : ` (${fitText(why, WHY_COLUMNS)})`;
  throw new CliError("unknown_format", `${path}: holds no rollout${told}; name another file`);
}

const WHY_COLUMNS = 120;

function rolloutsInFolder(folder: string, options: EveryRolloutOptions): readonly FoundRollout[] {
  const { from } = options;
  let isReported = false;
  const report: Report = (problem) => {
    isReported = true;
    options.report(problem);
  };
  const found = findRecordings(folder, unreadable(report));
  const bundles = from === undefined || from === "codex-bundle" ? found.bundles : [];
  const stores = from === undefined || from === "store" ? found.stores : [];
  const rollouts = [
    ...bundles.flatMap((path) => attempt(path, report, () => [bundleRollout(path)])),
    ...stores.flatMap((path) => attempt(path, report, () => storeRollouts(path))),
    ...rolloutsOfLogs(found.logs, { from, report }),
  ];
  // A store may hold no rollout yet.
  if (rollouts.length > 0 || stores.length > 0 || isReported) return rollouts;
  throw nothingIn(folder, from);
}

function bundleRollout(path: string): FoundRollout {
  const open = () => {
    const rollout = openCodexBundle(path);
    return { rollout, inputs: [bundleInput(path)], [Symbol.dispose]: () => undefined };
  };
  return { path, format: "codex-bundle", traceId: null, ...bundleStart(path), open };
}

/** Logs of one format are looked at together: a session may be spread over several. */
function rolloutsOfLogs(
  paths: readonly string[],
  { from, report }: EveryRolloutOptions,
): readonly FoundRollout[] {
  if (from === "store" || from === "codex-bundle") return [];
  const byFormat = new Map<LogFormatName, string[]>();
  for (const path of paths) {
    for (const format of attempt(path, report, () => [formatOfLog(path)])) {
      if (format === null) {
        // Most documents are something else.
        if (!isNamedDocument(path))
          report({ where: path, message: "no session log", code: "unknown_format" });
        continue;
      }
      if (from !== undefined && from !== format) continue;
      const known = byFormat.get(format);
      if (known === undefined) byFormat.set(format, [path]);
      else known.push(path);
    }
  }
  return [...byFormat].flatMap(([format, files]) => rolloutsOfFormat(files, format, report));
}

function rolloutsOfFormat(
  paths: readonly string[],
  format: LogFormatName,
  report: Report,
): readonly FoundRollout[] {
  const [only, another] = paths;
  return LOG_FORMATS[format].rollouts(paths, unreadable(report)).map((rollout) => ({
    path: another === undefined && only !== undefined ? only : rollout.rolloutId,
    format,
    rolloutId: rollout.rolloutId,
    traceId: null,
    startedTimeUs: rollout.startedTimeUs,
    open: () => rollout.open(),
  }));
}

type Report = EveryRolloutOptions["report"];

/** Takes what cannot be read. */
function unreadable(report: Report): (problem: SourceProblem) => void {
  return (problem) => report({ ...problem, code: "unreadable_source" });
}

function attempt<Entry>(where: string, report: Report, read: () => readonly Entry[]): readonly Entry[] {
  try {
    return read();
  } catch (error) {
    const isOther = error instanceof CliError && error.code === "unknown_format";
    report({ where, message: messageOf(error), code: isOther ? "unknown_format" : "unreadable_source" });
    return [];
  }
}
