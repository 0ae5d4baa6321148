/** The parts of the debug command that another program may use: opening and exporting sources, and the page that `show` prints. */
export { renderRollout } from "./commands/show.ts";
export type { ShowOptions } from "./commands/show.ts";
export { CliError, EXIT } from "./errors.ts";
export type { CliErrorCode } from "./errors.ts";
export { codexState } from "./export/codex-state/codex-state.ts";
export { exportCodexBundle } from "./export/codex-bundle/export-bundle.ts";
export type { ExportBundleOptions, ExportedBundle } from "./export/codex-bundle/export-bundle.ts";
export { touchedFiles } from "./files/touched-files.ts";
export type { TouchedFile } from "./files/touched-files.ts";
export { processIo } from "./io.ts";
export type { CommandIo } from "./io.ts";
export { runCli } from "./program.ts";
export { everyRollout } from "./sources/every-rollout.ts";
export type { EveryRolloutOptions, FoundRollout } from "./sources/every-rollout.ts";
export { detectFormat, openSource } from "./sources/open-source.ts";
export type { OpenSource, SourceOptions } from "./sources/open-source.ts";
export { SOURCE_FORMATS } from "./sources/source-format.ts";
export type { SourceFormat } from "./sources/source-format.ts";
