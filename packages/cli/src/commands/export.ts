import { CliError, EXIT } from "../errors.ts";
import type { BundleVersion } from "../export/codex-bundle/export-bundle.ts";
import { type Piece, writePieces } from "../export/write-pieces.ts";
import { type CommandIo, outJson } from "../io.ts";
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
  /** Say as JSON what was written where. Not where stdout takes the export itself. */
  readonly json?: boolean | undefined;
}

const FORMATS = ["html", "perfetto", "mermaid", "otlp", "ndjson", "bundle"] as const;
type Format = (typeof FORMATS)[number];

/** What became of an export. */
interface Exported {
  /** What was written, by what it is a number of. */
  readonly counts: { readonly [what: string]: number };
  /** What could not be written, each in words; untrusted. */
  readonly leftOut: readonly string[];
}

/**
 * Writes a source in another format. Gives the exit code: 1 when something of it could not be written. Throws `CliError` `usage`
 * where it is not exactly one format or an option of another one.
 */
export async function exportCommand(
  path: string,
  options: ExportCommandOptions,
  io: CommandIo,
): Promise<number> {
  const format = formatOf(options, io);
  const { counts, leftOut } = await exported(path, format, options, io);
  for (const what of leftOut) io.err(`${path}: left out: ${fitText(what, MESSAGE_COLUMNS)}\n`);
  if (options.json === true) {
    const answer = { format, output: options.bundle ?? options.output, counts, left_out: leftOut };
    outJson(io, `${JSON.stringify(answer, null, 1)}\n`);
  } else if (options.bundle !== undefined) {
    const said = Object.entries(counts).map(([what, number]) => `${what} ${grouped(number)}`);
    io.err(`${options.bundle}: Codex trace bundle, ${said.join(", ")}\n`);
  }
  return leftOut.length === 0 ? EXIT.ok : EXIT.traceErrors;
}

async function exported(
  path: string,
  format: Format,
  options: ExportCommandOptions,
  io: CommandIo,
): Promise<Exported> {
  switch (format) {
    case "bundle":
      return await exportBundle(path, options.bundle ?? "", options);
    case "ndjson":
      return await exportNdjson(path, options, io);
    case "html": {
      const { htmlPieces } = await import("../export/html/export-html.ts");
      return await exportGraph(path, options, io, ({ source, graph }) => ({
        pieces: htmlPieces({ rollout: source.rollout, graph, source: path }),
      }));
    }
    case "otlp": {
      const { otlpPieces } = await import("../export/otlp/export-otlp.ts");
      return await exportGraph(path, options, io, ({ source, graph }) => {
        const pieces = otlpPieces(source.rollout, graph, { content: options.content });
        return {
          pieces: options.output === undefined && io.columns !== null ? pieces.map(escapeJson) : pieces,
        };
      });
    }
    case "perfetto": {
      const { perfettoPackets } = await import("../export/perfetto/export-perfetto.ts");
      return await exportGraph(path, options, io, ({ graph }) => ({ pieces: perfettoPackets(graph) }));
    }
    case "mermaid": {
      const { mermaidDiagram } = await import("../export/mermaid/export-mermaid.ts");
      return await exportGraph(path, options, io, ({ graph }) => {
        const { text, leftOut } = mermaidDiagram(graph);
        return { pieces: [text], leftOut };
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
  if (options.json === true && options.output === undefined && format !== "bundle") {
    throw new CliError("usage", "--json: stdout takes the export itself; give that a file with -o");
  }
  return format;
}

const MESSAGE_COLUMNS = 300;

async function exportBundle(path: string, folder: string, options: ExportCommandOptions): Promise<Exported> {
  const { exportCodexBundleInTurns } = await import("../export/codex-bundle/export-bundle.ts");
  using source = await openNamedSource(path, options);
  const wanted = bundleVersion(options.bundleVersion);
  try {
    const written = await exportCodexBundleInTurns(source.rollout, folder, { version: wanted });
    const { version, events, payloads, losses } = written;
    return { counts: { version, events, payloads }, leftOut: losses };
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "inexpressible") throw error;
    const message = `${path}: cannot be a Codex trace bundle: ${error.message}`;
    throw new CliError(error.code, `${message}; ${OTHER_FORMATS}`, { cause: error });
  }
}

const OTHER_FORMATS = "choose another format: --ndjson holds every event, --html shows it";

async function exportNdjson(path: string, options: ExportCommandOptions, io: CommandIo): Promise<Exported> {
  const { ndjsonLines } = await import("../export/ndjson/export-ndjson.ts");
  using source = await openNamedSource(path, options);
  const leftOut: string[] = [];
  let events = 0;
  const isOnTerminal = options.output === undefined && io.columns !== null;
  const onLoss = (message: string): void => void leftOut.push(message);
  const lines = ndjsonLines(source.rollout, { payloadRefs: options.payloadRefs, onLoss }).map((line) => {
    events += 1;
    return isOnTerminal ? escapeJson(line) : line;
  });
  const bytes = await writePieces(lines, options.output, io);
  return { counts: { events, bytes }, leftOut };
}

interface Made {
  readonly pieces: Iterable<Piece>;
  /** Default: nothing. */
  readonly leftOut?: readonly string[];
}

/** Formats that are made of the graph. */
async function exportGraph(
  path: string,
  options: ExportCommandOptions,
  io: CommandIo,
  make: (opened: OpenGraph) => Made,
): Promise<Exported> {
  using opened = await openGraph(path, options, io);
  const { threads, turns, inference_calls, tool_calls, code_cells } = opened.graph;
  const { pieces, leftOut = [] } = make(opened);
  const bytes = await writePieces(pieces, options.output, io);
  const counts = {
    agents: Object.keys(threads).length,
    turns: Object.keys(turns).length,
    requests: Object.keys(inference_calls).length,
    calls: Object.keys(tool_calls).length,
    cells: Object.keys(code_cells).length,
    bytes,
  };
  return { counts, leftOut };
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
