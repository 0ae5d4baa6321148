import { expect, it } from "vitest";
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

/**
 * The call of a span may be that of a span above it, which has evidence of its own. And when a command's process becomes known, writes
 * that made a session of their own until then leave it, and sessions may be numbered anew.
 */
const INHERITED =
  /^spans .*: tool_call_id |^terminal_sessions |^terminal_operations .*: terminal_session_id /;

type Objects = ReadonlyMap<string, { readonly fields: object; readonly seqs: readonly number[] }>;

/** Everything that has evidence, by its kind and id. */
function objectsOf(graph: RolloutGraph): Objects {
  const objects = new Map<string, { fields: object; seqs: readonly number[] }>();
  for (const [kind, collection] of Object.entries(JSON.parse(JSON.stringify(graph)) as object)) {
    if (typeof collection !== "object" || collection === null) continue;
    for (const [id, object] of Object.entries(collection as Record<string, unknown>)) {
      if (typeof object !== "object" || object === null || !("evidence" in object)) continue;
      const { evidence, ...fields } = object as { evidence: { seqs: number[] } };
      objects.set(`${kind} ${id}`, { fields, seqs: evidence.seqs });
    }
  }
  return objects;
}

/** The fields that an event has changed of objects which do not name it. */
function unproven(before: Objects, after: Objects, seq: number): readonly string[] {
  return [...after].flatMap(([name, { fields, seqs }]) => {
    if (seqs.includes(seq)) return [];
    const old: object = before.get(name)?.fields ?? {};
    return Object.keys(fields)
      .filter((key) => !LISTS_OF_MEMBERS.has(key))
      .filter((key) => JSON.stringify(Reflect.get(old, key)) !== JSON.stringify(Reflect.get(fields, key)))
      .map((key) => `${name}: ${key} at event ${seq}`)
      .filter((change) => !INHERITED.test(change));
  });
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
          expect(unproven(before, after, event.seq)).toEqual([]);
          before = after;
        }
      }),
      15,
    );
  },
  LAW_TIMEOUT,
);
