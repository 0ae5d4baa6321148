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
  const payloadOrder = new Map([...state.payloads.keys()].map((id, index) => [id, index]));
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
    conversation_items: fromPairs(state.items.map(({ draft }) => [draft.item_id, finishDraft(draft)])),
    inference_calls: collect(state.inferenceCalls.byId, buildInference),
    tool_calls: collect(state.toolCalls.byId, (call) => buildToolCall(call, { outputsOf, spans })),
    code_cells: collect(state.cells.byId, (cell) => buildCell(state, cell)),
    terminal_sessions: collect(state.sessions.byId, ({ draft }) => finishDraft(draft)),
    terminal_operations: fromPairs(
      state.operations.map((operation) => [
        operation.draft.operation_id,
        buildOperation(operation, outputsOf),
      ]),
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
  const closed = state.end === null ? graph : closeLeftovers(graph, state.end);
  return { ...closed, findings: findFindings(state, closed) };
}

function collect<Entry, Built>(
  map: ReadonlyMap<string, Entry>,
  build: (entry: Entry) => Built,
): Collection<Built> {
  return fromPairs([...map].map(([id, entry]) => [id, build(entry)]));
}

/** Without a prototype, `__proto__` is a key like any other. */
export function fromPairs<Entry>(pairs: Iterable<readonly [string, Entry]>): Collection<Entry> {
  const collection = Object.create(null) as Record<string, Entry>;
  for (const [id, entry] of pairs) collection[id] = entry;
  return collection;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const place = ({ seq }: Diagnostic): number => seq ?? Number.POSITIVE_INFINITY;
  return diagnostics.toSorted((left, right) =>
    place(left) === place(right) ? 0 : place(left) - place(right),
  );
}
