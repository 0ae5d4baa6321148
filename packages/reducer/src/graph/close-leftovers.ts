/**
 * Closes what a rollout that has ended or stopped has left running.
 *
 * This is done to the finished graph and not to the state: hosts end their rollout with the root thread and go on recording
 * the ends of its children, and an end that was observed is better than one that was concluded.
 */
import type { RolloutEnd } from "../state/reducer-state.ts";
import type { Evidence, ExecutionWindow, GraphObject } from "./base.ts";
import { endedAt } from "./draft.ts";
import type { Collection, RolloutGraph } from "./rollout-graph.ts";

export function closeLeftovers(graph: RolloutGraph, end: RolloutEnd): RolloutGraph {
  const close = (window: ExecutionWindow): ExecutionWindow =>
    window.status === "running" ? endedAt(window, end, { status: "aborted", cause: end.cause }) : window;
  const closeEntry = <Entry extends GraphObject & { readonly execution: ExecutionWindow }>(
    entry: Entry,
  ): Entry => {
    const execution = close(entry.execution);
    return execution === entry.execution
      ? entry
      : { ...entry, execution, evidence: withSeq(entry.evidence, end.seq) };
  };
  return {
    ...graph,
    threads: map(graph.threads, closeEntry),
    turns: map(graph.turns, closeEntry),
    inference_calls: map(graph.inference_calls, closeEntry),
    tool_calls: map(graph.tool_calls, closeEntry),
    code_cells: map(graph.code_cells, (cell) => ({
      ...closeEntry(cell),
      runtime_status: cell.execution.status === "running" ? "terminated" : cell.runtime_status,
      waits: cell.waits.map((wait) => ({ ...wait, execution: close(wait.execution) })),
    })),
    terminal_sessions: map(graph.terminal_sessions, closeEntry),
    terminal_operations: map(graph.terminal_operations, closeEntry),
    compaction_requests: map(graph.compaction_requests, closeEntry),
    interaction_edges: map(graph.interaction_edges, (edge) =>
      edge.status === "running"
        ? { ...edge, ended_at_us: end.at_us, status: "aborted", evidence: withSeq(edge.evidence, end.seq) }
        : edge,
    ),
    spans: map(graph.spans, closeEntry),
  };
}

function withSeq({ seqs, payload_ids }: Evidence, seq: number): Evidence {
  return { seqs: [...new Set([...seqs, seq])].toSorted((left, right) => left - right), payload_ids };
}

function map<Entry>(collection: Collection<Entry>, change: (entry: Entry) => Entry): Collection<Entry> {
  const changed = Object.create(null) as Record<string, Entry>;
  for (const [id, entry] of Object.entries(collection)) changed[id] = change(entry);
  return changed;
}
