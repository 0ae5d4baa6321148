/** What this command reads, by name. */
export const LOG_FORMAT_NAMES = ["codex-log", "claude-code", "otlp"] as const;

export type LogFormatName = (typeof LOG_FORMAT_NAMES)[number];
export type SourceFormat = "store" | "codex-bundle" | LogFormatName;

export const SOURCE_FORMATS: readonly SourceFormat[] = ["store", "codex-bundle", ...LOG_FORMAT_NAMES];
