/** The recording itself, breadcrumbs, and the host's own spans. */
import { z } from "zod";
import type { SpanId } from "../ids.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import { jsonObjectSchema, jsonSchema, listSchema } from "../json-schema.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import type { EventSchemas } from "./event-schemas.ts";

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

const hexId = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
// A brand exists at compile time only.
const spanId = hexId(16) as unknown as z.ZodType<SpanId>;
const links = listSchema<SpanLink>(
  z.object({ trace_id: hexId(32), span_id: hexId(16), attributes: jsonObjectSchema.nullish() }),
);
const count = z.int().nonnegative();

export const recordingEventSchemas: EventSchemas<RecordingEventPayload> = {
  protocol_event_observed: z.object({
    type: z.literal("protocol_event_observed"),
    event_type: z.string(),
    event: payloadRefSchema,
  }),
  span_started: z.object({
    type: z.literal("span_started"),
    otel_trace_id: hexId(32),
    span_id: spanId,
    parent_span_id: spanId.nullish(),
    name: z.string(),
    kind: z.enum(SPAN_KINDS),
    attributes: jsonObjectSchema,
    links,
    start_time_unix_us: z.int(),
  }),
  span_ended: z.object({
    type: z.literal("span_ended"),
    otel_trace_id: hexId(32),
    span_id: spanId,
    name: z.string(),
    attributes: jsonObjectSchema,
    links,
    status: z.object({ code: z.enum(SPAN_STATUSES), message: z.string().nullish() }),
    end_time_unix_us: z.int(),
  }),
  recorder_gap: z.object({
    type: z.literal("recorder_gap"),
    dropped_events: count,
    dropped_payload_bytes: count,
    reason: z.string(),
  }),
  recording_completed: z.object({ type: z.literal("recording_completed") }),
  recording_stopped: z.object({
    type: z.literal("recording_stopped"),
    reason: z.enum(RECORDING_STOP_REASONS),
  }),
  other: z.object({
    type: z.literal("other"),
    kind: z.string(),
    summary: z.string(),
    payloads: listSchema(payloadRefSchema),
    metadata: jsonSchema,
  }),
};
