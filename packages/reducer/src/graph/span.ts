import type { JsonObject, SpanKindName, SpanStatusName } from "@rollout-trace/protocol";
import type { ExecutionWindow, GraphObject } from "./base.ts";

export interface GraphSpanLink {
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes: JsonObject;
}

/** A span of the host's own OpenTelemetry instrumentation. Its times are its own, not those of the events. */
export interface Span extends GraphObject {
  readonly span_id: string;
  readonly recorded_id: string;
  readonly otel_trace_id: string;
  /** As recorded: of a span of the same `otel_trace_id`, which need not be in the recording. */
  readonly parent_span_id: string | null;
  /** The call during which it ran: its own attribute `rollout_trace.tool_call_id`, or that of the nearest span above it. */
  readonly tool_call_id: string | null;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly name: string;
  readonly kind: SpanKindName;
  /** Keys sorted by code unit. */
  readonly attributes: JsonObject;
  readonly links: readonly GraphSpanLink[];
  readonly status: { readonly code: SpanStatusName; readonly message: string | null };
  readonly execution: ExecutionWindow;
}
