/** Finds out what a source is, from its content, and opens one rollout of it. */
import { statSync } from "node:fs";
import type { RolloutSource, SourceProblem } from "@rollout-trace/protocol";
import { CliError, messageOf } from "../errors.ts";
import { claudeCodeFormat } from "./claude-code/claude-code-format.ts";
import { isCodexBundle, openCodexBundle } from "./codex-bundle/open-bundle.ts";
import { codexLogFormat } from "./codex-log/codex-log-format.ts";
import { sampleOf, textHeadOf } from "./detect.ts";
import { findLogs, isNamedDocument } from "./log/find-logs.ts";
import { chooseRollout, type LogFormat } from "./log/log-format.ts";
import { otlpFormat } from "./otlp/otlp-format.ts";
import { LOG_FORMAT_NAMES, type LogFormatName, type SourceFormat } from "./source-format.ts";
import { isStoreFile, openStoreRollout } from "./store.ts";

/** Formats of files of JSON lines. A file is of the first format that recognises it. */
export const LOG_FORMATS: { readonly [Name in LogFormatName]: LogFormat } = {
  "codex-log": codexLogFormat,
  "claude-code": claudeCodeFormat,
  otlp: otlpFormat,
};

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
    default:
      return openLog(path, format, options.rollout);
  }
}

/** The format of what lies at `path`. Throws `CliError` `unreadable_source` or `unknown_format`. */
export function detectFormat(path: string): SourceFormat {
  if (isFolder(path)) return isCodexBundle(path) ? "codex-bundle" : detectLogs(path);
  try {
    if (isStoreFile(path)) return "store";
    const format = formatOf(path);
    if (format !== null) return format;
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
  throw unknownFormat(path, "no SQLite file and no session log");
}

function detectLogs(folder: string): LogFormatName {
  const { paths } = findLogs(folder);
  const formats = new Set(paths.flatMap((file) => readableFormat(file, () => undefined) ?? []));
  const [format, another] = formats;
  if (format === undefined) throw unknownFormat(folder, "a folder without manifest.json or session logs");
  if (another === undefined) return format;
  throw new CliError(
    "unknown_format",
    `${folder}: holds logs of several formats; choose one with --from: ${[...formats].join(", ")}`,
  );
}

function openLog(path: string, name: LogFormatName, wanted: string | undefined): OpenSource {
  const format = LOG_FORMATS[name];
  const found = isFolder(path) ? findLogs(path) : null;
  const problems: SourceProblem[] = [...(found?.problems ?? [])];
  const report = (problem: SourceProblem): void => void problems.push(problem);
  const paths = found === null ? [path] : found.paths.filter((file) => readableFormat(file, report) === name);
  const rollouts = format.rollouts(paths, report);
  const opened = chooseRollout(path, rollouts, wanted).open();
  return {
    format: name,
    rollout: problems.length === 0 ? opened.rollout : withProblems(opened.rollout, problems),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

/** A rollout whose files are among others that cannot be read: what is missing may belong to it. */
export function withProblems(rollout: RolloutSource, problems: readonly SourceProblem[]): RolloutSource {
  return {
    ...rollout,
    *events(fromSeq = 1) {
      if (fromSeq === 1) for (const problem of problems) yield { type: "problem", problem };
      yield* rollout.events(fromSeq);
    },
  };
}

function formatOf(path: string): LogFormatName | null {
  const sample = sampleOf(path);
  const format = LOG_FORMAT_NAMES.find((name) => LOG_FORMATS[name].recognises(sample));
  if (format !== undefined) return format;
  const head = textHeadOf(path);
  return LOG_FORMAT_NAMES.find((name) => LOG_FORMATS[name].recognisesText?.(head)) ?? null;
}

/** The format of a file of a folder; null for one that is no log or cannot be read. */
export function readableFormat(path: string, report: (problem: SourceProblem) => void): LogFormatName | null {
  try {
    if (!isNamedDocument(path)) return formatOf(path);
    return otlpFormat.recognisesText?.(textHeadOf(path)) === true ? "otlp" : null;
  } catch (error) {
    report({ where: path, message: messageOf(error) });
    return null;
  }
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function unknownFormat(path: string, what: string): CliError {
  return new CliError(
    "unknown_format",
    `${path}: ${what}; this command reads stores (SQLite files), Codex trace bundles (folders with manifest.json) and session logs (${LOG_FORMAT_NAMES.join(", ")}), also gzip or zstd compressed`,
  );
}
