import { graphJson, type RolloutGraph, type Thread } from "@rollout-trace/reducer";
import { type Costs, costsOf } from "../costs/costs.ts";
import { readPrices } from "../costs/prices.ts";
import { CliError, EXIT } from "../errors.ts";
import { type TouchedFile, touchedFiles } from "../files/touched-files.ts";
import { type CommandIo, outJson } from "../io.ts";
import { partOfGraph } from "../objects/part-of-graph.ts";
import { escapeText, fitText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page, printPage } from "../render/page.ts";
import { rolloutTree } from "../render/rollout-tree.ts";
import { summaryLines } from "../render/summary.ts";
import { treeLines, type TreeNode, treeObjects } from "../render/tree.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";

export interface ShowOptions {
  /** Only this agent, by thread id, the beginning of one, or agent path. */
  readonly thread?: string | undefined;
  /** Only this turn: its number, of the agent that `thread` names or else of the root, or its id. */
  readonly turn?: string | undefined;
  /** Levels of the tree; 1 shows agents alone. Default: all. */
  readonly depth?: number | undefined;
  /** File with prices, for costs. */
  readonly prices?: string | undefined;
  /** The files that tools changed, instead of a tree. */
  readonly files?: boolean | undefined;
  /** The graph, or what of it is chosen, or the files, as JSON. */
  readonly json?: boolean | undefined;
}

export interface ShowCommandOptions extends ShowOptions, SourceOptions {}

/** Shows a rollout as a tree. Returns the exit code. */
export async function showCommand(path: string, options: ShowCommandOptions, io: CommandIo): Promise<number> {
  using opened = await openGraph(path, options, io);
  const { graph, source } = opened;
  if (options.files === true) {
    const part = partOf(graph, { ...options, depth: undefined }, io);
    showFiles(touchedFiles(part, source.rollout.payloads), options, io);
  } else if (options.json === true) outJson(io, graphJson(partOf(graph, options, io)));
  else await printPage(linesOf(graph, options, io), io);
  return EXIT.ok;
}

/**
 * The page that `show` prints. Throws `CliError` `usage` when the graph has no such thread or turn, or the prices cannot be
 * read.
 */
export function renderRollout(graph: RolloutGraph, options: ShowOptions, io: CommandIo): string {
  return page(linesOf(graph, options, io), io);
}

function* linesOf(graph: RolloutGraph, options: ShowOptions, io: CommandIo): Generator<string, void> {
  const costs = options.prices === undefined ? undefined : costsOf(graph, readPrices(options.prices));
  const trees = treesOf(graph, { ...options, costs }, io);
  yield* summaryLines(graph, io, costs);
  yield "";
  const style = {
    columns: io.columns,
    branch: (text: string) => io.colour.dim(text),
    detail: (text: string, columns: number) => io.colour.dim(fitText(text, columns)),
  };
  yield* treeLines(trees, style, options.depth);
}

/** The trees of the agents and the turn that are chosen. Throws `CliError` `usage` for those that are not there. */
function treesOf(
  graph: RolloutGraph,
  options: ShowOptions & { readonly costs?: Costs | undefined },
  { colour }: CommandIo,
): Iterable<TreeNode> {
  const thread = options.thread === undefined ? undefined : threadNamed(graph, options.thread);
  const turn = options.turn === undefined ? undefined : turnNamed(graph, options.turn, thread);
  // Several agents may have one path; asked for by it, all of them are shown.
  const asked = options.thread === thread?.agent_path ? thread?.agent_path : thread?.thread_id;
  const owner = turn === undefined ? asked : graph.turns[turn]?.thread_id;
  const isWalked = options.depth === undefined;
  return rolloutTree(graph, { colour, thread: owner, turn, costs: options.costs, isWalked });
}

/** The graph, or the part of it that the tree shows where something is chosen. */
function partOf(graph: RolloutGraph, options: ShowOptions, io: CommandIo): RolloutGraph {
  const { thread, turn, depth } = options;
  if (thread === undefined && turn === undefined && depth === undefined) return graph;
  return partOfGraph(graph, treeObjects(treesOf(graph, options, io), depth));
}

function showFiles(files: readonly TouchedFile[], { json }: ShowOptions, io: CommandIo): void {
  if (json === true) {
    outJson(io, `${JSON.stringify({ files }, null, 1)}\n`);
    return;
  }
  const lines = files.map(({ path, added, updated, deleted }) => {
    const counts = [
      ["added", added],
      ["updated", updated],
      ["deleted", deleted],
    ] as const;
    const said = counts.filter(([, number]) => number > 0).map(([word, number]) => `${word} ${number}`);
    return `${escapeText(path)}  ${io.colour.dim(said.join(", "))}`;
  });
  io.out(page([...lines, `${count(files.length, "file")} touched by tools`], io));
}

function threadNamed(graph: RolloutGraph, name: string): Thread {
  const threads = Object.values(graph.threads);
  const found =
    threads.find(({ thread_id: id }) => id === name) ?? threads.find(({ agent_path: path }) => path === name);
  if (found !== undefined) return found;
  const [only, ...others] = threads.filter(({ thread_id: id }) => id.startsWith(name));
  if (only === undefined)
    throw new CliError("usage", `no thread or agent path ${fitText(name, 80)} in this rollout`);
  if (others.length === 0) return only;
  const listed = [only, ...others].slice(0, LISTED).map(({ thread_id: id, agent_path: path }) => {
    return `\n  ${fitText(id, 80)}  ${fitText(path, 80)}`;
  });
  const more = others.length < LISTED ? "" : `\n  … and ${others.length + 1 - LISTED} more`;
  throw new CliError(
    "usage",
    `${others.length + 1} threads have an id that begins with ${fitText(name, 80)}; give more of it:${listed.join("")}${more}`,
  );
}

/** Threads named in a message. */
const LISTED = 10;

/** The id of a turn. What the tree calls `turn 2` is the second turn of its agent. */
function turnNamed(graph: RolloutGraph, name: string, thread: Thread | undefined): string {
  const [, number, , path] = /^(?:turn )?([1-9]\d{0,8})( of (.+))?$/.exec(name.trim()) ?? [];
  if (Object.hasOwn(graph.turns, name) || number === undefined) {
    const byId = Object.values(graph.turns).find(({ turn_id, recorded_id }) =>
      [turn_id, recorded_id].includes(name),
    );
    if (byId !== undefined) return byId.turn_id;
    throw new CliError("usage", `no turn ${fitText(name, 80)} in this rollout; ${TURN_FORMS}`);
  }
  const owner =
    path === undefined ? (thread ?? graph.threads[graph.root_thread_id ?? ""]) : threadNamed(graph, path);
  const id = owner?.turn_ids[Number(number) - 1];
  if (owner !== undefined && id !== undefined) return id;
  const agent =
    owner === undefined ? "a root agent, which the recording does not have" : escapeText(owner.agent_path);
  const has = `it has ${count(owner?.turn_ids.length ?? 0, "turn")}`;
  throw new CliError("usage", `no turn ${number} of ${agent}: ${has}; ${TURN_FORMS}`);
}

const TURN_FORMS = "ask with a number, `2 of /root/agent`, or a turn's id";
