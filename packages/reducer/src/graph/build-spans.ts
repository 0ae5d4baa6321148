/** Finished spans, under the tool calls that they ran in. */
import type { ToolCallState } from "../state/call-state.ts";
import type { ReducerState, SpanState } from "../state/reducer-state.ts";
import { countFirst } from "../state/sorted.ts";
import { type Finish, listsOf } from "./draft.ts";
import type { Span } from "./span.ts";

/** What instrumentation that knows of the recording puts on the spans of a tool call; spans below inherit it. */
const TOOL_CALL_ATTRIBUTE = "rollout_trace.tool_call_id";

const SPAN_LISTS = listsOf<Span>({ links: true });

/** The tool call of each span that has one. */
export function spanCalls(state: ReducerState): ReadonlyMap<SpanState, string> {
  const calls = new Map<SpanState, string>();
  const callsById = repeatedCalls(state);
  const ownCall = (span: SpanState): string | null => callOf(state, span, callsById);
  const isDone = new Set<SpanState>();
  for (const span of state.spans.byId.values()) {
    const path: SpanState[] = [];
    let at: SpanState | undefined = span;
    // A parent that is on the path already is a circle, and has no call.
    while (at !== undefined && !isDone.has(at)) {
      isDone.add(at);
      path.push(at);
      if (ownCall(at) !== null) break;
      at = parentOf(state, at);
    }
    const above = at === undefined ? null : (ownCall(at) ?? calls.get(at) ?? null);
    if (above !== null) for (const each of path) calls.set(each, above);
  }
  return calls;
}

export function buildSpan(
  span: SpanState,
  { calls, finish }: { calls: ReadonlyMap<SpanState, string>; finish: Finish },
): Span {
  const built = finish(span.draft, SPAN_LISTS);
  built.tool_call_id = calls.get(span) ?? null;
  return built;
}

/** The call that a span says it ran in: of those with one recorded id in a thread, the latest that had started by then. */
function callOf(state: ReducerState, { draft }: SpanState, repeated: RepeatedCalls): string | null {
  const recorded = Object.hasOwn(draft.attributes, TOOL_CALL_ATTRIBUTE)
    ? draft.attributes[TOOL_CALL_ATTRIBUTE]
    : null;
  if (typeof recorded !== "string") return null;
  const found = state.toolCalls.find(recorded, draft.thread_id);
  if (found === undefined) return null;
  const uses = repeated().get(keyOf(found)) ?? [found];
  const { started_at_us: startedAt } = draft.execution;
  const started = countFirst(uses, (call) => call.draft.execution.started_at_us <= startedAt);
  return uses[Math.max(started, 1) - 1]?.draft.tool_call_id ?? null;
}

/** The calls of each id that a thread has recorded several with, by their starts. Made when a span first says that it ran in a call. */
type RepeatedCalls = () => ReadonlyMap<string, readonly ToolCallState[]>;

function repeatedCalls({ toolCalls }: ReducerState): RepeatedCalls {
  let repeated: ReadonlyMap<string, readonly ToolCallState[]> | null = null;
  return () => {
    if (repeated !== null) return repeated;
    const uses = new Map<string, ToolCallState[]>();
    for (const call of toolCalls.byId.values()) {
      if (call.draft.tool_call_id !== call.recordedId) uses.set(keyOf(call), []);
    }
    if (uses.size > 0) for (const call of toolCalls.byId.values()) uses.get(keyOf(call))?.push(call);
    for (const calls of uses.values()) calls.sort((left, right) => startOf(left) - startOf(right));
    return (repeated = uses);
  };
}

function keyOf({ recordedId, scope }: ToolCallState): string {
  return JSON.stringify([recordedId, scope]);
}

function startOf({ draft }: ToolCallState): number {
  return draft.execution.started_at_us;
}

function parentOf(state: ReducerState, { draft }: SpanState): SpanState | undefined {
  const { parent_span_id: parent, otel_trace_id: trace } = draft;
  return parent === null ? undefined : state.spans.find(parent, trace);
}
