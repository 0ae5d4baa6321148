/**
 * A graph without what differs from one run of the same session to the next, so that runs can be compared.
 *
 * Ids get names made of what the objects are, times and positions go, and ids that providers and hosts made up are only
 * there or not. Sizes go too, for what was measured has ids and times in it, and so do the messages of diagnostics and findings, which
 * name both. Everything else stays: tokens, texts, the hash of what a part of a body has no text of, or only the beginning, and the
 * attributes of spans but for the call that one of them names.
 *
 * Agents run beside each other, so nothing depends on how their events interleave: objects are named within their agent, collections
 * are sorted by name, and what several agents wrote to one process is listed agent by agent.
 */
import {
  decodeRawEvent,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ROLLOUT_TRACE,
  type RolloutSource,
} from "@rollout-trace/protocol";
import type { AnchorType } from "../graph/base.ts";
import type { RolloutGraph } from "../graph/rollout-graph.ts";
import type { Span } from "../graph/span.ts";
import { compareNames, Names } from "./stable-names.ts";

export interface StableGraphOptions {
  /** Takes out of recorded text what differs from run to run, such as durations and folders. Default: leaves it as it is. */
  readonly text?: ((text: string) => string) | undefined;
  /**
   * The type of the event with each `seq`: with it, the events in an object's evidence are there by their type. Default:
   * they are left out.
   */
  readonly eventTypes?: ReadonlyMap<number, string> | undefined;
  /** More keys to leave out, wherever they are. */
  readonly ignore?: readonly string[] | undefined;
}

/** Of the shape that `stableGraph` gives. */
export const STABLE_GRAPH_VERSION = 1;

/** A graph as `stableGraph` gives it: JSON. */
export type StableGraph = JsonObject & { readonly stable_graph_version: number };

/** The stable form of a graph. Equal for two runs in which the same agents did the same things. */
export function stableGraph(graph: RolloutGraph, options: StableGraphOptions = {}): StableGraph {
  const walk = new Walk(graph, options);
  const fields = JSON.parse(JSON.stringify(graph)) as JsonObject;
  const stable = Object.entries(fields).flatMap(([key, value]) => walk.graphField(key, value));
  return { stable_graph_version: STABLE_GRAPH_VERSION, ...Object.fromEntries(stable) };
}

/** Times, positions, sizes, and what is made of them or of ids. */
const VOLATILE = /(_at_us|_seq|_bytes|^at_us|^seq)$|^(payloads|recorded_id|provenance)$/;
/** Made up anew in each run. */
const OPAQUE =
  /^(trace_id|rollout_id|provider_item_id|response_id|upstream_request_id|call_id|model_visible_call_id|mcp_call_id|wait_id|otel_trace_id)$/;
const PAYLOADS = /payload_ids?$/;
/** Made by others than this package: nothing in it is known by its key. */
const FREE: ReadonlySet<string> = new Set(["attributes", "links", "host"]);
const TEXTS: ReadonlySet<string> = new Set([
  "text",
  "source",
  "preview",
  "value",
  "stdout",
  "stderr",
  "formatted_output",
  "input_preview",
  "output_preview",
  "error",
  "message",
  "cwd",
  "command",
  "stdin",
]);

/** Which kind of object the ids under a key are of. */
const REFERENCES: { readonly [key: string]: AnchorType } = {
  thread_id: "thread",
  root_thread_id: "thread",
  parent_thread_id: "thread",
  turn_id: "turn",
  turn_ids: "turn",
  item_id: "conversation_item",
  item_ids: "conversation_item",
  conversation_item_ids: "conversation_item",
  response_item_ids: "conversation_item",
  call_item_ids: "conversation_item",
  output_item_id: "conversation_item",
  output_item_ids: "conversation_item",
  source_item_id: "conversation_item",
  marker_item_id: "conversation_item",
  input_item_ids: "conversation_item",
  replacement_item_ids: "conversation_item",
  carried_item_ids: "conversation_item",
  inference_call_id: "inference_call",
  inference_call_ids: "inference_call",
  base_inference_call_id: "inference_call",
  tool_call_id: "tool_call",
  tool_call_ids: "tool_call",
  exec_tool_call_id: "tool_call",
  nested_tool_call_ids: "tool_call",
  code_cell_id: "code_cell",
  code_cell_ids: "code_cell",
  terminal_session_id: "terminal_session",
  terminal_operation_id: "terminal_operation",
  operation_id: "terminal_operation",
  operation_ids: "terminal_operation",
  created_by_operation_id: "terminal_operation",
  compaction_id: "compaction",
  compaction_request_id: "compaction_request",
  request_ids: "compaction_request",
  edge_id: "interaction_edge",
  spawn_edge_id: "interaction_edge",
  span_id: "span",
  span_ids: "span",
};

