/** Finds out what a source is, from its content. */
import { statSync } from "node:fs";
import { CliError, messageOf } from "../errors.ts";
import { fitText } from "../render/escape.ts";
import { claudeCodeFormat } from "./claude-code/claude-code-format.ts";
import { isCodexBundle } from "./codex-bundle/open-bundle.ts";
import { codexLogFormat } from "./codex-log/codex-log-format.ts";
import { sampleOf, textHeadOf } from "./detect.ts";
import { findRecordings, isNamedDocument } from "./find-recordings.ts";
import { LogFile } from "./log/log-file.ts";
import type { LogFormat } from "./log/log-format.ts";
import { otlpFormat } from "./otlp/otlp-format.ts";
import { LOG_FORMAT_NAMES, type LogFormatName, type SourceFormat } from "./source-format.ts";
import { isStoreFile } from "./store.ts";

/** Formats of files of JSON lines. A file is of the first format that recognises it. */
export const LOG_FORMATS: { readonly [Name in LogFormatName]: LogFormat } = {
  "codex-log": codexLogFormat,
  "claude-code": claudeCodeFormat,
  otlp: otlpFormat,
};

/** The format of what lies at `path`. Throws `CliError` `unreadable_source` or `unknown_format`. */
export function detectFormat(path: string): SourceFormat {
  if (isFolder(path)) return isCodexBundle(path) ? "codex-bundle" : formatOfLogs(path);
  try {
    if (isStoreFile(path)) return "store";
    const format = formatOf(path);
    if (format !== null) return format;
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
  throw unknownFormat(path, "no SQLite file and no session log");
}

function formatOfLogs(folder: string): LogFormatName {
  const { bundles, stores, logs } = findRecordings(folder, () => undefined);
  const formats = new Set(logs.flatMap((path) => formatOfNamed(path) ?? []));
  const [format, another] = formats;
  if (format !== undefined && another === undefined) return format;
  const holdsAny = bundles.length + stores.length + formats.size > 0;
  throw holdsAny
    ? new CliError("unknown_format", `${folder}: a folder of several recordings; name one of them`)
    : nothingIn(folder, undefined);
}

/** The format of a file of a folder, whose name tells that only some formats may be meant; null where it is unknown or unreadable. */
function formatOfNamed(path: string): LogFormatName | null {
  try {
    return formatOfLog(path);
  } catch {
    return null;
  }
}

/** The format of a file that is named like a log; null for one that is none. Throws what reading or unpacking it throws. */
export function formatOfLog(path: string): LogFormatName | null {
  if (!isNamedDocument(path)) return formatOf(path);
  return otlpFormat.recognisesText?.(textHeadOf(path)) === true ? "otlp" : null;
}

function formatOf(path: string): LogFormatName | null {
  const sample = sampleOf(path);
  const format = LOG_FORMAT_NAMES.find((name) => LOG_FORMATS[name].recognises(sample));
  if (format !== undefined) return format;
  const head = textHeadOf(path);
  return LOG_FORMAT_NAMES.find((name) => LOG_FORMATS[name].recognisesText?.(head)) ?? null;
}

/**
 * Whether a file can be read as one of a format, which its beginning need not show: a line of it can. Of a format that need
 * not have a value on each line only reading all of it tells: true. Throws `CliError` `unreadable_source`.
 */
export function mayBeOf(path: string, format: SourceFormat): boolean {
  if (format === "codex-bundle") return false;
  if (format === "store") return isStoreFile(path);
  const log = LOG_FORMATS[format];
  if (log.isLine === undefined) return true;
  using file = new LogFile(path);
  for (const { content } of file.lines()) {
    if (content.ok && log.isLine(content.value)) return true;
  }
  return false;
}

/** Throws `CliError` `unreadable_source` for what is not there. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** That something is not what it was said to be. `why` says more, where something does: untrusted. */
export function notOfFormat(path: string, format: SourceFormat, why?: string): CliError {
  const told = why === undefined ? "" : ` (${fitText(why, WHY_COLUMNS)})`;
  return new CliError(
    "unknown_format",
    `${path}: nothing in it is what --from ${format} stands for, ${filesOf(format)}${told}; leave out --from to find out what it is, or name something else`,
  );
}

/** That nothing of a kind, or of any, is in a folder. */
export function nothingIn(folder: string, format: SourceFormat | undefined): CliError {
  return format === undefined
    ? unknownFormat(folder, "a folder without manifest.json, stores or session logs")
    : notOfFormat(folder, format);
}

const WHY_COLUMNS = 120;

function filesOf(format: SourceFormat): string {
  if (format === "store") return "stores (SQLite files)";
  return format === "codex-bundle"
    ? "Codex trace bundles (folders with manifest.json)"
    : LOG_FORMATS[format].files;
}

function unknownFormat(path: string, what: string): CliError {
  return new CliError(
    "unknown_format",
    `${path}: ${what}; this command reads stores (SQLite files), Codex trace bundles (folders with manifest.json) and session logs (${LOG_FORMAT_NAMES.join(", ")}), also gzip or zstd compressed`,
  );
}
