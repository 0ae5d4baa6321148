/**
 * A rollout as a tree: an agent's turns, the model's requests in them, under each request the tool calls that its response
 * asked for, under an exec its cell with everything the cell did, and under a spawn the agent that it made. Between the
 * requests stands what came from other agents, and where the history was replaced.
 */
import type {
  CodeCell,
  Compaction,
  InferenceCall,
  RolloutGraph,
  Thread,
  TokenUsage,
  ToolCall,
  Turn,
} from "@rollout-trace/reducer";
import type { ChalkInstance } from "chalk";
import { type Costs, costText } from "../costs/costs.ts";
import type { ObjectAnchor } from "../objects/graph-objects.ts";
import { cellNodes, cellText } from "./cell-nodes.ts";
import { escapeText } from "./escape.ts";
import { failureNodes } from "./failure-nodes.ts";
import { count, grouped } from "./format.ts";
import { graphIndex, type GraphIndex } from "./graph-index.ts";
import { itemText } from "./item-text.ts";
import { spanNodes } from "./span-nodes.ts";
import { status } from "./status.ts";
import { toolCallText } from "./tool-call-text.ts";
import type { TreeNode } from "./tree.ts";

export interface RolloutTreeOptions {
  readonly colour: ChalkInstance;
  /** Only this agent, by thread id or agent path. */
  readonly thread?: string | undefined;
  /** Only this turn. */
  readonly turn?: string | undefined;
  /** Default: nothing is said about costs. */
  readonly costs?: Costs | undefined;
  /** Whether the trees are walked as deep as they go. */
  readonly isWalked: boolean;
}

/** Everything a node is made from. */
export interface Page {
  readonly graph: RolloutGraph;
  readonly index: GraphIndex;
  readonly colour: ChalkInstance;
  readonly turn: string | undefined;
  readonly costs: Costs | undefined;
  /** Agents already on the page: a damaged recording may say that agents spawned each other. */
  readonly shown: Set<string>;
  /** Tool calls already on the page: nor may a call, by way of its cell, hang under itself. */
  readonly shownCalls: Set<string>;
  /** False where some children are not asked for: the agents among them are on the page all the same. */
  readonly isWalked: boolean;
}

/**
 * The trees of a graph: that of the root agent first, then agents that hang under nobody. Each is made as it is walked, and must
 * be walked to its end before the next is asked for.
 */
export function* rolloutTree(
  graph: RolloutGraph,
  options: RolloutTreeOptions,
): Generator<TreeNode, void, undefined> {
  const page: Page = {
    graph,
    index: graphIndex(graph),
    colour: options.colour,
    turn: options.turn,
    costs: options.costs,
    shown: new Set(),
    shownCalls: new Set(),
    isWalked: options.isWalked,
  };
  const threads = Object.values(graph.threads);
  const wanted =
    options.thread === undefined
      ? threads
      : threads.filter(
          (thread) => thread.thread_id === options.thread || thread.agent_path === options.thread,
        );
  const roots = wanted.filter(
    (thread) => options.thread !== undefined || !page.index.hangsUnderSpawn(thread),
  );
  for (const thread of [...roots, ...wanted]) {
    const node = threadNode(page, thread);
    if (node !== null) yield node;
  }
}

function threadNode(page: Page, thread: Thread): TreeNode | null {
  if (page.shown.has(thread.thread_id)) return null;
  page.shown.add(thread.thread_id);
  const { colour, graph } = page;
  const name = [
    colour.bold.cyan(escapeText(thread.agent_path)),
    thread.nickname === null ? null : escapeText(thread.nickname),
    thread.model === null ? null : colour.dim(escapeText(thread.model)),
    status(colour, thread.execution),
    colour.dim(threadTokens(graph, thread)),
    costOf(page, (costs) => costs.thread(thread.thread_id)),
  ];
  const turns = thread.turn_ids.flatMap((id) => graph.turns[id] ?? []);
  const numbers = new Map(turns.map((turn, index) => [turn, index + 1]));
  // An agent that was spawned in the chosen turn is part of it.
  const chosen = turns.filter((turn) => turn.turn_id === page.turn);
  const shown = chosen.length === 0 ? turns : chosen;
  const results = chosen.length === 0 ? page.index.results(thread.thread_id) : [];
  return {
    text: name.filter((part) => part !== null).join("  "),
    objects: [{ type: "thread", id: thread.thread_id }],
    children: [
      ...shown.map((turn) => turnNode(page, turn, numbers.get(turn) ?? 0)),
      ...results.map((edge) => ({
        text: `${colour.magenta("reports to")} ${page.index.agentOf(edge.target)}`,
        detail: page.index.anchorText(edge.source),
        children: [],
      })),
    ],
  };
}

/** A thread without a token count in any response has an unknown number, not none. */
function threadTokens(graph: RolloutGraph, thread: Thread): string {
  const usage = graph.usage.by_thread[thread.thread_id];
  return usage === undefined ? "tokens unknown" : count(usage.total_tokens, "token");
}

/** Styled; null where nothing is known about costs or there is nothing to pay for. */
function costOf(
  { costs, colour }: Page,
  which: (costs: Costs) => Parameters<typeof costText>[0],
): string | null {
  const text = costs === undefined ? null : costText(which(costs), escapeText(costs.currency));
  return text === null ? null : colour.dim(text);
}

function tokenText({
  input_tokens: input,
  cached_input_tokens: cached,
  output_tokens: output,
}: TokenUsage): string {
  const fromCache = cached === 0 ? "" : ` (${grouped(cached)} cached)`;
  return `${grouped(input)}${fromCache} → ${grouped(output)} tokens`;
}

/** What an edge brings to the agent that it leads to. */
const ARRIVALS: { readonly [kind: string]: string } = {
  agent_result: "result",
  send_message: "message",
  assign_agent_task: "task",
  close_agent: "close",
};

