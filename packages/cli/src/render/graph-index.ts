/** Lookups that the graph does not hold because they follow from it. Built once a page, in time linear in the graph. */
import type {
  Anchor,
  CodeCell,
  Compaction,
  ConversationItem,
  InferenceCall,
  InteractionEdge,
  RolloutGraph,
  Thread,
  ToolCall,
  Turn,
} from "@rollout-trace/reducer";
import { escapeText } from "./escape.ts";
import { itemText } from "./item-text.ts";

export interface Arrival {
  readonly seq: number;
  readonly edge: InteractionEdge;
  readonly text: string | null;
}

export interface GraphIndex {
  /** Whether some tool call on the page carries this agent. */
  hangsUnderSpawn(thread: Thread): boolean;
  spawnedBy(toolCallId: string): readonly Thread[];
  /** The agents that a message, task or close went to, as `to PATH`, safe to print; empty for other calls. */
  reached(toolCallId: string): string;
  /** Tool calls of a turn that neither a response nor a cell carries: the host's own, and those of no known request. */
  ownCalls(turnId: string): readonly ToolCall[];
  /** Cells of a turn that no exec call and no response carries. */
  ownCells(turnId: string): readonly CodeCell[];
  /** What an agent reported to others. */
  results(threadId: string): readonly InteractionEdge[];
  /** What came from other agents in a turn: the edge, its text (untrusted), and the `seq` just before which it is in a request. */
  arrivals(turnId: string): readonly Arrival[];
  /** Of a turn, installed or not. */
  compactions(turnId: string): readonly Compaction[];
  /** The agent that an edge leads to, safe to print. */
  agentOf(anchor: Anchor | null): string;
  /** The text of what an edge carries, untrusted. */
  anchorText(anchor: Anchor): string | null;
  /** What set the turn off, untrusted. */
  openingMessage(turn: Turn): string | null;
  /** The readable reasoning of a response, untrusted. */
  reasoning(call: InferenceCall): string | null;
}

export function graphIndex(graph: RolloutGraph): GraphIndex {
  const threads = Object.values(graph.threads);
  const spawnEdges = new Map<string, Thread>();
  for (const thread of threads) {
    if (thread.origin.type === "spawned" && thread.origin.spawn_edge_id !== null) {
      spawnEdges.set(thread.origin.spawn_edge_id, thread);
    }
  }
  const spawned = new Map<string, Thread[]>();
  const carried = new Set<string>();
  const results = new Map<string, InteractionEdge[]>();
  const reached = new Map<string, InteractionEdge[]>();
  for (const edge of Object.values(graph.interaction_edges)) {
    const child = spawnEdges.get(edge.edge_id);
    if (child !== undefined && edge.source.type === "tool_call") {
      push(spawned, edge.source.id, child);
      carried.add(child.thread_id);
    }
    if (edge.kind !== "spawn_agent" && edge.source.type === "tool_call") push(reached, edge.source.id, edge);
    const sender = edge.kind === "agent_result" ? threadIdOf(graph, edge.source) : null;
    if (sender !== null) push(results, sender, edge);
  }
  const arrived = arrivals(graph);
  const compacted = Map.groupBy(Object.values(graph.compactions), (compaction) => compaction.turn_id ?? "");
  const { calls, cells } = ownWork(graph);
  const agentOf = (anchor: Anchor | null): string => {
    const id = anchor === null ? null : threadIdOf(graph, anchor);
    return escapeText(
      (id === null ? undefined : graph.threads[id]?.agent_path) ?? "nobody: it never arrived",
    );
  };
  return {
    hangsUnderSpawn: (thread) => carried.has(thread.thread_id),
    spawnedBy: (id) => spawned.get(id) ?? [],
    ownCalls: (turnId) => calls.get(turnId) ?? [],
    ownCells: (turnId) => cells.get(turnId) ?? [],
    arrivals: (turnId) => arrived.get(turnId) ?? [],
    compactions: (turnId) => compacted.get(turnId) ?? [],
    results: (threadId) => results.get(threadId) ?? [],
    reached: (id) => (reached.get(id) ?? []).map((edge) => `to ${agentOf(edge.target)}`).join(", "),
    agentOf,
    anchorText(anchor) {
      const item = anchor.type === "conversation_item" ? graph.conversation_items[anchor.id] : undefined;
      return item === undefined ? null : itemText(item);
    },
    openingMessage: (turn) => openingMessage(graph, turn),
    reasoning(call) {
      const items = call.response_item_ids.flatMap((id) => graph.conversation_items[id] ?? []);
      const text = items
        .filter((item) => item.kind === "reasoning")
        .map(readable)
        .join(" ");
      return text === "" ? null : text;
    },
  };
}

function readable(item: ConversationItem): string {
  const readableParts = item.body.parts.filter((part) => part.type === "text" || part.type === "summary");
  return readableParts.map((part) => part.text).join(" ");
}

/** What set a turn off: the last message to the agent in the turn's first request; the host's preamble comes before it. */
function openingMessage(graph: RolloutGraph, turn: Turn): string | null {
  const first = graph.inference_calls[turn.inference_call_ids[0] ?? ""];
  const items = first?.request.item_ids.flatMap((id) => graph.conversation_items[id] ?? []) ?? [];
  const opening = items.findLast(
    (item) => item.kind === "message" && (item.role === "user" || item.agent_message !== null),
  );
  return opening === undefined ? null : itemText(opening);
}

/** A spawned agent hangs under its spawn, with the task that it was given; everything else arrives somewhere. */
function arrivals(graph: RolloutGraph): ReadonlyMap<string, readonly Arrival[]> {
  const found = new Map<string, Arrival[]>();
  for (const edge of Object.values(graph.interaction_edges)) {
    const item =
      edge.kind !== "spawn_agent" && edge.target?.type === "conversation_item"
        ? graph.conversation_items[edge.target.id]
        : undefined;
    if (item === undefined || item.turn_id === null) continue;
    const seq = (item.accepted?.seq ?? item.evidence.seqs[0] ?? 0) - 0.5;
    push(found, item.turn_id, { seq, edge, text: itemText(item) });
  }
  return found;
}

function ownWork(graph: RolloutGraph): {
  readonly calls: ReadonlyMap<string, readonly ToolCall[]>;
  readonly cells: ReadonlyMap<string, readonly CodeCell[]>;
} {
  const asked = new Set<string>();
  for (const call of Object.values(graph.inference_calls)) {
    for (const id of [...call.tool_call_ids, ...call.code_cell_ids]) asked.add(id);
  }
  const calls = new Map<string, ToolCall[]>();
  for (const call of Object.values(graph.tool_calls)) {
    const nested = call.requester.type === "code_cell" && call.requester.code_cell_id !== null;
    if (!nested && !asked.has(call.tool_call_id)) push(calls, call.turn_id ?? "", call);
  }
  const cells = new Map<string, CodeCell[]>();
  for (const cell of Object.values(graph.code_cells)) {
    if (cell.exec_tool_call_id === null && !asked.has(cell.code_cell_id))
      push(cells, cell.turn_id ?? "", cell);
  }
  return { calls, cells };
}

function threadIdOf(graph: RolloutGraph, anchor: Anchor): string | null {
  switch (anchor.type) {
    case "thread":
      return anchor.id;
    case "conversation_item":
      return graph.conversation_items[anchor.id]?.thread_id ?? null;
    case "tool_call":
      return graph.tool_calls[anchor.id]?.thread_id ?? null;
    default:
      return null;
  }
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
