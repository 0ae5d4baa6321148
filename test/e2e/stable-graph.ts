/**
 * A graph without what differs from run to run, so that a whole one can be compared: ids get names made of what the objects
 * are, times and sequence numbers go, and recorded text loses its durations and folders.
 *
 * Agents run beside each other, so nothing here may depend on how their events interleave: objects are named within their
 * agent, and collections are sorted by name.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import type { RolloutGraph } from "@rollout-trace/reducer";

/** Keys whose values are times, or sizes of texts that hold times. */
const VOLATILE = /(_at_us|_bytes)$|^(usage|payloads|at_us|content_id|trace_id|rollout_id)$/;
/** Keys that name events and payloads: what is stable is of which type and kind those are. */
const SEQ_KEY = /(^|_)seqs?$/;
const PAYLOAD_KEY = /payload_ids?$/;

interface Stabiliser {
  readonly names: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, string>;
  readonly graph: RolloutGraph;
  /** The type of the event with each `seq`. */
  readonly eventTypes: ReadonlyMap<number, string>;
}

/** `texts` are recorded texts to replace; `eventTypes` has the type of the event with each `seq`. */
export function stableGraph(
  graph: RolloutGraph,
  { texts, eventTypes }: Pick<Stabiliser, "texts" | "eventTypes">,
): JsonValue {
  const plain = JSON.parse(JSON.stringify(graph)) as JsonValue;
  return stable(plain, { graph, texts, eventTypes, names: nameObjects(graph) });
}

function nameObjects(graph: RolloutGraph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const name = (id: string | null | undefined) =>
    id === null || id === undefined ? "?" : (names.get(id) ?? id);
  for (const thread of Object.values(graph.threads)) {
    names.set(thread.thread_id, thread.agent_path);
    thread.turn_ids.forEach((id, index) => names.set(id, `${thread.agent_path} turn ${index + 1}`));
    thread.conversation_item_ids.forEach((id, index) =>
      names.set(id, `${thread.agent_path} item ${index + 1}`),
    );
  }
  for (const turn of Object.values(graph.turns)) {
    turn.inference_call_ids.forEach((id, index) =>
      names.set(id, `${name(turn.turn_id)} request ${index + 1}`),
    );
  }
  for (const cell of Object.values(graph.code_cells)) {
    names.set(cell.code_cell_id, `${name(cell.thread_id)} cell ${cell.runtime_cell_id}`);
  }
  for (const call of Object.values(graph.tool_calls)) {
    const { requester } = call;
    const where = requester.type === "code_cell" ? name(requester.code_cell_id) : name(call.thread_id);
    names.set(
      call.tool_call_id,
      `${where} ${call.model_visible_call_id ?? call.runtime_tool_call_id ?? "?"}`,
    );
    if (call.mcp_call_id !== null) names.set(call.mcp_call_id, `mcp call of ${where} ${call.label}`);
  }
  for (const call of Object.values(graph.inference_calls)) {
    if (call.response_id !== null) names.set(call.response_id, `response of ${name(call.inference_call_id)}`);
  }
  for (const edge of Object.values(graph.interaction_edges)) {
    names.set(edge.edge_id, `${edge.kind} from ${name(edge.source.id)} to ${name(edge.target?.id)}`);
  }
  return names;
}

function stable(value: JsonValue, by: Stabiliser): JsonValue {
  if (typeof value === "string") return by.names.get(value) ?? stableText(value, by.texts);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((inner: JsonValue) => stable(inner, by));
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>)
    .filter(([key]) => !VOLATILE.test(key))
    .map(([key, inner]): [string, JsonValue] => [by.names.get(key) ?? key, stableField(key, inner, by)]);
  // Objects keep their order of keys; collections, whose keys were ids, are sorted by name.
  const isCollection = Object.keys(value).some((key) => by.names.has(key));
  return Object.fromEntries(isCollection ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries);
}

function stableField(key: string, value: JsonValue, by: Stabiliser): JsonValue {
  if (Array.isArray(value)) {
    const isPointer = PAYLOAD_KEY.test(key) || SEQ_KEY.test(key);
    return isPointer ? value.map((inner: JsonValue) => stableField(key, inner, by)) : stable(value, by);
  }
  if (PAYLOAD_KEY.test(key) && typeof value === "string") return by.graph.payloads[value]?.kind ?? "missing";
  if (SEQ_KEY.test(key) && typeof value === "number") return by.eventTypes.get(value) ?? "missing";
  return stable(value, by);
}

function stableText(text: string, texts: ReadonlyMap<string, string>): string {
  let out = text.replaceAll(/Wall time \d+(\.\d+)? seconds/g, "Wall time <n> seconds");
  for (const [from, to] of texts) out = out.replaceAll(from, to);
  return out;
}
