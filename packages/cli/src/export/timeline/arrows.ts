/** Which bar leads to which: recorded causes within an agent, interaction edges between agents. */
import type { Anchor, InteractionEdge, RolloutGraph } from "@rollout-trace/reducer";
import type { Arrow, Bar } from "./bar.ts";

/** Only what the graph says; an edge whose end has no work to point at points at the agent itself. */
export function arrowsOf(graph: RolloutGraph, bars: readonly Bar[]): readonly Arrow[] {
  const found = new Map(bars.map((bar) => [`${bar.type} ${bar.id}`, bar]));
  const barOf = (type: Bar["type"], id: string | null | undefined): Bar | undefined =>
    id === null || id === undefined ? undefined : found.get(`${type} ${id}`);
  const arrows: Arrow[] = [];
  const cause = (label: string, from: Bar | undefined, to: Bar | undefined): void => {
    if (from !== undefined && to !== undefined) arrows.push({ kind: "cause", edgeId: null, label, from, to });
  };
  for (const call of Object.values(graph.tool_calls)) {
    const { requester } = call;
    const to = barOf("tool_call", call.tool_call_id);
    if (requester.type === "code_cell") cause("calls", barOf("code_cell", requester.code_cell_id), to);
    else if (requester.type === "model") {
      cause("asks for", barOf("inference_call", call.caused_by?.inference_call_id), to);
    }
  }
  for (const cell of Object.values(graph.code_cells)) {
    const to = barOf("code_cell", cell.code_cell_id);
    const exec = barOf("tool_call", cell.exec_tool_call_id);
    cause("starts", exec ?? barOf("inference_call", cell.caused_by?.inference_call_id), to);
  }
  const readers = firstReaders(graph);
  for (const edge of Object.values(graph.interaction_edges)) {
    const from = sender(graph, edge, barOf);
    const to = edge.target === null ? undefined : receiver(graph, edge.target, edge, readers, barOf);
    if (from === undefined || to === undefined) continue;
    arrows.push({ kind: "edge", edgeId: edge.edge_id, label: edge.kind.replaceAll("_", " "), from, to });
  }
  return arrows;
}

type BarOf = (type: Bar["type"], id: string | null | undefined) => Bar | undefined;

/** The request that first showed an item to a model. */
function firstReaders(graph: RolloutGraph): ReadonlyMap<string, string> {
  const readers = new Map<string, string>();
  for (const call of Object.values(graph.inference_calls)) {
    for (const id of call.request.item_ids) {
      if (!readers.has(id)) readers.set(id, call.inference_call_id);
    }
  }
  return readers;
}

function sender(graph: RolloutGraph, { source }: InteractionEdge, barOf: BarOf): Bar | undefined {
  switch (source.type) {
    case "tool_call":
      return barOf("tool_call", source.id);
    case "conversation_item": {
      const item = graph.conversation_items[source.id];
      const writer = item?.produced_by.find((producer) => producer.type === "inference");
      const inference = writer?.type === "inference" ? writer.inference_call_id : null;
      return (
        barOf("inference_call", inference) ?? barOf("turn", item?.turn_id) ?? barOf("thread", item?.thread_id)
      );
    }
    default:
      return source.type === "thread" ? barOf("thread", source.id) : undefined;
  }
}

function receiver(
  graph: RolloutGraph,
  target: Anchor,
  edge: InteractionEdge,
  readers: ReadonlyMap<string, string>,
  barOf: BarOf,
): Bar | undefined {
  if (target.type === "conversation_item") {
    const threadId = graph.conversation_items[target.id]?.thread_id;
    return barOf("inference_call", readers.get(target.id)) ?? barOf("thread", threadId);
  }
  if (target.type !== "thread") return undefined;
  const turnId = graph.threads[target.id]?.turn_ids.find(
    (id) => (graph.turns[id]?.execution.started_at_us ?? 0) >= edge.started_at_us,
  );
  return barOf("turn", turnId) ?? barOf("thread", target.id);
}
