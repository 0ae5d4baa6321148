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
    const call: RolloutGraph["inference_calls"][string] | undefined = graph.inference_calls[id];
    if (call === undefined) break;
    const own =
      seen.size === 1 ? call.request.item_ids : [...call.request.item_ids, ...call.response_item_ids];
    if (missing > call.request.keep) pieces.push(own.slice(0, missing - call.request.keep));
    missing = Math.min(missing, call.request.keep);
    id = call.request.base_inference_call_id;
  }
  return pieces.toReversed().flat();
}
