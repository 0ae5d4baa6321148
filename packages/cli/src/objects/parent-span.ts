import type { RolloutGraph, Span } from "@rollout-trace/reducer";

/** The span that a span is part of, where the recording has it. An id names a span in its own trace, and traces may have equal ones. */
export function parentSpan(
  { spans }: RolloutGraph,
  { parent_span_id: id, otel_trace_id: trace }: Span,
): Span | null {
  if (id === null) return null;
  let parent = spans[id];
  for (let use = 2; parent !== undefined && parent.otel_trace_id !== trace; use += 1)
    parent = spans[`${id}#${use}`];
  return parent ?? null;
}
