/**
 * Closes what a rollout that has ended or stopped has left running.
 *
 * This is done to the graph that is being built and not to the state: hosts end their rollout with the root thread and go on
 * recording the ends of its children, and an end that was observed is better than one that was concluded.
 */
import type { RolloutEnd } from "../state/reducer-state.ts";
import type { Evidence, ExecutionWindow, GraphObject } from "./base.ts";
import { endedAt, type Unshared } from "./draft.ts";
import type { RolloutGraph } from "./rollout-graph.ts";

export type Window = GraphObject & { readonly execution: ExecutionWindow };

/** Changes the objects of `graph`, which nobody else has yet; `running` are those of them that have not ended. */
export function closeLeftovers(
  graph: RolloutGraph,
  running: readonly Unshared<Window>[],
  end: RolloutEnd,
): void {
  const close = (window: ExecutionWindow): ExecutionWindow =>
    window.status === "running" ? endedAt(window, end, { status: "aborted", cause: end.cause }) : window;
  for (const cell of unshared(graph.code_cells)) {
    if (cell.execution.status === "running") cell.runtime_status = "terminated";
    if (cell.waits.some(({ execution }) => execution.status === "running")) {
      cell.waits = cell.waits.map((wait) => ({ ...wait, execution: close(wait.execution) }));
      cell.evidence = withSeq(cell.evidence, end.seq);
    }
  }
  for (const edge of unshared(graph.interaction_edges)) {
    if (edge.status !== "running") continue;
    // Children may go on after their rollout.
    edge.ended_at_us = Math.max(end.at_us, edge.started_at_us);
    edge.status = "aborted";
    edge.evidence = withSeq(edge.evidence, end.seq);
  }
  for (const entry of running) {
    entry.execution = close(entry.execution);
    entry.evidence = withSeq(entry.evidence, end.seq);
  }
}

function* unshared<Entry>(collection: { readonly [id: string]: Entry }): Generator<Unshared<Entry>, void> {
  for (const id in collection) yield collection[id] as Unshared<Entry>;
}

function withSeq({ seqs, payload_ids }: Evidence, seq: number): Evidence {
  return { seqs: [...new Set([...seqs, seq])].toSorted((left, right) => left - right), payload_ids };
}
