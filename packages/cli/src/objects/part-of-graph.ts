/** A graph of which only some objects are asked for. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";
import { evidenceOf, type ObjectAnchor, type ObjectType } from "./graph-objects.ts";
import { outgoingLinks } from "./links.ts";

/** What is no step of its own goes with the objects that point at it, the first of these before the next. */
const CARRIED: readonly ObjectType[] = [
  "conversation_item",
  "terminal_operation",
  "terminal_session",
  "compaction_request",
];

/**
 * The graph with these objects and what belongs to them: items, terminals, spans, the payloads behind them, and edges that
 * begin or end at one. What is said of the whole rollout (status, usage, diagnostics, findings) stays; ids may lead to objects
 * that are not in it.
 */
export function partOfGraph(graph: RolloutGraph, chosen: Iterable<ObjectAnchor>): RolloutGraph {
  const part = new Part(chosen);
  const steps = part.all();
  for (const { type, id } of steps) {
    if (type === "tool_call") part.add("span", graph.tool_calls[id]?.span_ids ?? []);
  }
  for (const type of CARRIED) {
    for (const anchor of part.all()) {
      for (const { to } of outgoingLinks(graph, anchor)) if (to.type === type) part.add(type, [to.id]);
    }
  }
  const edges = Object.values(graph.interaction_edges).filter(
    ({ source, target }) => part.has(source) || (target !== null && part.has(target)),
  );
  part.add(
    "interaction_edge",
    edges.map(({ edge_id }) => edge_id),
  );
  for (const anchor of part.all()) part.add("payload", evidenceOf(graph, anchor).payload_ids);
  return {
    ...graph,
    threads: part.of("thread", graph.threads),
    turns: part.of("turn", graph.turns),
    conversation_items: part.of("conversation_item", graph.conversation_items),
    inference_calls: part.of("inference_call", graph.inference_calls),
    tool_calls: part.of("tool_call", graph.tool_calls),
    code_cells: part.of("code_cell", graph.code_cells),
    terminal_sessions: part.of("terminal_session", graph.terminal_sessions),
    terminal_operations: part.of("terminal_operation", graph.terminal_operations),
    compactions: part.of("compaction", graph.compactions),
    compaction_requests: part.of("compaction_request", graph.compaction_requests),
    interaction_edges: part.of("interaction_edge", graph.interaction_edges),
    spans: part.of("span", graph.spans),
    payloads: part.of("payload", graph.payloads),
  };
}

class Part {
  readonly #ids: Map<ObjectType, Set<string>> = new Map();

  constructor(anchors: Iterable<ObjectAnchor>) {
    for (const { type, id } of anchors) this.add(type, [id]);
  }

  add(type: ObjectType, ids: readonly string[]): void {
    const known = this.#ids.get(type) ?? new Set();
    for (const id of ids) known.add(id);
    this.#ids.set(type, known);
  }

  has({ type, id }: Anchor): boolean {
    return type !== "rollout" && this.#ids.get(type)?.has(id) === true;
  }

  all(): readonly ObjectAnchor[] {
    return [...this.#ids].flatMap(([type, ids]) => [...ids].map((id) => ({ type, id })));
  }

  /** In the graph's order, and like its own without a prototype. */
  of<Entry>(type: ObjectType, all: { readonly [id: string]: Entry }): { readonly [id: string]: Entry } {
    const ids = this.#ids.get(type);
    const kept: { [id: string]: Entry } = Object.create(null) as { [id: string]: Entry };
    for (const [id, entry] of Object.entries(all)) if (ids?.has(id) === true) kept[id] = entry;
    return kept;
  }
}
