/**
 * From state to graph: copies every draft, adds the links that follow from others, closes what a rollout's end has left open,
 * and reports what still waits. Changes nothing, so that a live reduction can be looked at and go on.
 */
import type { Diagnostic } from "../diagnostics.ts";
import { findFindings } from "../findings/find.ts";
import { enqueue } from "../state/queues.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { buildCell, buildInference, buildOperation, buildToolCall, cellOutputs } from "./build-calls.ts";
import { buildSpan, spanCalls } from "./build-spans.ts";
import { buildEdge, buildThread } from "./build-threads.ts";
import { closeLeftovers } from "./close-leftovers.ts";
import { finishDraft } from "./draft.ts";
import { type Collection, GRAPH_SCHEMA_VERSION, type RolloutGraph } from "./rollout-graph.ts";

/** `lateDiagnostics` are those that only the end of the input shows. */
export function buildGraph(state: ReducerState, lateDiagnostics: readonly Diagnostic[]): RolloutGraph {
  const outputsOf = cellOutputs(state);
  // Only edges are asked for the order of their payloads, and few rollouts have any.
  const payloadIds = state.edges.size === 0 ? [] : [...state.payloads.keys()];
  const payloadOrder = new Map(payloadIds.map((id, index) => [id, index]));
  const calls = spanCalls(state);
  const spans = new Map<string, string[]>();
  for (const [span, callId] of calls) enqueue(spans, callId, span.draft.span_id);
  const graph: RolloutGraph = {
    schema_version: GRAPH_SCHEMA_VERSION,
    trace_id: state.traceId,
    rollout_id: state.rolloutId,
    status: state.end?.status ?? "running",
    recording_complete: state.completed,
    root_thread_id: state.rootThreadId,
    started_at_us: state.startedAtUs,
    ended_at_us: state.end?.at_us ?? null,
    host: state.host,
    threads: collect(state.threads, (thread) => buildThread(state, thread)),
    turns: collect(state.turns.byId, ({ draft }) => finishDraft(draft)),
    conversation_items: numbered(
      state.items,
      ({ draft }) => finishDraft(draft),
      ({ item_id }) => item_id,
    ),
    inference_calls: collect(state.inferenceCalls.byId, buildInference),
    tool_calls: collect(state.toolCalls.byId, (call) => buildToolCall(call, { outputsOf, spans })),
    code_cells: collect(state.cells.byId, (cell) => buildCell(state, cell)),
    terminal_sessions: collect(state.sessions.byId, ({ draft }) => finishDraft(draft)),
    terminal_operations: numbered(
      state.operations,
      (operation) => buildOperation(operation, outputsOf),
      ({ operation_id }) => operation_id,
    ),
    compactions: collect(state.compactions.byId, ({ draft }) => finishDraft(draft)),
    compaction_requests: collect(state.compactionRequests.byId, ({ draft }) => finishDraft(draft)),
    interaction_edges: collect(state.edges, (edge) => buildEdge(state, edge, payloadOrder)),
    spans: collect(state.spans.byId, (span) => buildSpan(span, calls)),
    payloads: collect(state.payloads, (payload) => payload),
    usage: {
      total: state.usage.total,
      by_model: collect(state.usage.byModel, (usage) => usage),
      by_thread: collect(state.usage.byThread, (usage) => usage),
      by_turn: collect(state.usage.byTurn, (usage) => usage),
    },
    diagnostics: inOrder([...state.diagnostics, ...lateDiagnostics]),
    findings: [],
  };
  if (state.end !== null) closeLeftovers(graph, state.end);
  return { ...graph, findings: findFindings(state, graph) };
}

function collect<Entry, Built>(
  map: ReadonlyMap<string, Entry>,
  build: (entry: Entry) => Built,
): Collection<Built> {
  const collection = emptyCollection<Built>();
  for (const [id, entry] of map) collection[id] = build(entry);
  return collection;
}

/** Without a prototype, `__proto__` is a key like any other. */
function emptyCollection<Entry>(): Record<string, Entry> {
  return Object.create(null) as Record<string, Entry>;
}

/** Objects that are numbered, by their id. */
function numbered<Entry, Built>(
  entries: readonly Entry[],
  build: (entry: Entry) => Built,
  idOf: (built: Built) => string,
): Collection<Built> {
  const collection = emptyCollection<Built>();
  for (const entry of entries) {
    const built = build(entry);
    collection[idOf(built)] = built;
  }
  return collection;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const place = ({ seq }: Diagnostic): number => seq ?? Number.POSITIVE_INFINITY;
  return diagnostics.toSorted((left, right) =>
    place(left) === place(right) ? 0 : place(left) - place(right),
  );
}
