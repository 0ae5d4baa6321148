/** What a source says, as it is kept in a store: an event that fits the order of its rollout, or anything else as it is. */
import { isJsonObject, type JsonValue, type SourceRecord } from "@rollout-trace/protocol";
import type { Redactor } from "../redact/redactor.ts";
import { payloadRefs } from "../store/payload-refs.ts";

export interface EventRecord {
  readonly type: "event";
  readonly seq: number;
  readonly timeUs: number;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly eventType: string;
  /** JSON, redacted. */
  readonly body: string;
}

/** A place that could not be read, or an event that does not follow the one before it. */
export interface StrayRecord {
  readonly type: "stray";
  readonly afterSeq: number;
  /** JSON of a `SourceRecord`, redacted. */
  readonly record: string;
}

export type ImportRecord = EventRecord | StrayRecord;

/** A payload that a record is the first to name. */
export interface NamedPayload {
  /** As the source knows it, and as the store does. */
  readonly id: string;
  readonly storedId: string;
  readonly threadId: string | null;
}

/** What all events of a rollout have in common. */
export interface ImportHead {
  readonly rolloutId: string;
  readonly schemaVersion: number;
}

const ENVELOPE = [
  "schema_version",
  "seq",
  "time_unix_us",
  "rollout_id",
  "thread_id",
  "turn_id",
  "payload",
] as const;

/** The record of what a source says, after the event `lastSeq`. */
export function recordOf(
  said: SourceRecord,
  { head, lastSeq, redactor }: { head: ImportHead; lastSeq: number; redactor: Redactor },
): ImportRecord {
  const stray = (): StrayRecord => ({
    type: "stray",
    afterSeq: lastSeq,
    record: redactor.event(JSON.stringify(said)),
  });
  if (said.type === "problem" || !isJsonObject(said.value as JsonValue)) return stray();
  const value = said.value as { readonly [key: string]: unknown };
  const { seq, time_unix_us: timeUs, thread_id: threadId, turn_id: turnId, payload } = value;
  const isWhole =
    Object.keys(value).length === ENVELOPE.length && ENVELOPE.every((key) => Object.hasOwn(value, key));
  const isOurs = value["rollout_id"] === head.rolloutId && value["schema_version"] === head.schemaVersion;
  if (!isWhole || !isOurs || !isCount(seq) || seq <= lastSeq || !isCount(timeUs)) return stray();
  if (!isIdOrNull(threadId) || !isIdOrNull(turnId) || !isJsonObject(payload as JsonValue)) return stray();
  const { type: eventType } = payload as { readonly type?: unknown };
  if (typeof eventType !== "string") return stray();
  return {
    type: "event",
    seq,
    timeUs,
    threadId: idText(threadId, redactor),
    turnId: idText(turnId, redactor),
    eventType,
    body: redactor.event(JSON.stringify(payload)),
  };
}

/** The payloads that a record names. */
export function payloadsNamedBy(said: SourceRecord, redactor: Redactor): readonly NamedPayload[] {
  if (said.type === "problem" || typeof said.value !== "object" || said.value === null) return [];
  const { payload, thread_id: threadId } = said.value as { payload?: unknown; thread_id?: unknown };
  return [...payloadRefs(payload)].map(([id]) => ({
    id,
    storedId: redactor.text(id),
    threadId: typeof threadId === "string" ? threadId : null,
  }));
}

/** Whether two records are the same, but for what a redaction made of them. */
export function isSameRecord(left: ImportRecord, right: ImportRecord): boolean {
  if (left.type === "stray") {
    return right.type === "stray" && left.afterSeq === right.afterSeq && left.record === right.record;
  }
  if (right.type === "stray") return false;
  return (
    left.seq === right.seq &&
    left.timeUs === right.timeUs &&
    left.threadId === right.threadId &&
    left.turnId === right.turnId &&
    left.body === right.body
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isIdOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function idText(id: string | null, redactor: Redactor): string | null {
  return id === null ? null : redactor.text(id);
}
