/** Ids and attributes of spans that are nothing of an agent's, as raw events want them. */
import { createHash } from "node:crypto";
import { type JsonObject, type JsonValue, ROLLOUT_TRACE } from "@rollout-trace/protocol";

/** 32 hexadecimal digits: the id itself, or what is derived from one of another form. */
export function otelTraceId(id: string): string {
  return hexId(id, 32);
}

/** 16 hexadecimal digits. */
export function otelSpanId(id: string): string {
  return hexId(id, 16);
}

/** Attributes that an export added, which say where the span stands. */
const ADDED: ReadonlySet<string> = new Set([
  ROLLOUT_TRACE.rolloutId,
  ROLLOUT_TRACE.threadId,
  ROLLOUT_TRACE.turnId,
  ROLLOUT_TRACE.spanId,
  ROLLOUT_TRACE.spanTraceId,
  ROLLOUT_TRACE.parentSpanId,
  ROLLOUT_TRACE.status,
  ROLLOUT_TRACE.seq,
  ROLLOUT_TRACE.endSeq,
]);

const MAX_TEXT = 4_096;

/** As they stand, long texts cut, with the tool call that the span ran in. */
export function spanAttributes(attributes: JsonObject, toolCallId: string | null): JsonObject {
  const kept = Object.entries(attributes).filter(([name]) => !ADDED.has(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, shortened(value)])),
    ...(toolCallId === null ? {} : { [ROLLOUT_TRACE.toolCallId]: toolCallId }),
  };
}

function shortened(value: JsonValue): JsonValue {
  if (typeof value !== "string" || value.length <= MAX_TEXT) return value;
  return `${value.slice(0, MAX_TEXT - 1).toWellFormed()}…`;
}

function hexId(id: string, digits: number): string {
  const lower = id.toLowerCase();
  if (lower.length === digits && /^[0-9a-f]+$/.test(lower)) return lower;
  return createHash("sha256").update(id).digest("hex").slice(0, digits);
}
