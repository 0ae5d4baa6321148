/**
 * Reading raw events that somebody else wrote.
 *
 * Decoding never throws and never loses anything: what does not fit is returned as a coded error together with as much of
 * the envelope as could be read, so that a reader can keep the event and go on.
 */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { RolloutId, ThreadId, TurnId } from "../ids.ts";
import { exactly, type IsExact } from "./exact.ts";
import {
  type RawEvent,
  type RawEventEnvelope,
  type RawEventPayload,
  rawEventSchemas,
  SCHEMA_VERSION,
} from "./raw-event.ts";

/**
 * Why an event could not be read:
 * - `invalid_envelope`: not an object, or one of `seq`, `time_unix_us`, `rollout_id`, … is missing or of the wrong type, or the
 *   payload is no object with a `type`; then the envelope itself may be fine
 * - `unsupported_schema_version`: written by a newer recorder
 * - `unknown_event_type`: the envelope is fine, the payload's `type` is not one of `RAW_EVENT_TYPES`
 * - `invalid_event_payload`: the type is known, a field does not fit it
 */
export type DecodeErrorCode =
  | "invalid_envelope"
  | "unsupported_schema_version"
  | "unknown_event_type"
  | "invalid_event_payload";

/** One field that does not fit. */
export interface DecodeIssue {
  /** Dotted path from the event, for example `payload.requester.runtime_cell_id`; empty for the event itself. */
  readonly path: string;
  readonly message: string;
}

export interface DecodeError {
  readonly code: DecodeErrorCode;
  /** One line that names every issue with its path. */
  readonly message: string;
  readonly issues: readonly DecodeIssue[];
  /** The envelope, where it could be read. */
  readonly envelope: RawEventEnvelope | null;
  /** The payload's `type`, where it has one. */
  readonly eventType: string | null;
}

export type DecodeResult =
  | { readonly ok: true; readonly event: RawEvent }
  | { readonly ok: false; readonly error: DecodeError };

const envelopeSchema = z.object({
  schema_version: z.int().min(1),
  seq: z.int().min(1),
  time_unix_us: z.int().nonnegative(),
  rollout_id: idSchema<RolloutId>(),
  thread_id: idSchema<ThreadId>().nullable(),
  turn_id: idSchema<TurnId>().nullable(),
});
const outerSchema = envelopeSchema.extend({ payload: z.looseObject({ type: z.string() }) });

type Outer = z.infer<typeof outerSchema>;

/**
 * Whether `outerSchema` takes the value as it is. A reader decodes every event, and nearly every envelope is fine: the
 * schema is asked for what is wrong with the others.
 */
function isOuter(value: unknown): value is Outer {
  if (!isObject(value)) return false;
  const { schema_version, seq, time_unix_us, rollout_id, thread_id, turn_id, payload } = value;
  return (
    isInteger(schema_version, 1) &&
    isInteger(seq, 1) &&
    isInteger(time_unix_us, 0) &&
    isId(rollout_id) &&
    (thread_id === null || isId(thread_id)) &&
    (turn_id === null || isId(turn_id)) &&
    isObject(payload) &&
    typeof payload["type"] === "string"
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

interface Reader {
  readonly schema: z.ZodType<RawEventPayload>;
  readonly isExact: IsExact;
}

const READERS: ReadonlyMap<string, Reader> = new Map(
  Object.entries<z.ZodType<RawEventPayload>>(rawEventSchemas).map(([type, schema]) => [
    type,
    { schema, isExact: exactly(schema) },
  ]),
);

/**
 * Reads one event. Keys that the schema does not know are left out of the result, which shares with `value` whatever is exactly
 * as the schema has it.
 */
export function decodeRawEvent(value: unknown): DecodeResult {
  let read: Outer;
  if (isOuter(value)) read = value;
  else {
    const outer = outerSchema.safeParse(value);
    if (!outer.success) return fail("invalid_envelope", issuesOf(outer.error, []), envelopeOf(value), null);
    read = outer.data;
  }
  const { payload, schema_version, seq, time_unix_us, rollout_id, thread_id, turn_id } = read;
  if (schema_version !== SCHEMA_VERSION) {
    const issue = {
      path: "schema_version",
      message: `this reader knows version ${SCHEMA_VERSION}, the event has version ${schema_version}`,
    };
    return fail("unsupported_schema_version", [issue], null, payload.type);
  }
  const reader = READERS.get(payload.type);
  if (reader?.isExact(payload) === true) {
    const exact = payload as RawEventPayload;
    return {
      ok: true,
      event: { schema_version, seq, time_unix_us, rollout_id, thread_id, turn_id, payload: exact },
    };
  }
  const envelope: RawEventEnvelope = { schema_version, seq, time_unix_us, rollout_id, thread_id, turn_id };
  const inner = reader?.schema.safeParse(payload);
  if (inner?.success === true) return { ok: true, event: { ...envelope, payload: inner.data } };
  if (inner === undefined) {
    const issue = { path: "payload.type", message: `unknown event type ${JSON.stringify(payload.type)}` };
    return fail("unknown_event_type", [issue], envelope, payload.type);
  }
  return fail("invalid_event_payload", issuesOf(inner.error, ["payload"]), envelope, payload.type);
}

/** The envelope of what has no payload that could be read. */
function envelopeOf(value: unknown): RawEventEnvelope | null {
  const { success, data } = envelopeSchema.safeParse(value);
  if (!success || data.schema_version !== SCHEMA_VERSION) return null;
  return { ...data, schema_version: SCHEMA_VERSION };
}

function issuesOf(error: z.ZodError, prefix: readonly string[]): readonly DecodeIssue[] {
  return error.issues.map((issue) => ({
    path: [...prefix, ...issue.path.map(String)].join("."),
    message: issue.message,
  }));
}

function fail(
  code: DecodeErrorCode,
  issues: readonly DecodeIssue[],
  envelope: RawEventEnvelope | null,
  eventType: string | null,
): DecodeResult {
  const where = envelope === null ? "event" : `event ${envelope.seq}`;
  const what = issues.map((issue) => (issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`));
  return { ok: false, error: { code, message: `${where}: ${what.join("; ")}`, issues, envelope, eventType } };
}
