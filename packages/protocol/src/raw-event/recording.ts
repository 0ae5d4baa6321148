/** The recording itself, breadcrumbs, and the host's own spans. */
import type { SpanId } from "../ids.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import { type PayloadRef, payloadRefShape } from "../payload.ts";
import type { EventShapes } from "./event-shapes.ts";
import { integer, json, jsonObject, list, matching, nullish, object, oneOf, string, word } from "../shape.ts";

/** A breadcrumb; never changes the graph. */
export interface ProtocolEventObserved {
  readonly type: "protocol_event_observed";
  readonly event_type: string;
  readonly event: PayloadRef;
}

/** OpenTelemetry's span kinds. */
export const SPAN_KINDS = ["internal", "server", "client", "producer", "consumer"] as const;
export type SpanKindName = (typeof SPAN_KINDS)[number];

/** A link from one span to another. */
export interface SpanLink {
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes?: JsonObject | null | undefined;
}

/** A span of the host's own OpenTelemetry instrumentation, at its start. Times are microseconds since the epoch. */
export interface SpanStarted {
  readonly type: "span_started";
  /** 32 lower-case hex digits. */
  readonly otel_trace_id: string;
  readonly span_id: SpanId;
  readonly parent_span_id?: SpanId | null | undefined;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly attributes: JsonObject;
  readonly links: readonly SpanLink[];
  readonly start_time_unix_us: number;
}

/** OpenTelemetry's span status. */
export const SPAN_STATUSES = ["unset", "ok", "error"] as const;
export type SpanStatusName = (typeof SPAN_STATUSES)[number];

/** The same span at its end, with whatever it had gathered by then. */
export interface SpanEnded {
  readonly type: "span_ended";
  readonly otel_trace_id: string;
  readonly span_id: SpanId;
  readonly name: string;
  readonly attributes: JsonObject;
  readonly links: readonly SpanLink[];
  readonly status: { readonly code: SpanStatusName; readonly message?: string | null | undefined };
  readonly end_time_unix_us: number;
}

/** The recorder could not write for a while and says so. */
export interface RecorderGap {
  readonly type: "recorder_gap";
  readonly dropped_events: number;
  readonly dropped_payload_bytes: number;
  readonly reason: string;
}

/** The last event of a recording that was closed in order. */
export interface RecordingCompleted {
  readonly type: "recording_completed";
}

export const RECORDING_STOP_REASONS = ["process_exited", "unknown"] as const;
export type RecordingStopReason = (typeof RECORDING_STOP_REASONS)[number];

/** Appended by whoever finds that the recording process is gone and the rollout never ended. */
export interface RecordingStopped {
  readonly type: "recording_stopped";
  readonly reason: RecordingStopReason;
}

/** Early instrumentation; retained, and never fatal. */
export interface OtherEvent {
  readonly type: "other";
  readonly kind: string;
  readonly summary: string;
  readonly payloads: readonly PayloadRef[];
  readonly metadata: JsonValue;
}

export type RecordingEventPayload =
  | ProtocolEventObserved
  | SpanStarted
  | SpanEnded
  | RecorderGap
  | RecordingCompleted
  | RecordingStopped
  | OtherEvent;

const spanId = matching<SpanId>(/^[0-9a-f]{16}$/);
const otelTraceId = matching(/^[0-9a-f]{32}$/);
const links = list<SpanLink>(
  object({ trace_id: otelTraceId, span_id: spanId, attributes: nullish(jsonObject) }),
);
const count = integer(0);

export const recordingEventShapes: EventShapes<RecordingEventPayload> = {
  protocol_event_observed: object({
    type: word("protocol_event_observed"),
    event_type: string,
    event: payloadRefShape,
  }),
  span_started: object({
    type: word("span_started"),
    otel_trace_id: otelTraceId,
    span_id: spanId,
    parent_span_id: nullish(spanId),
    name: string,
    kind: oneOf(SPAN_KINDS),
    attributes: jsonObject,
    links,
    start_time_unix_us: integer(),
  }),
  span_ended: object({
    type: word("span_ended"),
    otel_trace_id: otelTraceId,
    span_id: spanId,
    name: string,
    attributes: jsonObject,
    links,
    status: object({ code: oneOf(SPAN_STATUSES), message: nullish(string) }),
    end_time_unix_us: integer(),
  }),
  recorder_gap: object({
    type: word("recorder_gap"),
    dropped_events: count,
    dropped_payload_bytes: count,
    reason: string,
  }),
  recording_completed: object({ type: word("recording_completed") }),
  recording_stopped: object({
    type: word("recording_stopped"),
    reason: oneOf(RECORDING_STOP_REASONS),
  }),
  other: object({
    type: word("other"),
    kind: string,
    summary: string,
    payloads: list(payloadRefShape),
    metadata: json,
  }),
};
