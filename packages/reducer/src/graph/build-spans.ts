/** Finished spans, under the tool calls that they ran in. */
import type { SpanState } from "../state/reducer-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { type Finish, listsOf } from "./draft.ts";
import type { Span } from "./span.ts";

/** What instrumentation that knows of the recording puts on the spans of a tool call; spans below inherit it. */
const TOOL_CALL_ATTRIBUTE = "rollout_trace.tool_call_id";

const SPAN_LISTS = listsOf<Span>({ links: true });

/** The tool call of each span that has one. */
export function spanCalls(state: ReducerState): ReadonlyMap<SpanState, string> {
  const calls = new Map<SpanState, string>();
  const isDone = new Set<SpanState>();
  for (const span of state.spans.byId.values()) {
    const path: SpanState[] = [];
    let at: SpanState | undefined = span;
    // A parent that is on the path already is a circle, and has no call.
    while (at !== undefined && !isDone.has(at)) {
      isDone.add(at);
      path.push(at);
      if (ownCall(state, at) !== null) break;
      at = parentOf(state, at);
    }
    const above = at === undefined ? null : (ownCall(state, at) ?? calls.get(at) ?? null);
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

function ownCall(state: ReducerState, { draft }: SpanState): string | null {
  const recorded = Object.hasOwn(draft.attributes, TOOL_CALL_ATTRIBUTE)
    ? draft.attributes[TOOL_CALL_ATTRIBUTE]
    : null;
  if (typeof recorded !== "string") return null;
  return state.toolCalls.find(recorded, draft.thread_id)?.draft.tool_call_id ?? null;
}

function parentOf(state: ReducerState, { draft }: SpanState): SpanState | undefined {
  const { parent_span_id: parent, otel_trace_id: trace } = draft;
  return parent === null ? undefined : state.spans.find(parent, trace);
}
