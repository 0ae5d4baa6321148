import { CliError, EXIT } from "../errors.ts";
import { type BundleVersion, exportCodexBundle } from "../export/codex-bundle/export-bundle.ts";
import type { CommandIo } from "../io.ts";
import { fitText } from "../render/escape.ts";
import { grouped } from "../render/format.ts";
import { openSource, type SourceOptions } from "../sources/open-source.ts";

export interface ExportCommandOptions extends SourceOptions {
  /** Folder to make, with a Codex trace bundle in it. */
  readonly bundle: string;
  /** `1` or `2`; default as `exportCodexBundle` chooses. */
  readonly bundleVersion?: string | undefined;
}

/** Writes a source in another format. Returns the exit code: 1 when something of it could not be written. */
export function exportCommand(path: string, options: ExportCommandOptions, io: CommandIo): number {
  using source = openSource(path, options);
  const version = bundleVersion(options.bundleVersion);
  const { events, payloads, losses, ...exported } = exportCodexBundle(source.rollout, options.bundle, {
    version,
  });
  for (const loss of losses) io.err(`${path}: left out: ${fitText(loss, MESSAGE_COLUMNS)}\n`);
  io.err(
    `${options.bundle}: Codex trace bundle, version ${exported.version}, ` +
      `events ${grouped(events)}, payloads ${grouped(payloads)}\n`,
  );
  return losses.length === 0 ? EXIT.ok : EXIT.traceErrors;
}

const MESSAGE_COLUMNS = 300;

function bundleVersion(text: string | undefined): BundleVersion | undefined {
  switch (text) {
    case undefined:
      return undefined;
    case "1":
      return 1;
    case "2":
      return 2;
    default:
      throw new CliError("usage", `--bundle-version ${text}: must be 1 or 2`);
  }
}
