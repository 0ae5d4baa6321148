import { describe, expect, it } from "vitest";
import type { RawEvent } from "@rollout-trace/protocol";
import {
  checkGraph,
  createReducer,
  DIAGNOSTIC_CODES,
  expandRequest,
  graphJson,
  ReduceError,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import { type MemoryPayload, MemoryPayloads, type RolloutBuilder } from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { playRollout, rolloutSteps } from "./random-rollout.ts";

type Payloads = ReadonlyMap<string, MemoryPayload>;

function run(
  events: readonly unknown[],
  payloads: Payloads,
  mode: "strict" | "lenient" = "lenient",
): RolloutGraph {
  const reducer = createReducer({ payloads: new MemoryPayloads(payloads), mode });
  for (const event of events) reducer.apply(event);
  return reducer.finish();
}

describe("any legal rollout", () => {
  it("gives the same bytes each time, in either mode, and a graph without a violation", () => {
    fc.assert(
      fc.property(rolloutSteps, (steps) => {
        const { events, payloads } = playRollout(steps);
        const strict = run(events, payloads, "strict");
        expect(graphJson(strict)).toBe(graphJson(run(events, payloads)));
        expect(checkGraph(strict)).toEqual([]);
        expect(
          strict.diagnostics.map(({ code }) => code).filter((code) => code !== "missing_source_item"),
        ).toEqual([]);
      }),
    );
  });

  it("has, at any cut, the snapshot that the events up to there reduce to, and looking changes nothing", () => {
    fc.assert(
      fc.property(rolloutSteps, fc.nat(), (steps, at) => {
        const { events, payloads } = playRollout(steps);
        const cut = at % (events.length + 1);
        const reducer = createReducer({ payloads: new MemoryPayloads(payloads) });
        for (const event of events.slice(0, cut)) reducer.apply(event);
        const snapshot = reducer.snapshot();
        const text = graphJson(snapshot);
        for (const event of events.slice(cut)) reducer.apply(event);
        expect(graphJson(reducer.finish())).toBe(graphJson(run(events, payloads)));
        expect(graphJson(snapshot)).toBe(text);
        expect(text).toBe(graphJson(run(events.slice(0, cut), payloads)));
      }),
    );
  });

  it("expands every request to the elements that it carries", () => {
    fc.assert(
      fc.property(rolloutSteps, (steps) => {
        const { events, payloads } = playRollout(steps);
        const graph = run(events, payloads, "strict");
        for (const [id, call] of Object.entries(graph.inference_calls)) {
          const request = payloads.get(call.request_payload_id)?.value as { input: readonly unknown[] };
          const items = expandRequest(graph, id);
          expect(items).toHaveLength(request.input.length);
          expect(new Set(items).size).toBe(items.length);
        }
      }),
    );
  });

  it("that is recorded with another clock differs in its times only", () => {
    fc.assert(
      fc.property(rolloutSteps, fc.integer({ min: 0, max: 10 ** 12 }), (steps, shift) => {
        const { events, payloads } = playRollout(steps);
        const shifted = events.map((event) => ({ ...event, time_unix_us: event.time_unix_us + shift }));
        const withoutTimes = (text: string) => text.replaceAll(/"(\w*at_us)": \d+/g, '"$1": 0');
        expect(withoutTimes(graphJson(run(shifted, payloads)))).toBe(
          withoutTimes(graphJson(run(events, payloads))),
        );
      }),
    );
  });

  it("whose independent events are recorded in another order reduces to the same graph but for order", () => {
    let moved = 0;
    fc.assert(
      fc.property(rolloutSteps, fc.nat(), (steps, seed) => {
        const { events, payloads } = playRollout(steps);
        const reordered = reorder(events, seed);
        moved += reordered.filter((event, index) => event.payload !== events[index]?.payload).length;
        expect(withoutOrder(run(reordered, payloads, "strict"))).toEqual(
          withoutOrder(run(events, payloads, "strict")),
        );
      }),
    );
    expect(moved).toBeGreaterThan(1000);
  });
});

describe("any damaged rollout", () => {
  it("is reduced leniently to a graph without a violation, and every strict rejection has a code", () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(
        rolloutSteps,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }),
        (steps, damages) => {
          const rollout = playRollout(steps);
          const { events, payloads } = damaged(rollout, damages);
          const graph = run(events, payloads);
          expect(checkGraph(graph)).toEqual([]);
          for (const { code } of graph.diagnostics) codes.add(code);
          const rejection = rejectionOf(events, payloads);
          expect(rejection === null || DIAGNOSTIC_CODES.includes(rejection as never)).toBe(true);
          expect(rejection).toBe(
            graph.diagnostics.some(({ severity }) => severity === "error") ? rejection : null,
          );
        },
      ),
      { numRuns: 400 },
    );
    expect([...codes].toSorted()).toEqual(
      expect.arrayContaining(["invalid_event", "missing_payload", "sequence_gap", "unknown_reference"]),
    );
  });

  it("may be no rollout at all", () => {
    fc.assert(
      fc.property(fc.array(fc.anything()), (values) => {
        expect(checkGraph(run(values, new Map()))).toEqual([]);
      }),
    );
  });
});

