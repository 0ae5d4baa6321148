/** Damages recordings in the ways in which they get damaged, and in some in which they should not. */
import type { JsonValue, RawEvent } from "@rollout-trace/protocol";
import type { MemoryPayload, RolloutBuilder } from "@rollout-trace/reducer/testing";

export interface Recording {
  readonly events: readonly unknown[];
  readonly payloads: ReadonlyMap<string, MemoryPayload>;
}

type Pick = (below: number) => number;

interface Damaged {
  readonly events: unknown[];
  readonly payloads: Map<string, MemoryPayload>;
}

/** Each number does one thing to the recording. */
export function damaged(whole: RolloutBuilder, damages: readonly number[]): Recording {
  const events: unknown[] = [...whole.events];
  const payloads = new Map(whole.payloads);
  for (const damage of damages) {
    const pick = picker(damage);
    const kinds = pick(3) === 0 ? payloadDamages({ events, payloads }, pick) : eventDamages(events, pick);
    kinds[pick(kinds.length)]?.();
  }
  return { events, payloads };
}

function eventDamages(events: unknown[], pick: Pick): readonly (() => void)[] {
  const at = pick(Math.max(events.length, 1));
  const other = pick(Math.max(events.length, 1));
  const event = (events[at] ?? {}) as RawEvent;
  const otherEvent = (events[other] ?? {}) as RawEvent;
  return [
    () => events.splice(at, 1),
    () => events.splice(at, pick(5)),
    () => (events.length = at),
    () => events.splice(at, 0, event),
    () => ([events[at], events[other]] = [otherEvent, event]),
    () => ([events[at], events[other]] = [renumbered(otherEvent, event), renumbered(event, otherEvent)]),
    () => (events[at] = { ...event, payload: { ...event.payload, type: "moon_phase_changed" } }),
    () => (events[at] = { ...event, payload: otherEvent.payload }),
    () => (events[at] = { ...event, payload: { ...otherEvent.payload, ...event.payload } }),
    () => (events[at] = withFieldOfOther(events, { event, pick })),
    () => (events[at] = withFieldOfOther(events, { event, pick })),
    () => collide(events, pick),
    () => mixKinds(events, pick),
    () => move(events, { from: at, to: other }),
    () => move(events, { from: events.findIndex((each) => typeOf(each) === "rollout_ended"), to: other }),
    () => (events[at] = { ...event, thread_id: "__proto__", turn_id: "constructor" }),
    () => (events[at] = { ...event, thread_id: otherEvent.thread_id, turn_id: otherEvent.turn_id }),
    () => (events[at] = { ...event, rollout_id: "other" }),
    () => (events[at] = { ...event, schema_version: 99 }),
    () => (events[at] = ODD_VALUES[pick(ODD_VALUES.length)]),
    () => (events[at] = withOddField(event as unknown as JsonValue, pick)),
    () => (events[at] = withOddField(event as unknown as JsonValue, pick)),
    () => (events[at] = withOddField(event as unknown as JsonValue, pick)),
  ];
}

function payloadDamages({ events, payloads }: Damaged, pick: Pick): readonly (() => void)[] {
  const ids = [...payloads.keys()];
  const id = ids[pick(Math.max(ids.length, 1))] ?? "";
  const other = ids[pick(Math.max(ids.length, 1))] ?? "";
  const value = payloads.get(id)?.value ?? null;
  return [
    () => payloads.delete(id),
    () => payloads.set(id, { kind: "other", value: payloads.get(other)?.value ?? null }),
    () => addOwnCalls({ events, payloads }, pick),
    () => payloads.set(id, { kind: "other", value: ODD_VALUES[pick(ODD_VALUES.length)] ?? null }),
    () =>
      payloads.set(id, { kind: "other", value: { input: [1, null, {}], output_items: "x", content: {} } }),
    () => payloads.set(id, { kind: "other", value: withOddField(value, pick) }),
    () => payloads.set(id, { kind: "other", value: withOddField(value, pick) }),
    () => payloads.set(id, { kind: "other", value: withOddField(value, pick) }),
    () => payloads.set(id, { kind: "other", value: withOddField(value, pick) }),
  ];
}

/** The provider ran a tool itself, by the id of a call that the host ran: every document has that. */
function addOwnCalls({ events, payloads }: Damaged, pick: Pick): void {
  const ids = events.flatMap((event) => {
    const { payload } = (event ?? {}) as { readonly payload?: { readonly model_visible_call_id?: unknown } };
    const id = payload?.model_visible_call_id;
    return typeof id === "string" ? id : [];
  });
  const call = {
    type: "web_search_call",
    id: ids[pick(Math.max(ids.length, 1))] ?? "c",
    status: "completed",
  };
  for (const [id, { kind, value }] of payloads) {
    for (const key of ["input", "output_items"]) {
      const elements = (value as { readonly [key: string]: JsonValue } | null)?.[key];
      if (!Array.isArray(elements)) continue;
      payloads.set(id, {
        kind,
        value: { ...(value as object), [key]: [...(elements as JsonValue[]), call] },
      });
    }
  }
}

