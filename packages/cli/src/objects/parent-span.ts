import type { RolloutGraph, Span } from "@rollout-trace/reducer";

/** The spans of a graph by what they were recorded as. */
const BY_RECORDED_ID = new WeakMap<RolloutGraph["spans"], ReadonlyMap<string, Span>>();

/** The span that a span is part of, where the recording has it. An id names a span in its own trace, and traces may have equal ones. */
export function parentSpan({ spans }: RolloutGraph, span: Span): Span | null {
  if (span.parent_span_id === null) return null;
  let known = BY_RECORDED_ID.get(spans);
  if (known === undefined) {
    known = new Map(Object.values(spans).map((each) => [keyOf(each, each.recorded_id), each]));
    BY_RECORDED_ID.set(spans, known);
  }
  return known.get(keyOf(span, span.parent_span_id)) ?? null;
}

function keyOf({ otel_trace_id: trace }: Span, recordedId: string): string {
  return `${trace} ${recordedId}`;
}
