/** The invariants of a graph, checked over a finished one. */
import type { Anchor } from "./base.ts";
import type { RolloutGraph } from "./rollout-graph.ts";

export interface GraphViolation {
  readonly object: Anchor | null;
  readonly message: string;
}

/** Every way in which `graph` is not a legal graph; empty for whatever `finish` returned. */
export function checkGraph(_graph: RolloutGraph): readonly GraphViolation[] {
  throw new Error("not built yet");
}
