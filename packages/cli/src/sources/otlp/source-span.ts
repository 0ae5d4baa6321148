/**
 * Spans as files of all kinds write them, in one form.
 *
 * OTLP/JSON, rows of span stores (`trace_id`, `context`), dumps of SDK objects (`spanContext`), records of agent frameworks
 * (`span_data`), trees of spans without ids, and bare lists of attributes.
 */
import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { pairs, STATUS_CODE } from "../../otlp/otlp-json.ts";
import { SpanAttributes } from "./attributes.ts";
import { frameworkSpan } from "./framework-span.ts";
import { microsecondsOf } from "./span-times.ts";

export interface SourceSpanEvent {
  readonly name: string;
  readonly timeUs: number | null;
  readonly attributes: SpanAttributes;
}

export interface SourceSpan {
  /** Null for spans of a file that knows no traces. */
  readonly traceId: string | null;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  /** Microseconds since the epoch; null where the file does not say. */
  readonly startUs: number | null;
  readonly endUs: number | null;
  readonly attributes: SpanAttributes;
  readonly resource: SpanAttributes;
  readonly events: readonly SourceSpanEvent[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: JsonObject;
  }[];
  readonly status: { readonly code: "unset" | "ok" | "error"; readonly message: string | null };
}

/** Where an object stands in its file, and what it inherits from there. */
export interface SpanPlace {
  /** For ids of spans that have none. */
  readonly path: string;
  readonly parentId: string | null;
  readonly traceId: string | null;
  readonly resource: SpanAttributes;
}

/** The object as a span, or null for one that is none. */
export function sourceSpan(given: JsonObject, place: SpanPlace): SourceSpan | null {
  const value = frameworkSpan(given) ?? given;
  const context = objectOf(value["context"]) ?? objectOf(value["spanContext"]) ?? value;
  const spanId = idOf(context["spanId"] ?? context["span_id"]) ?? idOf(value["span_id"]);
  const traceId = idOf(context["traceId"] ?? context["trace_id"]) ?? place.traceId;
  const attributes = attributesOf(value["attributes"]);
  if (spanId === null && !(typeof value["name"] === "string" && attributes !== null)) return null;
  const parentContext = objectOf(value["parentSpanContext"]);
  const parent =
    value["parentSpanId"] ?? value["parent_span_id"] ?? value["parent_id"] ?? parentContext?.["spanId"];
  const own = attributes ?? {};
  const rowKind =
    typeof value["span_kind"] === "string" ? { "openinference.span.kind": value["span_kind"] } : {};
  return {
    traceId,
    spanId: spanId ?? pathId(place.path),
    parentId: idOf(parent) ?? place.parentId,
    name: typeof value["name"] === "string" ? value["name"] : "",
    kind: kindOf(value["kind"]),
    startUs: microsecondsOf(
      value["startTimeUnixNano"] ??
        value["start_time_unix_nano"] ??
        value["start_time"] ??
        value["startTime"] ??
        value["started_at"],
    ),
    endUs: microsecondsOf(
      value["endTimeUnixNano"] ??
        value["end_time_unix_nano"] ??
        value["end_time"] ??
        value["endTime"] ??
        value["ended_at"],
    ),
    attributes: new SpanAttributes({ ...rowKind, ...own }),
    resource: place.resource,
    events: listOf(value["events"]).flatMap(eventOf),
    links: listOf(value["links"]).flatMap(linkOf),
    status: statusOf(value),
  };
}

/** Attributes as an object, however they were written; null where there are none. */
export function attributesOf(value: JsonValue | undefined): JsonObject | null {
  if (Array.isArray(value)) return pairs(value as readonly JsonValue[]);
  if (typeof value === "string") {
    try {
      return objectOf(JSON.parse(value) as JsonValue);
    } catch {
      return null;
    }
  }
  return objectOf(value);
}

export function pathId(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16);
}

function eventOf(value: JsonValue): readonly SourceSpanEvent[] {
  if (!isJsonObject(value)) return [];
  const time = value["timeUnixNano"] ?? value["time_unix_nano"] ?? value["timestamp"] ?? value["time"];
  return [
    {
      name: typeof value["name"] === "string" ? value["name"] : "",
      timeUs: microsecondsOf(time),
      attributes: new SpanAttributes(attributesOf(value["attributes"]) ?? {}),
    },
  ];
}

function linkOf(value: JsonValue): SourceSpan["links"] {
  if (!isJsonObject(value)) return [];
  const context = objectOf(value["context"]) ?? value;
  const traceId = idOf(context["traceId"] ?? context["trace_id"]);
  const spanId = idOf(context["spanId"] ?? context["span_id"]);
  if (traceId === null || spanId === null) return [];
  return [{ traceId, spanId, attributes: attributesOf(value["attributes"]) ?? {} }];
}

function statusOf(value: JsonObject): SourceSpan["status"] {
  const status = objectOf(value["status"]);
  const code = status?.["code"] ?? status?.["status_code"] ?? value["status_code"] ?? value["statusCode"];
  const message = status?.["message"] ?? status?.["description"] ?? value["status_message"];
  return {
    code: statusCode(code),
    message: typeof message === "string" && message !== "" ? message : null,
  };
}

function statusCode(code: JsonValue | undefined): SourceSpan["status"]["code"] {
  const name = typeof code === "string" ? code.toUpperCase() : code;
  if (name === STATUS_CODE.error || name === "2" || (typeof name === "string" && name.endsWith("ERROR")))
    return "error";
  return name === STATUS_CODE.ok || name === "1" || (typeof name === "string" && name.endsWith("OK"))
    ? "ok"
    : "unset";
}

const KIND_NAMES = ["internal", "internal", "server", "client", "producer", "consumer"] as const;

/** Numbers are those of OTLP; SDK objects count from zero, which only tells for what is not internal. */
function kindOf(kind: JsonValue | undefined): SourceSpan["kind"] {
  if (typeof kind === "number") return KIND_NAMES[kind] ?? "internal";
  if (typeof kind !== "string") return "internal";
  const name = kind.toLowerCase();
  return KIND_NAMES.find((known) => name === known || name.endsWith(`_${known}`)) ?? "internal";
}

function idOf(value: JsonValue | undefined): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" && !/^0+$/.test(value) ? value.replace(/^0x/, "") : null;
}

function objectOf(value: JsonValue | undefined): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}