function rejectionOf(events: readonly unknown[], payloads: Payloads): string | null {
  try {
    run(events, payloads, "strict");
    return null;
  } catch (error) {
    if (error instanceof ReduceError) return error.code;
    throw error;
  }
}

function damaged(
  { events: whole, payloads: all }: RolloutBuilder,
  damages: readonly (readonly [number, number])[],
): { events: unknown[]; payloads: Map<string, MemoryPayload> } {
  const events: unknown[] = [...whole];
  const payloads = new Map(all);
  for (const [where, what] of damages) {
    const at = where % events.length;
    const event = events[at] as RawEvent;
    const other = (what * 31) % events.length;
    const id = [...payloads.keys()][where % Math.max(payloads.size, 1)] ?? "";
    const kinds: (() => void)[] = [
      () => events.splice(at, 1),
      () => events.splice(at, 0, event),
      () => ([events[at], events[other]] = [events[other], events[at]]),
      () =>
        ([events[at], events[other]] = [renumbered(events[other], event), renumbered(event, events[other])]),
      () => (events[at] = { ...event, payload: { ...event?.payload, type: "moon_phase_changed" } }),
      () => (events[at] = { ...event, payload: (events[other] as RawEvent | undefined)?.payload }),
      () => (events[at] = { ...event, thread_id: "__proto__", turn_id: "constructor" }),
      () => (events[at] = { ...event, rollout_id: "other" }),
      () => (events[at] = null),
      () => payloads.delete(id),
      () => payloads.set(id, { kind: "other", value: "not what it should be" }),
      () => payloads.set(id, { kind: "other", value: { input: [1, null, {}], output_items: "x" } }),
    ];
    kinds[what % kinds.length]?.();
  }
  return { events, payloads };
}

/** An event in the place of another. */
function renumbered(event: unknown, place: unknown): unknown {
  const { seq, time_unix_us } = (place ?? {}) as RawEvent;
  return { ...(event as RawEvent), seq, time_unix_us };
}

/** Swaps neighbours that have nothing to do with each other, many times over. */
function reorder(events: readonly RawEvent[], seed: number): RawEvent[] {
  const out = [...events];
  let random = seed;
  for (let swaps = 0; swaps < out.length * 8; swaps += 1) {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    const at = random % Math.max(out.length - 1, 1);
    const left = out[at];
    const right = out[at + 1];
    if (left === undefined || right === undefined || dependent(left, right)) continue;
    out[at] = renumbered(right, left) as RawEvent;
    out[at + 1] = renumbered(left, right) as RawEvent;
  }
  return out;
}

const RUNTIME_EVENT = /^(tool_call|code_cell)_/;
const REQUEST_EVENT = /^(inference|history|compaction)_/;

/**
 * Whether the order of two events means something: ends and starts of what the other is in, events of one object, and what a
 * transcript is made of. A tool or a cell may run before the response that asked for it is recorded, but the request that
 * carries its output comes after it.
 */
function dependent(left: RawEvent, right: RawEvent): boolean {
  const types = [left.payload.type, right.payload.type];
  if (types.some((type) => !RUNTIME_EVENT.test(type) && !REQUEST_EVENT.test(type))) return true;
  if (left.thread_id !== right.thread_id) return false;
  const areRuntime = types.filter((type) => RUNTIME_EVENT.test(type)).length;
  if (areRuntime === 0) return true;
  if (areRuntime === 1) return !types.includes("inference_completed");
  return objectOf(left) === objectOf(right);
}

/** A cell, with its nested calls (which are named after it), or a tool call. */
function objectOf({ payload }: RawEvent): string {
  if ("runtime_cell_id" in payload) return payload.runtime_cell_id;
  if (!("tool_call_id" in payload)) return "";
  return payload.tool_call_id.split("@")[1] ?? payload.tool_call_id;
}

/** The graph without times, places and numbers, its lists of members sorted. */
function withoutOrder(graph: RolloutGraph): unknown {
  const names = new Map<string, string>();
  for (const [id, thread] of Object.entries(graph.threads)) {
    for (const [index, item] of thread.conversation_item_ids.entries()) names.set(item, `${id}:${index}`);
  }
  for (const operation of Object.values(graph.terminal_operations)) {
    names.set(operation.operation_id, `operation of ${operation.tool_call_id}`);
  }
  return simplify(graph, names);
}

const ORDER_KEYS = /(_us|_seq|^seq|^seqs)$/;

function simplify(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return names.get(value) ?? value.replaceAll(/event \d+/g, "event");
  if (Array.isArray(value)) return value.map((part: unknown) => simplify(part, names));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !ORDER_KEYS.test(key))
    .map(([key, part]): [string, unknown] => {
      const simple = simplify(part, names);
      const isSet = key === "nested_tool_call_ids" || key === "payload_ids" || key === "findings";
      return [names.get(key) ?? key, isSet ? toSorted(simple) : simple];
    });
  return Object.fromEntries(entries);
}

function toSorted(value: unknown): unknown {
  const text = (part: unknown) => JSON.stringify(part);
  return (value as unknown[]).toSorted((left, right) => (text(left) < text(right) ? -1 : 1));
}
