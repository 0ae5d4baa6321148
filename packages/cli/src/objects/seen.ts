/** What the model saw of an object, and when: the requests that carry its items. */
import type { InferenceCall, RolloutGraph } from "@rollout-trace/reducer";
import type { ObjectAnchor } from "./graph-objects.ts";

/** One item of an object and the requests that showed it to a model. */
export interface Sighting {
  readonly item_id: string;
  /** The response that wrote the item, where a model did. */
  readonly written_by: string | null;
  /** How many requests of the item's agent carry it. */
  readonly requests: number;
  readonly first: RequestMoment | null;
  readonly last: RequestMoment | null;
}

export interface RequestMoment {
  readonly inference_call_id: string;
  readonly seq: number;
  readonly at_us: number;
}

/** Items looked up at most: each costs a pass over the requests of its agent. */
const SIGHTED_ITEMS = 24;

/** The first items of an object, and how many more it has. */
export function sightingsOf(
  graph: RolloutGraph,
  anchor: ObjectAnchor,
): { readonly sightings: readonly Sighting[]; readonly more: number } {
  const ids = itemsOf(graph, anchor);
  const sightings = ids.slice(0, SIGHTED_ITEMS).map((id) => sighting(graph, id));
  return { sightings, more: ids.length - sightings.length };
}

/** The items through which a model can have seen an object. */
function itemsOf(graph: RolloutGraph, { type, id }: ObjectAnchor): readonly string[] {
  switch (type) {
    case "conversation_item":
      return [id];
    case "tool_call": {
      const call = graph.tool_calls[id];
      if (call === undefined) return [];
      const cell = call.requester.type === "code_cell" ? call.requester.code_cell_id : null;
      // What a nested call returned reaches the model only as far as its cell prints it.
      const throughCell = cell === null ? [] : (graph.code_cells[cell]?.output_item_ids ?? []);
      return [...call.call_item_ids, ...call.output_item_ids, ...throughCell];
    }
    case "code_cell": {
      const cell = graph.code_cells[id];
      if (cell === undefined) return [];
      const waits = cell.waits.flatMap(
        (wait) => graph.tool_calls[wait.tool_call_id ?? ""]?.output_item_ids ?? [],
      );
      const notified = cell.notifications.flatMap(({ output_item_id }) => output_item_id ?? []);
      const source = cell.source_item_id === null ? [] : [cell.source_item_id];
      return [...new Set([...source, ...cell.output_item_ids, ...waits, ...notified])];
    }
    case "interaction_edge":
      return graph.interaction_edges[id]?.carried_item_ids ?? [];
    case "terminal_operation":
      return (graph.terminal_operations[id]?.observed_by ?? []).flatMap((seen) => [
        ...seen.call_item_ids,
        ...seen.output_item_ids,
      ]);
    case "compaction":
      return graph.compactions[id]?.replacement_item_ids ?? [];
    default:
      return [];
  }
}

function sighting(graph: RolloutGraph, itemId: string): Sighting {
  const carriers = requestsWith(graph, itemId);
  const writer = graph.conversation_items[itemId]?.produced_by.find(
    (producer) => producer.type === "inference",
  );
  return {
    item_id: itemId,
    written_by: writer?.type === "inference" ? writer.inference_call_id : null,
    requests: carriers.length,
    first: momentOf(carriers[0]),
    last: momentOf(carriers.at(-1)),
  };
}

function momentOf(call: InferenceCall | undefined): RequestMoment | null {
  if (call === undefined) return null;
  const { started_seq: seq, started_at_us: at_us } = call.execution;
  return { inference_call_id: call.inference_call_id, seq, at_us };
}

/**
 * The requests that carry an item, in order. A request keeps a prefix of what its base ended with, so it is enough to know
 * the item's place in each call: linear in the number of calls.
 */
export function requestsWith(graph: RolloutGraph, itemId: string): readonly InferenceCall[] {
  const threadId = graph.conversation_items[itemId]?.thread_id;
  const places = new Map<string, number>();
  const carriers: InferenceCall[] = [];
  const calls = Object.values(graph.inference_calls)
    .filter((call) => call.thread_id === threadId)
    .toSorted((left, right) => left.execution.started_seq - right.execution.started_seq);
  for (const call of calls) {
    const { base_inference_call_id: base, keep, item_ids } = call.request;
    const kept = base === null ? undefined : places.get(base);
    const added = item_ids.indexOf(itemId);
    const answered = call.response_item_ids.indexOf(itemId);
    const place = kept !== undefined && kept < keep ? kept : added === -1 ? null : keep + added;
    if (place !== null) {
      places.set(call.inference_call_id, place);
      carriers.push(call);
    } else if (answered !== -1) {
      places.set(call.inference_call_id, keep + item_ids.length + answered);
    }
  }
  return carriers;
}
