import { CliError, EXIT } from "../errors.ts";
import type { BundleVersion } from "../export/codex-bundle/export-bundle.ts";
import { type Piece, writePieces } from "../export/write-pieces.ts";
import type { CommandIo } from "../io.ts";
import { escapeJson, fitText } from "../render/escape.ts";
import { grouped } from "../render/format.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { type OpenGraph, openGraph } from "./open-graph.ts";
import { openNamedSource } from "./open-named-source.ts";

export interface ExportCommandOptions extends SourceOptions {
  readonly html?: boolean | undefined;
  readonly perfetto?: boolean | undefined;
  readonly mermaid?: boolean | undefined;
  readonly ndjson?: boolean | undefined;
  readonly otlp?: boolean | undefined;
  /** With `otlp`: prompts, outputs, scripts, and what tools were given and gave. */
  readonly content?: boolean | undefined;
  /** With `ndjson`: leave the payloads out. */
  readonly payloadRefs?: boolean | undefined;
  /** Folder to make, with a Codex trace bundle in it. */
  readonly bundle?: string | undefined;
  /** `1` or `2`; default as `exportCodexBundle` chooses. */
  readonly bundleVersion?: string | undefined;
  /** File to write; default stdout. Not with `bundle`, which is a folder. */
  readonly output?: string | undefined;
}

const FORMATS = ["html", "perfetto", "mermaid", "otlp", "ndjson", "bundle"] as const;
type Format = (typeof FORMATS)[number];

/**
 * Writes a source in another format. Gives the exit code: 1 when something of it could not be written, 130 after Ctrl-C. Throws
 * `CliError` `usage` where it is not exactly one format or an option of another one.
 */
export async function exportCommand(
  path: string,
  options: ExportCommandOptions,
  io: CommandIo,
): Promise<number> {
  const format = formatOf(options, io);
  switch (format) {
    case "bundle":
      return exportBundle(path, options.bundle ?? "", options, io);
    case "ndjson":
      return exportNdjson(path, options, io);
    case "html": {
      const { htmlPieces } = await import("../export/html/export-html.ts");
      return exportGraph(path, options, io, ({ source, graph }) =>
        htmlPieces({ rollout: source.rollout, graph, source: path }),
      );
    }
    case "otlp": {
      const { otlpPieces } = await import("../export/otlp/export-otlp.ts");
      return exportGraph(path, options, io, ({ source, graph }) => {
        const pieces = otlpPieces(source.rollout, graph, { content: options.content });
        return options.output === undefined && io.columns !== null ? pieces.map(escapeJson) : pieces;
      });
    }
    case "perfetto": {
      const { perfettoPackets } = await import("../export/perfetto/export-perfetto.ts");
      return exportGraph(path, options, io, ({ graph }) => perfettoPackets(graph));
    }
    case "mermaid": {
      const { mermaidDiagram } = await import("../export/mermaid/export-mermaid.ts");
      return exportGraph(path, options, io, ({ graph }) => {
        const { text, leftOut } = mermaidDiagram(graph);
        if (leftOut.length > 0)
          io.err(`${path}: too much for one picture, left out: ${leftOut.join(", ")}\n`);
        return [text];
      });
    }
  }
}

function formatOf(options: ExportCommandOptions, io: CommandIo): Format {
  const chosen = FORMATS.filter((format) => options[format] !== undefined);
  const [format] = chosen;
  if (format === undefined || chosen.length > 1) {
    const found = chosen.length === 0 ? "none" : chosen.map((name) => `--${name}`).join(" and ");
    throw new CliError(
      "usage",
      `export: choose one of ${FORMATS.map((name) => `--${name}`).join(", ")}; got ${found}`,
    );
  }
  const strays = [
    ...(options.bundleVersion !== undefined && format !== "bundle" ? ["--bundle-version"] : []),
    ...(options.payloadRefs !== undefined && format !== "ndjson" ? ["--payload-refs"] : []),
    ...(options.content !== undefined && format !== "otlp" ? ["--content"] : []),
    ...(options.output !== undefined && format === "bundle" ? ["--output"] : []),
  ];
  if (strays[0] !== undefined) throw new CliError("usage", `${strays[0]}: not with --${format}`);
  if (options.output === undefined && io.columns !== null && (format === "html" || format === "perfetto")) {
    throw new CliError("usage", `--${format} is nothing for a terminal: give it a file with -o`);
  }
  return format;
}

const MESSAGE_COLUMNS = 300;

async function exportBundle(
  path: string,
  folder: string,
  options: ExportCommandOptions,
  io: CommandIo,
): Promise<number> {
  const { exportCodexBundle } = await import("../export/codex-bundle/export-bundle.ts");
  using source = await openNamedSource(path, options);
  const version = bundleVersion(options.bundleVersion);
  const { events, payloads, losses, ...exported } = exportCodexBundle(source.rollout, folder, { version });
  for (const loss of losses) reportLoss(path, loss, io);
  io.err(
    `${folder}: Codex trace bundle, version ${exported.version}, ` +
      `events ${grouped(events)}, payloads ${grouped(payloads)}\n`,
  );
  return losses.length === 0 ? EXIT.ok : EXIT.traceErrors;
}

async function exportNdjson(path: string, options: ExportCommandOptions, io: CommandIo): Promise<number> {
  const { ndjsonLines } = await import("../export/ndjson/export-ndjson.ts");
  using source = await openNamedSource(path, options);
  let losses = 0;
  const lines = ndjsonLines(source.rollout, {
    payloadRefs: options.payloadRefs,
    onLoss(message) {
      losses += 1;
      reportLoss(path, message, io);
    },
  });
  const isOnTerminal = options.output === undefined && io.columns !== null;
  const code = await writePieces(isOnTerminal ? lines.map(escapeJson) : lines, options.output, io);
  return code === EXIT.ok && losses > 0 ? EXIT.traceErrors : code;
}

/** Formats that are made of the graph. */
async function exportGraph(
  path: string,
  options: ExportCommandOptions,
  io: CommandIo,
  piecesOf: (opened: OpenGraph) => Iterable<Piece>,
): Promise<number> {
  using opened = await openGraph(path, options, io);
  return await writePieces(piecesOf(opened), options.output, io);
}

function reportLoss(path: string, loss: string, io: CommandIo): void {
  io.err(`${path}: left out: ${fitText(loss, MESSAGE_COLUMNS)}\n`);
}

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
