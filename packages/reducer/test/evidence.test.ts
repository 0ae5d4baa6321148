import { expect, it } from "vitest";
import type { RawEvent } from "@rollout-trace/protocol";
import { createReducer, type RolloutGraph } from "@rollout-trace/reducer";
import { MAX_STEP, MemoryPayloads, playRollout } from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { assertLaw, LAW_TIMEOUT } from "./laws.ts";

/** What joins one of these, or leaves it, has evidence of its own. */
const LISTS_OF_MEMBERS = new Set([
  "turn_ids",
  "conversation_item_ids",
  "inference_call_ids",
  "tool_call_ids",
  "code_cell_ids",
  "nested_tool_call_ids",
  "span_ids",
  "operation_ids",
]);

/** The call of a span may be that of a span above it, which has evidence of its own. */
const INHERITED = /^spans .*: tool_call_id /;

/**
 * Whose payload is evidence of what the object is linked to, and the event alone of the link: the request or the compaction that shows
 * what a call returned is that of the item which shows it, what names a process is that of the session, and what a waiting call
 * returned that of the call.
 */
const BY_EVENT_ALONE =
  /^terminal_operations .*: (?:observed_by|terminal_session_id) |^tool_calls .*: visibility |^code_cells .*: waits /;

/** An object, with the fields that an event may change. */
interface Evidenced {
  readonly fields: object;
  readonly seqs: readonly number[];
  readonly payloadIds: readonly string[];
}

type Objects = ReadonlyMap<string, Evidenced>;

/** Everything that has evidence, by its kind and id. */
function objectsOf(graph: RolloutGraph): Objects {
  const objects = new Map<string, Evidenced>();
  for (const [kind, collection] of Object.entries(JSON.parse(JSON.stringify(graph)) as object)) {
    if (typeof collection !== "object" || collection === null) continue;
    for (const [id, object] of Object.entries(collection as Record<string, unknown>)) {
      if (typeof object !== "object" || object === null || !("evidence" in object)) continue;
      const { evidence, ...fields } = object as { evidence: { seqs: number[]; payload_ids: string[] } };
      const { name, named } = withStableSession(graph, `${kind} ${id}`, fields);
      objects.set(name, { fields: named, seqs: evidence.seqs, payloadIds: evidence.payload_ids });
    }
  }
  return objects;
}

/** Sessions may be numbered anew when a write leaves one: whichever the number is, a session is that of the operation that made it. */
function withStableSession(
  graph: RolloutGraph,
  name: string,
  fields: object,
): { name: string; named: object } {
  if (!("terminal_session_id" in fields)) return { name, named: fields };
  const { terminal_session_id: id, ...others } = fields;
  const opener = graph.terminal_sessions[id as string]?.created_by_operation_id ?? null;
  if (name.startsWith("terminal_sessions ")) return { name: `terminal_sessions of ${opener}`, named: others };
  return { name, named: { ...others, terminal_session_id: opener } };
}

/** The fields that an event has changed of objects whose evidence has not that event, or not what it names. */
function unproven(before: Objects, after: Objects, event: RawEvent): readonly string[] {
  return [...after].flatMap(([name, { fields, seqs, payloadIds }]) => {
    const old: object = before.get(name)?.fields ?? {};
    const changes = Object.keys(fields)
      .filter((key) => !LISTS_OF_MEMBERS.has(key) && !(key === "execution" && hasLost(old, fields)))
      .filter((key) => JSON.stringify(Reflect.get(old, key)) !== JSON.stringify(Reflect.get(fields, key)))
      .map((key) => `${name}: ${key} at event ${event.seq}`);
    if (!seqs.includes(event.seq)) return changes.filter((change) => !INHERITED.test(change));
    const missing = payloadsIn(event).filter((id) => !payloadIds.includes(id));
    return changes
      .flatMap((change) => missing.map((id) => `${change} without ${id}`))
      .filter((change) => !BY_EVENT_ALONE.test(change));
  });
}

/** Whether a write has turned out to be of another process than this session's, and has taken along what it told of the end of that. */
function hasLost(session: object, now: object): boolean {
  const ids: readonly unknown[] = Reflect.get(session, "operation_ids") ?? [];
  return ids.some((id) => !(Reflect.get(now, "operation_ids") as readonly unknown[]).includes(id));
}

/** The payloads of an object's evidence that none of its events names. */
function unnamed(objects: Objects, events: readonly RawEvent[]): readonly string[] {
  const named = new Map(events.map((event) => [event.seq, payloadsIn(event)]));
  return [...objects].flatMap(([name, { seqs, payloadIds }]) => {
    const known = new Set(seqs.flatMap((seq) => named.get(seq) ?? []));
    return payloadIds.filter((id) => !known.has(id)).map((id) => `${name}: ${id}`);
  });
}

/** The payloads that an event names. */
function payloadsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("payload_id" in value) return [value.payload_id as string];
  return Object.values(value).flatMap(payloadsIn);
}

it(
  "has, of every object that an event makes or changes, that event in its evidence",
  () => {
    assertLaw(
      fc.property(fc.array(fc.nat(MAX_STEP), { minLength: 20, maxLength: 40, size: "max" }), (numbers) => {
        const { events, payloads } = playRollout(numbers);
        const reducer = createReducer({ payloads: new MemoryPayloads(payloads) });
        let before: Objects = new Map();
        for (const event of events) {
          reducer.apply(event);
          const after = objectsOf(reducer.snapshot());
          expect(unproven(before, after, event)).toEqual([]);
          before = after;
        }
        expect(unnamed(before, events)).toEqual([]);
      }),
      15,
    );
  },
  LAW_TIMEOUT,
);
