/**
 * Closes what a rollout that has ended or stopped has left running.
 *
 * This is done to the graph that is being built and not to the state: hosts end their rollout with the root thread and go on
 * recording the ends of its children, and an end that was observed is better than one that was concluded.
 */
import type { RolloutEnd } from "../state/reducer-state.ts";
import type { ExecutionWindow, GraphObject } from "./base.ts";
import { endedAt, joinedEvidence, NONE, type Unshared } from "./draft.ts";
import type { RolloutGraph } from "./rollout-graph.ts";

export type Window = GraphObject & { readonly execution: ExecutionWindow };

/** Changes the objects of `graph`, which nobody else has yet; `running` are those of them that have not ended. */
export function closeLeftovers(
  graph: RolloutGraph,
  running: readonly Unshared<Window>[],
  end: RolloutEnd,
): void {
  const ending = { seqs: [end.seq], payload_ids: NONE };
  const close = (window: ExecutionWindow): ExecutionWindow =>
    window.status === "running" ? endedAt(window, end, { status: "aborted", cause: end.cause }) : window;
  for (const cell of unshared(graph.code_cells)) {
    if (cell.execution.status === "running") cell.runtime_status = "terminated";
    if (cell.waits.some(({ execution }) => execution.status === "running")) {
      cell.waits = cell.waits.map((wait) => ({ ...wait, execution: close(wait.execution) }));
      cell.evidence = joinedEvidence([cell.evidence, ending]);
    }
  }
  for (const edge of unshared(graph.interaction_edges)) {
    if (edge.status !== "running") continue;
    // Children may go on after their rollout.
    edge.ended_at_us = Math.max(end.at_us, edge.started_at_us);
    edge.status = "aborted";
    edge.evidence = joinedEvidence([edge.evidence, ending]);
  }
  for (const entry of running) {
    entry.execution = close(entry.execution);
    entry.evidence = joinedEvidence([entry.evidence, ending]);
  }
}

function* unshared<Entry>(collection: { readonly [id: string]: Entry }): Generator<Unshared<Entry>, void> {
  for (const id in collection) yield collection[id] as Unshared<Entry>;
}