/** Deeper than a call stack goes. */
const DEEP = ((): JsonValue => {
  let deep: JsonValue = "bottom";
  for (let depth = 0; depth < 20_000; depth += 1) deep = depth % 2 === 0 ? [deep] : { deep };
  return deep;
})();

const ODD_VALUES: readonly JsonValue[] = [
  null,
  true,
  -1,
  0.5,
  Number.MAX_SAFE_INTEGER,
  1e308,
  JSON.parse("-1e999") as JsonValue,
  [{ number: JSON.parse("1e999") as JsonValue }],
  "",
  "__proto__",
  "constructor",
  "\ud800",
  "item:1",
  "a\u0000b",
  "x".repeat(100_000),
  [],
  {},
  [[[[]]]],
  DEEP,
  JSON.parse(
    '{"__proto__": {"type": "message", "role": "user"}, "constructor": 1, "toString": null}',
  ) as JsonValue,
];

/** The event with one field of what it says as another event has that: ids that are those of something else. */
function withFieldOfOther(
  events: readonly unknown[],
  { event, pick }: { event: RawEvent; pick: Pick },
): unknown {
  const payload: { readonly [key: string]: unknown } = { ...event.payload };
  const keys = Object.keys(payload).filter((key) => key !== "type");
  const key = keys[pick(Math.max(keys.length, 1))] ?? "";
  const values = events
    .map((each) => (each as RawEvent | null)?.payload as { readonly [key: string]: unknown } | undefined)
    .flatMap((other) => (Object.hasOwn(other ?? {}, key) ? [other?.[key]] : []));
  return { ...event, payload: { ...payload, [key]: values[pick(Math.max(values.length, 1))] } };
}

/** Fields that say which thing an event is about. */
const ID_FIELDS = [
  "tool_call_id",
  "model_visible_call_id",
  "runtime_cell_id",
  "wait_id",
  "inference_call_id",
  "response_id",
  "compaction_id",
  "span_id",
  "mcp_call_id",
  "turn_id",
];

/** From some event on, few things have one kind of id between them all. */
function collide(events: unknown[], pick: Pick): void {
  const key = ID_FIELDS[pick(ID_FIELDS.length)] ?? "";
  const few = 1 + pick(3);
  const from = pick(Math.max(events.length, 1));
  for (const [index, event] of events.entries()) {
    const { payload } = (event ?? {}) as { readonly payload?: { readonly [key: string]: unknown } };
    const id = payload?.[key];
    if (index < from || typeof id !== "string") continue;
    const another = id.replace(/\d+$/, (digits) => String(1 + (Number(digits) % few)));
    const place = key === "turn_id" ? { turn_id: another } : {};
    events[index] = { ...(event as RawEvent), ...place, payload: { ...payload, [key]: another } };
  }
}

/** Calls are of the kinds of other calls. */
function mixKinds(events: unknown[], pick: Pick): void {
  const starts = [...events.entries()].filter(([, event]) => typeOf(event) === "tool_call_started");
  for (const [index, event] of starts) {
    const [, other] = starts[pick(starts.length)] as (typeof starts)[number];
    const { kind } = (other as { readonly payload: { readonly kind?: unknown } }).payload;
    const { payload } = event as RawEvent;
    events[index] = { ...(event as RawEvent), payload: { ...payload, kind } };
  }
}

/** An event was recorded elsewhere: ends come before starts, and what goes on after the end of the rollout. */
function move(events: unknown[], { from, to }: { readonly from: number; readonly to: number }): void {
  if (from < 0) return;
  const places = events.slice();
  events.splice(to, 0, ...events.splice(from, 1));
  for (let index = Math.min(from, to); index <= Math.max(from, to) && index < events.length; index += 1)
    events[index] = renumbered(events[index], places[index]);
}

function typeOf(event: unknown): unknown {
  return (event as { readonly payload?: { readonly type?: unknown } | null } | null)?.payload?.type;
}

/** A copy with an odd value, or none, in the place of something that was in it. */
function withOddField(value: JsonValue, pick: Pick): JsonValue {
  const odd = ODD_VALUES[pick(ODD_VALUES.length)] ?? null;
  if (value === DEEP || typeof value !== "object" || value === null || pick(4) === 0) return odd;
  const keys = Object.keys(value);
  const key = keys[pick(keys.length)];
  if (key === undefined) return odd;
  const inner = (value as { readonly [key: string]: JsonValue })[key] ?? null;
  if (Array.isArray(value)) {
    const copy: JsonValue[] = [...(value as readonly JsonValue[])];
    if (pick(6) === 0) copy.splice(Number(key), 1);
    else copy[Number(key)] = withOddField(inner, pick);
    return copy;
  }
  const entries = Object.entries(value).filter(([each]) => each !== key || pick(6) > 0);
  return Object.fromEntries(
    entries.map(([each, part]) => [each, each === key ? withOddField(inner, pick) : part]),
  ) as JsonValue;
}

/** An event in the place of another. */
export function renumbered(event: unknown, place: unknown): unknown {
  const { seq, time_unix_us } = (place ?? {}) as RawEvent;
  return { ...(event as RawEvent), seq, time_unix_us };
}

function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}
