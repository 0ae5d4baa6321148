/** The tree of the page: agents, their turns, what the model was asked and asked for, and what came of it. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";
import type { NodeList } from "./node-list.ts";

/** Node and depth, line by line. Nothing is in it twice, whatever a damaged recording says. */
export function outlineOf(graph: RolloutGraph, list: NodeList): readonly (readonly [number, number])[] {
  const children = new Map<number, number[]>();
  const put = (child: Anchor, parents: readonly (Anchor | null)[]): void => {
    const number = list.numberOf(child);
    const parent = parents.map((anchor) => list.numberOf(anchor)).find((found) => found !== -1) ?? -1;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [number]);
    else siblings.push(number);
  };
  placeAgents(graph, put);
  placeWork(graph, put);
  const seqOf = (number: number): number => list.nodes[number]?.seq ?? 0;
  for (const siblings of children.values()) siblings.sort((left, right) => seqOf(left) - seqOf(right));
  const lines: (readonly [number, number])[] = [];
  const seen = new Set<number>();
  const walk = (roots: readonly number[]): void => {
    const stack: (readonly [number, number])[] = roots.map((node) => [node, 0] as const).toReversed();
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [node, depth] = top;
      if (seen.has(node)) continue;
      seen.add(node);
      lines.push(top);
      for (const child of (children.get(node) ?? []).toReversed()) stack.push([child, depth + 1]);
    }
  };
  walk(children.get(-1) ?? []);
  // What a damaged recording hangs under itself.
  walk([...children.values()].flat());
  return lines;
}

type Put = (child: Anchor, parents: readonly (Anchor | null)[]) => void;

function anchor(type: Anchor["type"], id: string | null | undefined): Anchor | null {
  return id === null || id === undefined ? null : { type, id };
}

function placeAgents(graph: RolloutGraph, put: Put): void {
  for (const { thread_id: id, origin } of Object.values(graph.threads)) {
    const spawned = origin.type === "spawned" ? origin : null;
    const edge = graph.interaction_edges[spawned?.spawn_edge_id ?? ""];
    put({ type: "thread", id }, [edge?.source ?? null, anchor("thread", spawned?.parent_thread_id)]);
  }
  for (const edge of Object.values(graph.interaction_edges)) {
    // A spawn is shown by the agent that hangs under it.
    if (edge.kind === "spawn_agent" && edge.target !== null) continue;
    const item =
      edge.source.type === "conversation_item" ? graph.conversation_items[edge.source.id] : undefined;
    const owner = edge.source.type === "conversation_item" ? anchor("thread", item?.thread_id) : edge.source;
    put({ type: "interaction_edge", id: edge.edge_id }, [owner]);
  }
}

function placeWork(graph: RolloutGraph, put: Put): void {
  for (const turn of Object.values(graph.turns)) {
    put({ type: "turn", id: turn.turn_id }, [anchor("thread", turn.thread_id)]);
  }
  for (const call of Object.values(graph.inference_calls)) {
    put({ type: "inference_call", id: call.inference_call_id }, [
      anchor("turn", call.turn_id),
      anchor("thread", call.thread_id),
    ]);
  }
  for (const compaction of Object.values(graph.compactions)) {
    put({ type: "compaction", id: compaction.compaction_id }, [
      anchor("turn", compaction.turn_id),
      anchor("thread", compaction.thread_id),
    ]);
  }
  for (const request of Object.values(graph.compaction_requests)) {
    put({ type: "compaction_request", id: request.compaction_request_id }, [
      anchor("compaction", request.compaction_id),
      anchor("turn", request.turn_id),
    ]);
  }
  for (const cell of Object.values(graph.code_cells)) {
    put({ type: "code_cell", id: cell.code_cell_id }, [
      anchor("tool_call", cell.exec_tool_call_id),
      anchor("inference_call", cell.caused_by?.inference_call_id),
      anchor("turn", cell.turn_id),
      anchor("thread", cell.thread_id),
    ]);
  }
  for (const call of Object.values(graph.tool_calls)) {
    const { requester } = call;
    put({ type: "tool_call", id: call.tool_call_id }, [
      requester.type === "code_cell" ? anchor("code_cell", requester.code_cell_id) : null,
      requester.type === "model" ? anchor("inference_call", call.caused_by?.inference_call_id) : null,
      anchor("turn", call.turn_id),
      anchor("thread", call.thread_id),
    ]);
  }
}
