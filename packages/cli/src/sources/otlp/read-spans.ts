/**
 * The spans of a file: one JSON document, several one after another, or one on each line.
 *
 * A document is searched for spans wherever they are: exporters wrap them in requests, traces, results and trees. What is no
 * span and holds none is left alone.
 */
import { isJsonObject, type JsonObject, type JsonValue, type SourceProblem } from "@rollout-trace/protocol";
import { messageOf } from "../../errors.ts";
import { SpanAttributes } from "./attributes.ts";
import { documentsIn } from "./json-documents.ts";
import { attributesOf, type SourceSpan, sourceSpan, type SpanPlace } from "./source-span.ts";

export interface SpanFile {
  readonly path: string;
  readonly spans: readonly SourceSpan[];
  readonly problems: readonly SourceProblem[];
}

/** Spans lie no deeper than this in a document. */
const MAX_DEPTH = 256;

const NOTHING = new SpanAttributes({});

export function readSpans(path: string, text: string): SpanFile {
  const spans: SourceSpan[] = [];
  const problems: SourceProblem[] = [];
  for (const { line, value, error } of documentsIn(text)) {
    if (error !== null) {
      problems.push({ where: `${path}:${line}`, message: messageOf(error) });
      continue;
    }
    collect(
      value,
      { path: String(line), parentId: null, traceId: null, resource: NOTHING },
      spans,
      MAX_DEPTH,
    );
  }
  return { path, spans, problems };
}

function collect(value: JsonValue, place: SpanPlace, spans: SourceSpan[], depth: number): void {
  if (depth === 0) return;
  if (Array.isArray(value)) {
    for (const [index, member] of (value as readonly JsonValue[]).entries()) {
      collect(member, { ...place, path: `${place.path}/${index}` }, spans, depth - 1);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  const span = sourceSpan(value, place) ?? attributesAlone(value, place);
  if (span !== null) {
    spans.push(span);
    // A tree of spans: what stands in it is below it.
    const inside = { ...place, parentId: span.spanId, traceId: span.traceId, path: `${place.path}/children` };
    for (const key of CHILD_KEYS) if (value[key] !== undefined) collect(value[key], inside, spans, depth - 1);
    return;
  }
  const inside = inherited(value, place);
  for (const [key, member] of Object.entries(value)) {
    collect(member, { ...inside, path: `${place.path}/${key}` }, spans, depth - 1);
  }
}

const CHILD_KEYS = ["children", "spans", "child_spans"];

/** What an object that holds spans says of all of them. */
function inherited(value: JsonObject, place: SpanPlace): SpanPlace {
  const resource = isJsonObject(value["resource"]) ? attributesOf(value["resource"]["attributes"]) : null;
  const traceId = value["trace_id"] ?? value["traceId"];
  return {
    ...place,
    resource: resource === null ? place.resource : new SpanAttributes(resource),
    traceId: typeof traceId === "string" && traceId !== "" ? traceId : place.traceId,
  };
}

/** Attributes of a span without the span. */
const TELLING =
  /^(?:gen_ai\.operation\.name|gen_ai\.request\.model|openinference\.span\.kind|ai\.operationId)$/;

function attributesAlone(value: JsonObject, place: SpanPlace): SourceSpan | null {
  if (!Object.keys(value).some((key) => TELLING.test(key))) return null;
  const name = value["gen_ai.operation.name"] ?? value["ai.operationId"] ?? value["openinference.span.kind"];
  return sourceSpan({ name: typeof name === "string" ? name : "span", attributes: value }, place);
}
