import type { RolloutGraph } from "./rollout-graph.ts";

/**
 * The ids of all items that a request showed to the model, in order; empty when the graph has no such call. Costs the length
 * of the answer plus the number of calls it is chained through.
 */
export function expandRequest(graph: RolloutGraph, inferenceCallId: string): readonly string[] {
  const pieces: (readonly string[])[] = [];
  let missing = Number.POSITIVE_INFINITY;
  let id: string | null = inferenceCallId;
  const seen = new Set<string>();
  while (id !== null && missing > 0 && !seen.has(id)) {
    seen.add(id);
    // A graph that was parsed has a prototype, and ids are anything.
    if (!Object.hasOwn(graph.inference_calls, id)) break;
    const call = graph.inference_calls[id] as RolloutGraph["inference_calls"][string];
    const { item_ids: items, keep } = call.request;
    // Many short requests may leave one long one early.
    if (seen.size > 1 && missing - keep > items.length) {
      pieces.push(call.response_item_ids.slice(0, missing - keep - items.length));
    }
    if (missing > keep) pieces.push(items.slice(0, missing - keep));
    missing = Math.min(missing, keep);
    id = call.request.base_inference_call_id;
  }
  return pieces.toReversed().flat();
}
