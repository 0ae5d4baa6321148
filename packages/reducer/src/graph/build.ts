/**
 * From state to graph: finishes every draft, adds the links that follow from others, closes what a rollout's end has left open,
 * and reports what still waits. Where drafts are copied it changes nothing, so that a live reduction can be looked at and go
 * on.
 */
import { NO_USAGE } from "../conversation/token-usage.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { findFindings } from "../findings/find.ts";
import { enqueue } from "../state/queues.ts";
import type { Sessions } from "../linking/sessions.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { ExecutionWindow, TokenUsage } from "./base.ts";
import { buildCell, buildInference, buildOperation, buildToolCall, cellOutputs } from "./build-calls.ts";
import { buildSpan, spanCalls } from "./build-spans.ts";
import { buildSessions } from "./build-terminals.ts";
import { buildEdge, buildThread } from "./build-threads.ts";
import { closeLeftovers, type Leftover, type Window } from "./close-leftovers.ts";
import type { ConversationItem } from "./conversation.ts";
import {
  copyDraft,
  type Finish,
  itemIdOf,
  listsOf,
  type NamingOrder,
  operationIdOf,
  putInOrder,
  takeDraft,
  type Unshared,
} from "./draft.ts";
import type { Compaction, CompactionRequest } from "./inference.ts";
import {
  type Collection,
  GRAPH_SCHEMA_VERSION,
  type GraphPayload,
  type RolloutGraph,
} from "./rollout-graph.ts";
import type { Turn } from "./thread.ts";
import type { ToolCall } from "./tool-call.ts";

const LISTS = Object.freeze({
  turn: listsOf<Turn>({ inference_call_ids: true }),
  item: listsOf<ConversationItem>({ produced_by: true }),
  compaction: listsOf<Compaction>({
    request_ids: true,
    input_item_ids: true,
    replacement_item_ids: true,
  }),
  compactionRequest: listsOf<CompactionRequest>({}),
});

/** What only the end of the input shows. */
export interface Late {
  readonly diagnostics: readonly Diagnostic[];
  readonly sessions: Sessions;
}

/** `finish` is `takeDraft` for a state that is not looked at again. */
export function buildGraph(state: ReducerState, late: Late, finish: Finish = copyDraft): RolloutGraph {
  if (finish === takeDraft) for (const draft of state.unsorted) putInOrder(draft);
  const outputsOf = cellOutputs(state);
  const inNamingOrder = namingOrder(state);
  const sessions = buildSessions(late.sessions);
  const calls = spanCalls(state);
  const spans = new Map<string, string[]>();
  for (const [span, callId] of calls) enqueue(spans, callId, span.draft.span_id);
  const running: Leftover[] = [];
  const noted = <Entry extends Unshared<Window>>(entry: Entry, pastEnd?: ExecutionWindow): Entry => {
    if (entry.execution.status === "running") running.push({ entry, pastEnd: pastEnd ?? null });
    return entry;
  };
  const toolCalls: ToolCall[] = [];
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
    threads: collect(state.threads, (thread) =>
      noted(buildThread(state, thread, finish), thread.pastEnds?.at(-1)),
    ),
    turns: collect(state.turns.byId, ({ draft }) => noted(finish(draft, LISTS.turn))),
    conversation_items: numbered(state.items, itemIdOf, (item) => finish(item, LISTS.item)),
    inference_calls: collect(state.inferenceCalls.byId, (call) => noted(buildInference(call, finish))),
    tool_calls: collect(state.toolCalls.byId, (call) => {
      const built = noted(buildToolCall(call, { outputsOf, spans, finish }));
      toolCalls.push(built);
      return built;
    }),
    code_cells: collect(state.cells.byId, (cell) => noted(buildCell(state, cell, { finish, inNamingOrder }))),
    terminal_sessions: collect(sessions.byId, noted),
    terminal_operations: numbered(state.operations, operationIdOf, (operation) =>
      noted(buildOperation(operation, { outputsOf, sessions, finish })),
    ),
    compactions: collect(state.compactions.byId, ({ draft }) => finish(draft, LISTS.compaction)),
    compaction_requests: collect(state.compactionRequests.byId, ({ draft }) =>
      noted(finish(draft, LISTS.compactionRequest)),
    ),
    interaction_edges: collect(state.edges, (edge) => buildEdge(state, edge, { inNamingOrder, finish })),
    spans: collect(state.spans.byId, (span) => noted(buildSpan(span, { calls, finish }))),
    payloads: buildPayloads(state),
    usage: {
      total: { ...state.usage.total },
      by_model: collect(state.usage.byModel, (usage) => ({ ...usage })),
      by_thread: collect(state.usage.byThread, (usage) => ({ ...usage })),
      by_turn: usageByTurn(state),
    },
    diagnostics: inOrder([...state.diagnostics, ...late.diagnostics]),
    findings: [],
  };
  if (state.end !== null) closeLeftovers(graph, running, state.end);
  return { ...graph, findings: findFindings(state, graph, toolCalls) };
}

/** Few objects are asked for the order of their payloads, and few rollouts have any of them. */
function namingOrder({ payloads }: ReducerState): NamingOrder {
  let order: ReadonlyMap<string, number> | null = null;
  return (ids) => {
    if (ids.length < 2) return ids;
    const known = (order ??= new Map([...new Set(payloads.ids)].map((id, index) => [id, index])));
    return ids.toSorted((left, right) => (known.get(left) ?? 0) - (known.get(right) ?? 0));
  };
}

function buildPayloads({ payloads }: ReducerState): Collection<GraphPayload> {
  const collection = emptyCollection<GraphPayload>();
  for (let index = 0; index < payloads.ids.length; index += 1) {
    const id = payloads.ids[index] as string;
    if (collection[id] === undefined) collection[id] = payloads.of[index] as GraphPayload;
  }
  return collection;
}

function usageByTurn({ usage }: ReducerState): Collection<TokenUsage> {
  const byTurn = emptyCollection<TokenUsage>();
  for (const { draft } of usage.turns) byTurn[draft.turn_id] = draft.usage ?? NO_USAGE;
  return byTurn;
}

function collect<Entry, Built>(
  entries: { forEach(visit: (entry: Entry, id: string) => void): void },
  build: (entry: Entry) => Built,
): Collection<Built> {
  const collection = emptyCollection<Built>();
  // An iteration makes a pair for each entry.
  entries.forEach((entry, id) => (collection[id] = build(entry)));
  return collection;
}

/** Without a prototype, `__proto__` is a key like any other. */
function emptyCollection<Entry>(): Record<string, Entry> {
  return Object.create(null) as Record<string, Entry>;
}

/** Objects that are numbered, by their id; that is sooner made once more than looked up in each of them. */
function numbered<Entry, Built>(
  entries: readonly Entry[],
  idOf: (number: number) => string,
  build: (entry: Entry) => Built,
): Collection<Built> {
  const collection = emptyCollection<Built>();
  for (let index = 0; index < entries.length; index += 1) {
    collection[idOf(index + 1)] = build(entries[index] as Entry);
  }
  return collection;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const place = ({ seq }: Diagnostic): number => seq ?? Number.POSITIVE_INFINITY;
  return diagnostics.toSorted((left, right) =>
    place(left) === place(right) ? 0 : place(left) - place(right),
  );
}
