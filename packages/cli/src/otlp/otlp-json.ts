/** The JSON encoding of OTLP traces, as far as this command writes and reads it. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";

/** `opentelemetry.proto.common.v1.AnyValue`; 64-bit integers are decimal strings. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | "NaN" | "Infinity" | "-Infinity" }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }
  | Record<string, never>;

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export interface OtlpEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly KeyValue[];
}

export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: readonly KeyValue[];
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  /** `0` for a span that has not ended. */
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly OtlpEvent[];
  readonly links: readonly OtlpLink[];
  readonly status: { readonly code?: number; readonly message?: string };
}

/** `opentelemetry.proto.trace.v1.Status.StatusCode` */
export const STATUS_CODE = { unset: 0, ok: 1, error: 2 } as const;

/** `opentelemetry.proto.trace.v1.Span.SpanKind` */
export const SPAN_KIND_NUMBER = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** Attributes of a span; those that are null or undefined are left out. */
export type AttributeMap = { readonly [name: string]: JsonValue | undefined };

export function keyValues(attributes: AttributeMap): readonly KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [{ key, value: anyValue(value) }],
  );
}

export function anyValue(value: JsonValue): AnyValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      if (value === null) return {};
      if (Array.isArray(value)) {
        return { arrayValue: { values: (value as readonly JsonValue[]).map(anyValue) } };
      }
      return {
        kvlistValue: {
          values: Object.entries(value as JsonObject).map(([key, member]) => ({
            key,
            value: anyValue(member),
          })),
        },
      };
  }
}

/** Values nested deeper than this are taken for null: nobody nests them so, and reading must end. */
const MAX_DEPTH = 64;

/** The value of an `AnyValue` that somebody else wrote; what is none stands for itself. */
export function plainValue(value: JsonValue | undefined, depth = 0): JsonValue {
  if (!isJsonObject(value) || depth > MAX_DEPTH) return depth > MAX_DEPTH ? null : (value ?? null);
  const [kind] = Object.keys(value);
  const held = kind === undefined ? null : (value[kind] ?? null);
  switch (kind) {
    case undefined:
      return null;
    case "stringValue":
    case "boolValue":
    case "bytesValue":
      return held;
    case "intValue":
    case "doubleValue":
      return numberOf(held);
    case "arrayValue":
      return membersOf(held).map((member) => plainValue(member, depth + 1));
    case "kvlistValue":
      return pairs(membersOf(held), depth + 1);
    default:
      return value;
  }
}

/** A list of key and value as an object. */
export function pairs(list: readonly JsonValue[], depth = 0): JsonObject {
  const entries = list.flatMap((pair) =>
    isJsonObject(pair) && typeof pair["key"] === "string"
      ? [[pair["key"], plainValue(pair["value"], depth)] as const]
      : [],
  );
  return Object.fromEntries(entries);
}

function membersOf(held: JsonValue): readonly JsonValue[] {
  const values = isJsonObject(held) ? held["values"] : held;
  return Array.isArray(values) ? (values as readonly JsonValue[]) : [];
}

function numberOf(held: JsonValue): JsonValue {
  const number = typeof held === "string" && held.trim() !== "" ? Number(held) : held;
  if (typeof number !== "number") return null;
  // Beyond what a double holds exactly, the digits are kept.
  if (typeof held === "string" && /^-?\d+$/.test(held) && !Number.isSafeInteger(number)) return held;
  return Number.isFinite(number) ? number : String(number);
}