function compactionLine({ colour, graph }: Page, compaction: Compaction): string {
  const requests = compaction.request_ids.flatMap((id) => graph.compaction_requests[id] ?? []);
  const took = requests.map(({ execution }) => status(colour, execution)).join(", ");
  const model = requests.length === 0 ? [] : [`${colour.blue("model")} ${took}`];
  const [from, to] = [compaction.input_item_ids.length, compaction.replacement_item_ids.length];
  const what =
    compaction.installed_seq === null
      ? colour.yellow("never installed")
      : colour.dim(`${count(from, "item")} → ${grouped(to)}`);
  return [colour.magenta("compaction"), what, ...model].join("  ");
}

function turnNode(page: Page, turn: Turn, number: number): TreeNode {
  const { colour, index, isWalked } = page;
  const facts = [
    colour.bold(`turn ${number}`),
    status(colour, turn.execution),
    turn.usage === null ? null : colour.dim(count(turn.usage.total_tokens, "token")),
    costOf(page, (costs) => costs.turn(turn.turn_id)),
  ];
  return {
    text: facts.filter((fact) => fact !== null).join("  "),
    detail: index.openingMessage(turn),
    objects: [{ type: "turn", id: turn.turn_id }],
    children: isWalked ? () => stepNodes(page, turn) : stepNodes(page, turn),
  };
}

/** What happened in a turn, in order. */
function stepNodes(page: Page, turn: Turn): readonly TreeNode[] {
  const { colour, graph, index } = page;
  const calls = turn.inference_call_ids.flatMap((id) => graph.inference_calls[id] ?? []);
  const steps = [
    ...calls.map((call, index) => ({
      seq: call.execution.started_seq,
      node: inferenceNode(page, call, index + 1),
    })),
    ...index.ownCalls(turn.turn_id).map((call) => ({
      seq: call.execution.started_seq,
      node: toolCallNode(page, call),
    })),
    ...index.arrivals(turn.turn_id).map(({ seq, edge, text }) => ({
      seq,
      node: {
        text: `${colour.magenta(ARRIVALS[edge.kind] ?? edge.kind)} from ${index.agentOf(edge.source)}`,
        detail: text,
        children: [],
      },
    })),
    ...index.compactions(turn.turn_id).map((compaction) => ({
      seq: compaction.installed_seq ?? compaction.evidence.seqs.at(-1) ?? 0,
      node: {
        text: compactionLine(page, compaction),
        objects: [{ type: "compaction" as const, id: compaction.compaction_id }],
        children: [],
      },
    })),
    ...index.ownCells(turn.turn_id).map((cell) => ({
      seq: cell.execution.started_seq,
      node: cellNode(page, cell),
    })),
  ];
  return steps.toSorted((left, right) => left.seq - right.seq).map((step) => step.node);
}

function inferenceNode(page: Page, call: InferenceCall, number: number): TreeNode {
  const { colour, graph, index } = page;
  const said = call.response_item_ids
    .flatMap((id) => graph.conversation_items[id] ?? [])
    .filter((item) => item.kind === "message")
    .map(itemText)
    .join(" ");
  const facts = [
    colour.blue(`model request ${number}`),
    status(colour, call.execution),
    call.usage === null ? null : colour.dim(tokenText(call.usage)),
    costOf(page, (costs) => costs.request(call.inference_call_id)),
  ];
  const tools = call.tool_call_ids.flatMap((id) => graph.tool_calls[id] ?? []);
  const cells = call.code_cell_ids
    .flatMap((id) => graph.code_cells[id] ?? [])
    .filter((cell) => cell.exec_tool_call_id === null);
  const children = [
    ...tools.map((tool) => ({ seq: tool.execution.started_seq, node: toolCallNode(page, tool) })),
    ...cells.map((cell) => ({
      seq: cell.execution.started_seq,
      node: cellNode(page, cell),
    })),
  ].toSorted((left, right) => left.seq - right.seq);
  return {
    text: facts.filter((fact) => fact !== null).join("  "),
    detail: call.error ?? (said === "" ? index.reasoning(call) : said),
    objects: [{ type: "inference_call", id: call.inference_call_id }],
    children: children.map((child) => child.node),
  };
}

/** A tool call; one that spawned an agent carries the agent. */
function toolCallNode(page: Page, call: ToolCall): TreeNode {
  const { graph, index } = page;
  const cell = call.code_cell_id === null ? undefined : graph.code_cells[call.code_cell_id];
  const started = call.kind.type === "code_cell_exec" && cell !== undefined;
  const isAgain = page.shownCalls.has(call.tool_call_id);
  page.shownCalls.add(call.tool_call_id);
  const spawned = index.spawnedBy(call.tool_call_id).flatMap((thread) => threadNode(page, thread) ?? []);
  return {
    text: toolCallText(page, call),
    detail: started ? cell.source : call.input_preview,
    objects: [{ type: "tool_call", id: call.tool_call_id }, ...(started ? [cellAnchor(cell)] : [])],
    children: [
      ...(started && !isAgain ? cellNodes(page, cell, toolCallNode) : []),
      ...failureNodes(page, call, started ? cell : null),
      ...(isAgain ? [] : spanNodes(page, call)),
      ...spawned,
    ],
  };
}

/** A cell that no exec call carries. */
function cellNode(page: Page, cell: CodeCell): TreeNode {
  return {
    text: `${page.colour.green("exec")}  ${cellText(page.colour, cell)}`,
    objects: [cellAnchor(cell)],
    children: cellNodes(page, cell, toolCallNode),
  };
}

function cellAnchor({ code_cell_id: id }: CodeCell): ObjectAnchor {
  return { type: "code_cell", id };
}
