/** Parts of a span as JSON, bounded: names and values are the host's and may be of any size. */
import type { Attributes, AttributeValue, HrTime, Link } from "@opentelemetry/api";
import { type JsonObject, type JsonValue, type SpanLink } from "@rollout-trace/protocol";
import { HOST_SPAN_LIMITS } from "./host-spans.ts";

export function attributesJson(attributes: Attributes | undefined): JsonObject {
  const kept = Object.entries(attributes ?? {}).slice(0, HOST_SPAN_LIMITS.attributes);
  return Object.fromEntries(
    kept.flatMap(([name, value]) =>
      value === undefined ? [] : [[shortened(name), valueJson(value)] as const],
    ),
  );
}

export function linksJson(links: readonly Link[]): readonly SpanLink[] {
  return links.slice(0, HOST_SPAN_LIMITS.links).map(({ context, attributes }) => ({
    trace_id: context.traceId,
    span_id: context.spanId,
    attributes: attributesJson(attributes),
  }));
}

/** Since the epoch. */
export function microseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1000);
}

export function shortened(text: string): string {
  const limit = HOST_SPAN_LIMITS.attributeLength;
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}

function valueJson(value: AttributeValue): JsonValue {
  if (Array.isArray(value)) {
    return value.slice(0, HOST_SPAN_LIMITS.attributes).map((item) => scalarJson(item));
  }
  return scalarJson(value);
}

function scalarJson(value: unknown): JsonValue {
  if (typeof value === "string") return shortened(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return typeof value === "boolean" ? value : null;
}
