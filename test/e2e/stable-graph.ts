/**
 * A graph without what differs from run to run, so that a whole one can be compared: ids get names made of what the objects
 * are, times and sequence numbers go, and recorded text loses its durations and folders.
 *
 * Agents run beside each other, so nothing here may depend on how their events interleave: objects are named within their
 * agent, and collections are sorted by name.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import type { RolloutGraph } from "@rollout-trace/reducer";

type Names = ReadonlyMap<string, string>;

/** Keys whose values are times, positions or sizes of texts that hold times. */
const VOLATILE = /(_at_us|_seq|_bytes)$|^(seq|evidence|usage|payloads|at_us|content_id|trace_id|rollout_id)$/;
const PAYLOAD_KEY = /payload_ids?$/;

export function stableGraph(graph: RolloutGraph, texts: ReadonlyMap<string, string>): JsonValue {
  const names = nameObjects(graph);
  return stable(JSON.parse(JSON.stringify(graph)) as JsonValue, names, texts);
}

function nameObjects(graph: RolloutGraph): Names {
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

function stable(value: JsonValue, names: Names, texts: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === "string") return names.get(value) ?? stableText(value, texts);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((inner: JsonValue) => stable(inner, names, texts));
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>)
    .filter(([key]) => !VOLATILE.test(key))
    .map(([key, inner]): [string, JsonValue] => [
      names.get(key) ?? key,
      PAYLOAD_KEY.test(key) ? countOf(inner) : stable(inner, names, texts),
    ]);
  // Objects keep their order of keys; collections, whose keys were ids, are sorted by name.
  const isCollection = Object.keys(value).some((key) => names.has(key));
  return Object.fromEntries(isCollection ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries);
}

/** Payload ids are ordinals of the whole rollout: what is stable is whether and how many there are. */
function countOf(value: JsonValue): JsonValue {
  if (value === null) return null;
  return Array.isArray(value) ? value.length : 1;
}

function stableText(text: string, texts: ReadonlyMap<string, string>): string {
  let out = text.replaceAll(/Wall time \d+(\.\d+)? seconds/g, "Wall time <n> seconds");
  for (const [from, to] of texts) out = out.replaceAll(from, to);
  return out;
}
