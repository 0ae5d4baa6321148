/** The one text form of a graph. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { expandRequest } from "./expand.ts";
import type { RolloutGraph } from "./rollout-graph.ts";

export interface GraphJsonOptions {
  /** Adds `request.expanded_item_ids` to every inference call, which costs O(n²) for a conversation of n items. Default false. */
  readonly expand?: boolean | undefined;
}

/**
 * The canonical text: fixed key order per kind of object, ids in order of creation, one space of indentation, `\n` at the
 * end. The same graph always gives the same bytes.
 */
export function graphJson(graph: RolloutGraph, options: GraphJsonOptions = {}): string {
  const out = options.expand === true ? withExpandedRequests(graph) : graph;
  return `${JSON.stringify(out, null, 1)}\n`;
}

/** SHA-256 of the canonical text in UTF-8, as 64 lower-case hex digits. */
export function graphDigest(graph: RolloutGraph): string {
  return bytesToHex(sha256(utf8ToBytes(graphJson(graph))));
}

function withExpandedRequests(graph: RolloutGraph): object {
  const calls = Object.entries(graph.inference_calls).map(([id, call]) => [
    id,
    { ...call, request: { ...call.request, expanded_item_ids: expandRequest(graph, id) } },
  ]);
  return { ...graph, inference_calls: Object.fromEntries(calls) };
}
