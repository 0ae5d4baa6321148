/** A matcher for `expect.extend`: whether a recording still reduces to the graph that it is known to reduce to. */
import type { JsonValue, RolloutSource } from "@rollout-trace/protocol";
import type { RolloutGraph } from "../graph/rollout-graph.ts";
import { reduceRollout } from "../reduce.ts";
import { compareGraphs, describeDifferences } from "./compare-graphs.ts";
import { type StableGraph, stableGraph, type StableGraphOptions } from "./stable-graph.ts";

/** What a test may have at hand: a source, something that gives one (a `RolloutBuilder`), or the graph itself. */
export type Reducible = RolloutSource | { source(): RolloutSource } | RolloutGraph;

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
  readonly actual: StableGraph;
  readonly expected: StableGraph;
}

/**
 * Compares the stable form of what `received` reduces to (leniently) with `expected`: a stable graph, as `stableGraph` gives it
 * and a fixture file keeps it, or a graph. The message names every difference with its place. Throws a `TypeError` where either is
 * none of these.
 */
export function toReduceTo(
  received: Reducible,
  expected: RolloutGraph | JsonValue,
  options: StableGraphOptions = {},
): MatcherResult {
  const actual = stableGraph(graphOf(received), options);
  const wanted = stableOf(expected, options);
  const differences = compareGraphs(wanted, actual);
  const pass = differences.length === 0;
  return {
    pass,
    actual,
    expected: wanted,
    message: () =>
      pass
        ? "the recording reduces to this graph, and should not"
        : `the recording reduces to another graph, with ${differences.length} ${differences.length === 1 ? "difference" : "differences"}:\n${describeDifferences(differences)}`,
  };
}

function graphOf(received: Reducible | JsonValue): RolloutGraph {
  if (typeof received !== "object" || received === null || Array.isArray(received)) throw notReducible();
  if ("source" in received && typeof received.source === "function") return reduceRollout(received.source());
  if ("payloads" in received && "events" in received) return reduceRollout(received as RolloutSource);
  if ("conversation_items" in received) return received as RolloutGraph;
  throw notReducible();
}

function notReducible(): TypeError {
  return new TypeError(
    "toReduceTo is asked of a source, of what gives one (a RolloutBuilder), or of a graph",
  );
}

function stableOf(expected: RolloutGraph | JsonValue, options: StableGraphOptions): StableGraph {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    throw new TypeError("toReduceTo compares with a graph or a stable graph, which are objects");
  }
  if ("stable_graph_version" in expected) return expected as StableGraph;
  if ("conversation_items" in expected) return stableGraph(expected as RolloutGraph, options);
  throw new TypeError("toReduceTo compares with a graph or a stable graph; this object is neither");
}