/** The collections whose keys are ids. */
const COLLECTIONS: { readonly [field: string]: AnchorType } = {
  threads: "thread",
  turns: "turn",
  conversation_items: "conversation_item",
  inference_calls: "inference_call",
  tool_calls: "tool_call",
  code_cells: "code_cell",
  terminal_sessions: "terminal_session",
  terminal_operations: "terminal_operation",
  compactions: "compaction",
  compaction_requests: "compaction_request",
  interaction_edges: "interaction_edge",
  spans: "span",
  by_thread: "thread",
  by_turn: "turn",
};

class Walk {
  readonly #graph: RolloutGraph;
  readonly #names: Names;
  readonly #text: (text: string) => string;
  readonly #eventTypes: ReadonlyMap<number, string> | null;
  readonly #ignored: ReadonlySet<string>;
  /** Graph ids of spans by trace and recorded id. */
  readonly #spans: ReadonlyMap<string, string>;

  constructor(graph: RolloutGraph, { text = (same) => same, eventTypes, ignore }: StableGraphOptions) {
    this.#graph = graph;
    this.#names = new Names(graph, text);
    this.#text = text;
    this.#eventTypes = eventTypes ?? null;
    this.#ignored = new Set(ignore);
    this.#spans = new Map(
      Object.entries(graph.spans).map(([id, span]) => [`${span.otel_trace_id} ${span.recorded_id}`, id]),
    );
  }

  graphField(key: string, value: JsonValue): readonly [string, JsonValue][] {
    const field = this.#field(key, value);
    // Diagnostics and findings are in the order of events, which other agents take part in.
    return field.map(([name, part]) => [name, Array.isArray(part) ? sorted(part as JsonValue[]) : part]);
  }

  #collection(type: AnchorType, value: JsonValue): JsonValue {
    const entries = Object.entries(value as JsonObject)
      .map(([id, entry]): [string, JsonValue] => [this.#names.of(type, id), this.#entry(type, id, entry)])
      .toSorted(([left], [right]) => compareNames(left, right));
    return Object.fromEntries(entries);
  }

  #entry(type: AnchorType, id: string, entry: JsonValue): JsonValue {
    const stable = this.#value(entry);
    if (!isJsonObject(stable)) return stable;
    if (type === "terminal_session") return { ...stable, ...this.#operationsOf(id) };
    return type === "span" ? { ...stable, ...this.#linksOf(id) } : stable;
  }

  /** The writes of agents beside each other come in any order; those of each keep theirs. */
  #operationsOf(id: string): JsonObject {
    const { terminal_operations: operations, tool_calls: calls, terminal_sessions: sessions } = this.#graph;
    const agentOf = (operation: string): string => {
      const threadId = calls[operations[operation]?.tool_call_id ?? ""]?.thread_id ?? null;
      return threadId === null ? "" : this.#names.of("thread", threadId);
    };
    const [first, ...writes] = sessions[id]?.operation_ids ?? [];
    const byAgent = writes.toSorted((left, right) => compareNames(agentOf(left), agentOf(right)));
    const all = first === undefined ? [] : [first, ...byAgent];
    return this.#ignored.has("operation_ids")
      ? {}
      : { operation_ids: this.#references("terminal_operation", all) };
  }

  /** Spans are known to each other by the ids that they were recorded with, which other traces have too. */
  #linksOf(id: string): JsonObject {
    const span = this.#graph.spans[id];
    if (span === undefined) return {};
    const { parent_span_id: parent, otel_trace_id: trace, links, attributes } = span;
    const nameOf = (traceId: string, spanId: string): string => {
      const known = this.#spans.get(`${traceId} ${spanId}`);
      return known === undefined ? "unknown span" : this.#names.of("span", known);
    };
    const stable: JsonObject = {
      parent_span_id: parent === null ? null : nameOf(trace, parent),
      attributes: this.#attributes(attributes, span),
      links: links.map((link) => ({
        trace_id: "<id>",
        span_id: nameOf(link.trace_id, link.span_id),
        attributes: this.#attributes(link.attributes, span),
      })),
    };
    return Object.fromEntries(Object.entries(stable).filter(([key]) => !this.#ignored.has(key)));
  }

  /** As they are, but for the one that names a call. */
  #attributes(attributes: JsonObject, { tool_call_id: callId }: Span): JsonObject {
    const call = callId === null ? undefined : this.#graph.tool_calls[callId];
    const entries = Object.entries(attributes)
      .filter(([key]) => !this.#ignored.has(key))
      .map(([key, value]): [string, JsonValue] => {
        const isCall = key === ROLLOUT_TRACE.toolCallId && call !== undefined && value === call.recorded_id;
        return [key, isCall ? this.#names.of("tool_call", call.tool_call_id) : this.#free(value)];
      });
    return Object.fromEntries(entries);
  }

  #free(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.#text(value);
    if (Array.isArray(value)) return value.map((part: JsonValue) => this.#free(part));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, this.#free(part)]));
  }

  #value(value: JsonValue): JsonValue {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((part: JsonValue) => this.#value(part));
    return this.#object(value as JsonObject);
  }

  #object(object: JsonObject): JsonValue {
    const { type, id } = object;
    if (typeof id === "string" && typeof type === "string" && Object.keys(object).length === 2) {
      return this.#names.of(type as AnchorType, id);
    }
    const fields = Object.entries(object).filter(([key]) => key !== "content_id" || !isWhole(object));
    return Object.fromEntries(fields.flatMap(([key, value]) => this.#field(key, value)));
  }

  #field(key: string, value: JsonValue): readonly [string, JsonValue][] {
    if (VOLATILE.test(key) || this.#ignored.has(key)) return [];
    const collection = Object.hasOwn(COLLECTIONS, key) ? COLLECTIONS[key] : undefined;
    if (collection !== undefined) return [[key, this.#collection(collection, value)]];
    if (key === "diagnostics" || key === "findings") return [[key, this.#remarks(value)]];
    if (key === "by_model" || FREE.has(key)) return [[key, value]];
    if (key === "evidence") return [[key, this.#evidence(value as JsonObject)]];
    if (OPAQUE.test(key)) return [[key, value === null ? null : "<id>"]];
    if (PAYLOADS.test(key)) return [[key, this.#payloadKinds(value)]];
    const reference = Object.hasOwn(REFERENCES, key) ? REFERENCES[key] : undefined;
    if (reference !== undefined) return [[key, this.#references(reference, value)]];
    if (TEXTS.has(key)) return [[key, this.#texts(value)]];
    return [[key, this.#value(value)]];
  }

  /** Their messages name ids and places. */
  #remarks(value: JsonValue): JsonValue {
    const remarks = value as readonly JsonObject[];
    return remarks.map(({ message: _message, ...rest }) => this.#object(rest));
  }

  /** Payload ids are ordinals of the whole rollout. */
  #payloadKinds(value: JsonValue): JsonValue {
    if (Array.isArray(value)) return value.map((id: JsonValue) => this.#payloadKinds(id));
    return typeof value === "string" ? (this.#graph.payloads[value]?.kind ?? "missing") : value;
  }

  /** As sets: the order is that in which the two ends of each link were recorded. */
  #evidence({ seqs, payload_ids }: JsonObject): JsonValue {
    const types = this.#eventTypes;
    const payloads = sorted(this.#payloadKinds(payload_ids ?? []) as JsonValue[]);
    if (types === null) return { payloads };
    const events = (seqs as readonly number[]).map((seq) => types.get(seq) ?? "missing");
    return { events: sorted(events), payloads };
  }

  #references(type: AnchorType, value: JsonValue): JsonValue {
    if (typeof value === "string") return this.#names.of(type, value);
    return Array.isArray(value) ? value.map((part: JsonValue) => this.#references(type, part)) : value;
  }

  #texts(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.#text(value);
    return Array.isArray(value) ? value.map((part: JsonValue) => this.#texts(part)) : this.#value(value);
  }
}

/** Whether a part of a body has all that its `content_id` is of, from which `text` may take something out. */
function isWhole({ preview }: JsonObject): boolean {
  return typeof preview === "string" && !preview.endsWith("…");
}

/** The type of the event with each `seq` of a source. */
export function eventTypesOf(source: RolloutSource): ReadonlyMap<number, string> {
  const types = new Map<number, string>();
  for (const record of source.events()) {
    const decoded = record.type === "event" ? decodeRawEvent(record.value) : null;
    if (decoded?.ok === true) types.set(decoded.event.seq, decoded.event.payload.type);
  }
  return types;
}

function sorted(values: readonly JsonValue[]): JsonValue {
  const texts = values.map((value) => JSON.stringify(value)).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return texts.map((text) => JSON.parse(text) as JsonValue);
}
