/**
 * A graph without what follows from the order of a recording alone: times and places, numbers in ids, and the order of members that
 * come beside each other.
 *
 * - Times and places (`*_us`, `*_seq`, `seq`, `seqs`): what is recorded at another place has another.
 * - Ids: those of what shares a recorded id with something of another thread, and those of items, operations and sessions, are counted
 *   through the rollout. Here they are counted in the thread, whose own order of them means something.
 * - `nested_tool_call_ids`, `span_ids`, `payload_ids`, `diagnostics`, `findings` and the collections are sets: what they have runs beside
 *   each other, and is listed as it was recorded.
 * - `payload_id` of a part with a `content_id` is that of whichever payload with this content came first, also in another thread.
 * - `operation_ids` of a session have the writes of other threads in the order of those; each thread's keep theirs.
 */
import type { AnchorType, RolloutGraph } from "@rollout-trace/reducer";

/** The graph as text, which is quick to compare. */
export function withoutOrder(graph: RolloutGraph): string {
  return JSON.stringify(new Simplifier(graph).simplified(), null, 1);
}

/** What refers to an object by the key that it stands under: `source_item_id`, `tool_call_ids`. */
const REFERENCE =
  /(?:^|_)(turn|item|inference_call|tool_call|operation|terminal_session|edge|compaction|compaction_request|span)_ids?$/;
/** Ids as they were recorded. */
const RECORDED = /^(runtime_tool_call_id|provider_item_id|parent_span_id)$/;
const ORDER_KEYS = /(_us|_seq|^seq|^seqs)$/;
const SET_KEYS: ReadonlySet<string> = new Set([
  "nested_tool_call_ids",
  "span_ids",
  "payload_ids",
  "diagnostics",
  "findings",
]);

const TYPES: { readonly [word: string]: AnchorType } = {
  turn: "turn",
  item: "conversation_item",
  inference_call: "inference_call",
  tool_call: "tool_call",
  operation: "terminal_operation",
  terminal_session: "terminal_session",
  edge: "interaction_edge",
  compaction: "compaction",
  compaction_request: "compaction_request",
  span: "span",
};

/** The collections whose ids are counted. */
const COLLECTIONS: { readonly [key: string]: AnchorType } = {
  turns: "turn",
  by_turn: "turn",
  conversation_items: "conversation_item",
  inference_calls: "inference_call",
  tool_calls: "tool_call",
  terminal_sessions: "terminal_session",
  terminal_operations: "terminal_operation",
  compactions: "compaction",
  compaction_requests: "compaction_request",
  interaction_edges: "interaction_edge",
  spans: "span",
};

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

class Simplifier {
  readonly #graph: RolloutGraph;
  readonly #names: Map<string, string> = new Map();
  readonly #counts: Map<string, number> = new Map();

  constructor(graph: RolloutGraph) {
    this.#graph = graph;
    for (const [id, thread] of Object.entries(graph.threads)) {
      for (const [index, item] of thread.conversation_item_ids.entries())
        this.#name("conversation_item", item, `item ${id}:${index}`);
    }
    const { turns, inference_calls: requests, tool_calls: calls, compactions } = graph;
    for (const [id, turn] of Object.entries(turns)) this.#count("turn", id, turn);
    for (const [id, request] of Object.entries(requests)) this.#count("inference_call", id, request);
    for (const [id, call] of Object.entries(calls)) this.#count("tool_call", id, call);
    for (const [id, compaction] of Object.entries(compactions)) this.#count("compaction", id, compaction);
    for (const [id, request] of Object.entries(graph.compaction_requests))
      this.#count("compaction_request", id, request);
    for (const [id, span] of Object.entries(graph.spans))
      this.#count("span", id, { recorded_id: span.recorded_id, thread_id: span.otel_trace_id });
    for (const { operation_id: id, tool_call_id: call } of Object.values(graph.terminal_operations))
      this.#name("terminal_operation", id, `operation of ${this.#of("tool_call", call)}`);
    for (const session of Object.values(graph.terminal_sessions)) {
      const opener = this.#of("terminal_operation", session.created_by_operation_id);
      this.#name("terminal_session", session.terminal_session_id, `session of ${opener}`);
    }
    this.#nameEdges();
  }

  simplified(): Json {
    return this.#value(this.#graph as unknown as Json, "");
  }

  /** Ids of edges are made of those of their ends. */
  #nameEdges(): void {
    const { interaction_edges: edges, threads, turns, tool_calls: calls } = this.#graph;
    for (const id of Object.keys(calls)) {
      if (edges[`edge:tool:${id}`] !== undefined)
        this.#name("interaction_edge", `edge:tool:${id}`, `edge of ${this.#of("tool_call", id)}`);
    }
    for (const [id, { thread_id: child }] of Object.entries(turns)) {
      for (const parent of Object.keys(threads)) {
        const edge = `edge:agent_result:${child}:${id}:${parent}`;
        const name = `result of ${this.#of("turn", id)} for ${parent}`;
        if (edges[edge] !== undefined) this.#name("interaction_edge", edge, name);
      }
    }
  }

  #count(type: AnchorType, id: string, of: { recorded_id: string; thread_id: string | null }): void {
    const name = `${type} ${of.thread_id} ${of.recorded_id}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    this.#name(type, id, `${name} ${count}`);
  }

  #name(type: AnchorType, id: string, name: string): void {
    this.#names.set(`${type}\n${id}`, name);
  }

  #of(type: AnchorType, id: string): string {
    return this.#names.get(`${type}\n${id}`) ?? id;
  }

  #value(value: Json, key: string): Json {
    if (typeof value === "string") return this.#text(value, key);
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) return this.#list(value, key);
    const { type, id } = value;
    if (typeof type === "string" && typeof id === "string")
      return { type, id: this.#of(type as AnchorType, id) };
    const collection = Object.hasOwn(COLLECTIONS, key) ? COLLECTIONS[key] : undefined;
    const entries = Object.entries(value)
      .filter(([each]) => !ORDER_KEYS.test(each) && (each !== "payload_id" || !("content_id" in value)))
      .map(([each, part]): [string, Json] => [
        collection === undefined ? each : this.#of(collection, each),
        this.#value(part, each),
      ]);
    return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
  }

  #list(list: readonly Json[], key: string): Json {
    const simple = list.map((part) => this.#value(part, key));
    if (SET_KEYS.has(key)) return simple.toSorted((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
    if (key !== "operation_ids") return simple;
    const threads = new Map(
      list.map((id, index) => {
        const operation = this.#graph.terminal_operations[`${id as string}`];
        return [simple[index], this.#graph.tool_calls[operation?.tool_call_id ?? ""]?.thread_id ?? ""];
      }),
    );
    const threadOf = (part: Json) => threads.get(part) ?? "";
    return simple.toSorted((left, right) =>
      threadOf(left) === threadOf(right) ? 0 : threadOf(left) < threadOf(right) ? -1 : 1,
    );
  }

  #text(text: string, key: string): string {
    const word = RECORDED.test(key)
      ? undefined
      : key === "request_ids"
        ? "compaction_request"
        : REFERENCE.exec(key)?.[1];
    const type = word === undefined ? undefined : TYPES[word];
    // Messages of diagnostics and findings name events.
    return type === undefined ? text.replaceAll(/event \d+/g, "event") : this.#of(type, text);
  }
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function textOf(value: Json): string {
  return JSON.stringify(value);
}
