/**
 * Closes what a rollout that has ended or stopped has left running.
 *
 * This is done to the graph that is being built and not to the state: hosts end their rollout with the root thread and go on
 * recording the ends of its children, and an end that was observed is better than one that was concluded.
 */
import type { RolloutEnd } from "../state/reducer-state.ts";
import type { ExecutionWindow, GraphObject } from "./base.ts";
import { endedAt, joinedEvidence, type Moment, NONE, type Unshared } from "./draft.ts";
import type { RolloutGraph } from "./rollout-graph.ts";

export type Window = GraphObject & { readonly execution: ExecutionWindow };

/** What has not ended. */
export interface Leftover {
  readonly entry: Unshared<Window>;
  /** How it had ended before it was resumed, where it was. */
  readonly pastEnd: ExecutionWindow | null;
}

/** Changes the objects of `graph`, which nobody else has yet; `running` are those of them that have not ended. */
export function closeLeftovers(graph: RolloutGraph, running: readonly Leftover[], end: RolloutEnd): void {
  const ending = { seqs: [end.seq], payload_ids: NONE };
  const close = (window: ExecutionWindow, moment: Moment): ExecutionWindow =>
    window.status === "running" ? endedAt(window, moment, { status: "aborted", cause: end.cause }) : window;
  for (const cell of unshared(graph.code_cells)) {
    if (cell.execution.status === "running") cell.runtime_status = "terminated";
    if (cell.waits.some(({ execution }) => execution.status === "running")) {
      cell.waits = cell.waits.map((wait) => ({ ...wait, execution: close(wait.execution, end) }));
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
  for (const { entry, pastEnd } of running) {
    entry.execution = close(entry.execution, laterOf(end, pastEnd));
    entry.evidence = joinedEvidence([entry.evidence, ending]);
  }
}

/** A thread that ended itself after its rollout, and closed what was in it, was over no sooner for having been resumed. */
function laterOf(end: Moment, pastEnd: ExecutionWindow | null): Moment {
  const { ended_at_us: at_us, ended_seq: seq } = pastEnd ?? { ended_at_us: null, ended_seq: null };
  return at_us === null || seq === null || seq < end.seq ? end : { at_us: Math.max(at_us, end.at_us), seq };
}

function* unshared<Entry>(collection: { readonly [id: string]: Entry }): Generator<Unshared<Entry>, void> {
  for (const id in collection) yield collection[id] as Unshared<Entry>;
}
