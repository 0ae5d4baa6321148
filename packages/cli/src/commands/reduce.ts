import { graphJson, ReduceError, type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { EXIT } from "../errors.ts";
import { codexStateJson } from "../export/codex-state/codex-state.ts";
import { writePieces } from "../export/write-pieces.ts";
import { type CommandIo, outJson } from "../io.ts";
import { fitText } from "../render/escape.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import type { GraphFormat } from "./option-values.ts";
import { openNamedSource } from "./open-named-source.ts";
import { watched } from "./progress.ts";

export interface ReduceCommandOptions extends SourceOptions {
  /** File to write; default stdout. */
  readonly output?: string | undefined;
  /** Stop at the first error of the trace, with exit code 1. */
  readonly strict?: boolean | undefined;
  /** Write the full item list of every request, although it repeats itself. */
  readonly expand?: boolean | undefined;
  /** Default `graph`. `codex` is the shape that Codex's own reducer writes. */
  readonly format?: GraphFormat | undefined;
}

/** Reduces a source to graph JSON. Returns the exit code. */
export async function reduceCommand(
  path: string,
  options: ReduceCommandOptions,
  io: CommandIo,
): Promise<number> {
  using source = await openNamedSource(path, options);
  let graph: RolloutGraph;
  try {
    const mode = options.strict === true ? "strict" : "lenient";
    graph = watched(io, "reducing", (onProgress) => reduceRollout(source.rollout, { mode, onProgress }));
  } catch (error) {
    if (!(error instanceof ReduceError)) throw error;
    const where = error.seq === null ? "" : ` at seq ${error.seq}`;
    io.err(`${path}: ${error.code}${where}: ${fitText(error.message, MESSAGE_COLUMNS)}\n`);
    return EXIT.traceErrors;
  }
  reportDiagnostics(path, graph, io);
  const text =
    options.format === "codex" ? codexStateJson(graph) : graphJson(graph, { expand: options.expand });
  if (options.output === undefined) outJson(io, text);
  else await writePieces([text], options.output, io);
  return EXIT.ok;
}

const MESSAGE_COLUMNS = 300;

function reportDiagnostics(path: string, graph: RolloutGraph, io: CommandIo): void {
  for (const { severity, code, seq, message } of graph.diagnostics) {
    const where = seq === null ? "" : ` at seq ${seq}`;
    io.err(`${path}: ${severity} ${code}${where}: ${fitText(message, MESSAGE_COLUMNS)}\n`);
  }
}
