import { graphJson, type RolloutGraph } from "@rollout-trace/reducer";
import { CliError, EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { fitText } from "../render/escape.ts";
import { page } from "../render/page.ts";
import { rolloutTree } from "../render/rollout-tree.ts";
import { summaryLines } from "../render/summary.ts";
import { treeLines } from "../render/tree.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";

export interface ShowOptions {
  /** Only this agent, by thread id or agent path. */
  readonly thread?: string | undefined;
  /** Only this turn. */
  readonly turn?: string | undefined;
  /** Levels of the tree; 1 shows agents alone. Default: all. */
  readonly depth?: number | undefined;
  /** The graph as JSON instead of a tree. */
  readonly json?: boolean | undefined;
}

export interface ShowCommandOptions extends ShowOptions, SourceOptions {}

/** Shows a rollout as a tree. Returns the exit code. */
export function showCommand(path: string, options: ShowCommandOptions, io: CommandIo): number {
  using opened = openGraph(path, options, io);
  const { graph } = opened;
  if (options.json === true) outJson(io, graphJson(graph));
  else io.out(renderRollout(graph, options, io));
  return EXIT.ok;
}

/** The page that `show` prints. Throws `CliError` `usage` when the graph has no such thread or turn. */
export function renderRollout(graph: RolloutGraph, options: ShowOptions, io: CommandIo): string {
  const { thread, turn } = options;
  const turns = Object.values(graph.turns);
  if (turn !== undefined && !turns.some((known) => known.turn_id === turn)) {
    throw new CliError("usage", `no turn ${fitText(turn, 80)} in this rollout`);
  }
  const owner = turns.find((known) => known.turn_id === turn)?.thread_id;
  const trees = rolloutTree(graph, { colour: io.colour, thread: thread ?? owner, turn });
  if (trees.length === 0 && thread !== undefined) {
    throw new CliError("usage", `no thread or agent path ${fitText(thread, 80)} in this rollout`);
  }
  const style = {
    columns: io.columns,
    branch: (text: string) => io.colour.dim(text),
    detail: (text: string, columns: number) => io.colour.dim(fitText(text, columns)),
  };
  const summary = summaryLines(graph, io);
  return page([...summary, "", ...treeLines(trees, style, options.depth)], io);
}
