import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type JsonValue, RAW_EVENT_TYPES, type RawEvent } from "@rollout-trace/protocol";
import {
  checkGraph,
  createReducer,
  DIAGNOSTIC_CODES,
  expandRequest,
  graphDigest,
  graphJson,
  ReduceError,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import {
  MAX_STEP,
  type MemoryPayload,
  MemoryPayloads,
  playRollout,
  randomSteps,
} from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { damaged } from "./damage.ts";
import { assertLaw, LAW_TIMEOUT } from "./laws.ts";
import { reorder } from "./reordering.ts";
import { withoutOrder } from "./without-order.ts";

/** Runs of a law in `npm test`. */
const RUNS = 100;
const DAMAGED_RUNS = 250;

const steps = fc.array(fc.nat(MAX_STEP), { minLength: 1, maxLength: 150, size: "max" });

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
  it(
    "gives the same bytes each time, in either mode, and a graph without a violation",
    () => {
      assertLaw(
        fc.property(steps, (numbers) => {
          const { events, payloads } = playRollout(numbers);
          const strict = run(events, payloads, "strict");
          expect(graphJson(strict)).toBe(graphJson(run(events, payloads)));
          expect(checkGraph(strict)).toEqual([]);
          expect(strict.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it("gives the same bytes in processes of other time zones and locales", () => {
    const seeds = [1, 2, 3, 4, 5];
    const here = seeds.map((seed) => {
      const { events, payloads } = playRollout(randomSteps(seed, 150));
      return graphDigest(run(events, payloads));
    });
    const elsewhere = [
      { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
      { TZ: "America/St_Johns", LANG: "C", LC_ALL: "C" },
    ].map((env) => {
      const { stdout } = spawnSync(
        process.execPath,
        ["--conditions=rollout-trace-source", join(import.meta.dirname, "digests.ts"), ...seeds.map(String)],
        { encoding: "utf8", env: { ...process.env, ...env } },
      );
      return stdout.trim().split("\n");
    });
    expect(elsewhere).toEqual([here, here]);
  });

  it(
    "has, at any cut, the snapshot that the events up to there reduce to, and looking changes nothing",
    () => {
      assertLaw(
        fc.property(steps, fc.nat(), (numbers, at) => {
          const { events, payloads } = playRollout(numbers);
          const cut = at % (events.length + 1);
          const reducer = createReducer({ payloads: new MemoryPayloads(payloads) });
          for (const event of events.slice(0, cut)) reducer.apply(event);
          const snapshot = reducer.snapshot();
          const text = graphJson(snapshot);
          for (const event of events.slice(cut)) reducer.apply(event);
          expect(graphJson(reducer.finish())).toBe(graphJson(run(events, payloads)));
          expect(graphJson(snapshot)).toBe(text);
          expect(text).toBe(graphJson(run(events.slice(0, cut), payloads)));
          expect(checkGraph(snapshot)).toEqual([]);
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "expands every full request to the items that it carries",
    () => {
      assertLaw(
        fc.property(steps, (numbers) => {
          const { events, payloads } = playRollout(numbers);
          const graph = run(events, payloads, "strict");
          const full = new Set(
            events.flatMap(({ payload }) =>
              payload.type === "inference_started" && payload.input_mode.type === "full"
                ? [payload.request.payload_id as string]
                : [],
            ),
          );
          for (const [id, { request_payload_id: requestId }] of Object.entries(graph.inference_calls)) {
            const items = expandRequest(graph, id);
            expect(new Set(items).size).toBe(items.length);
            const request = payloads.get(requestId)?.value ?? null;
            expect(items.length).toBe(full.has(requestId) ? itemCount(request) : items.length);
          }
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "that is recorded with another clock differs in its times only",
    () => {
      assertLaw(
        fc.property(steps, fc.integer({ min: 0, max: 10 ** 12 }), (numbers, shift) => {
          const { events, payloads } = playRollout(numbers);
          const shifted = events.map((event) => shiftedBy(event, shift));
          const withoutTimes = (text: string) => text.replaceAll(/"(\w*at_us)": \d+/g, '"$1": 0');
          expect(withoutTimes(graphJson(run(shifted, payloads)))).toBe(
            withoutTimes(graphJson(run(events, payloads))),
          );
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "whose independent events are recorded in another order reduces to the same graph but for order",
    () => {
      const moved = new Set<string>();
      assertLaw(
        fc.property(steps, fc.nat(), (numbers, seed) => {
          const { events, payloads } = playRollout(numbers);
          const reordered = reorder({ events, payloads }, seed);
          for (const [index, { payload }] of reordered.entries()) {
            if (payload.type !== events[index]?.payload.type) moved.add(payload.type);
          }
          expect(withoutOrder(run(reordered, payloads, "strict"))).toBe(
            withoutOrder(run(events, payloads, "strict")),
          );
        }),
        RUNS,
      );
      expect(
        RAW_EVENT_TYPES.filter((type) => !moved.has(type) && !/^(rollout|recording)_/.test(type)),
      ).toEqual([]);
    },
    LAW_TIMEOUT,
  );
});

/** The event at another time, with the times that spans have in what they say. */
function shiftedBy(event: RawEvent, shift: number): RawEvent {
  const payload = Object.entries(event.payload).map(([key, value]: [string, unknown]) => [
    key,
    key.endsWith("_time_unix_us") ? Number(value) + shift : value,
  ]);
  const time = event.time_unix_us + shift;
  return { ...event, time_unix_us: time, payload: Object.fromEntries(payload) as RawEvent["payload"] };
}

/** How many items a request stands for, counted from its JSON alone. */
function itemCount(request: JsonValue): number {
  const { input, messages, system } = request as { readonly [key: string]: JsonValue };
  const ofMessage = ({ content, tool_calls: calls }: { readonly [key: string]: JsonValue }) =>
    (Array.isArray(content) ? content.length : 1) + (Array.isArray(calls) ? calls.length : 0);
  const elements = (input ?? messages) as readonly { readonly [key: string]: JsonValue }[];
  const counts = elements.map((element) => (input === undefined ? ofMessage(element) : 1));
  return counts.reduce((sum, count) => sum + count, system === undefined ? 0 : 1);
}

describe("any damaged rollout", () => {
  it(
    "is reduced leniently to a graph without a violation, which is the same each time, and every strict rejection has a code",
    () => {
      const codes = new Set<string>();
      assertLaw(
        fc.property(steps, fc.array(fc.nat(MAX_STEP), { minLength: 1, maxLength: 8 }), (numbers, damages) => {
          const { events, payloads } = damaged(playRollout(numbers), damages);
          const graph = run(events, payloads);
          expect(checkGraph(graph)).toEqual([]);
          expect(graphJson(run(events, payloads))).toBe(graphJson(graph));
          for (const { code } of graph.diagnostics) codes.add(code);
          const hasErrors = graph.diagnostics.some(({ severity }) => severity === "error");
          expect(rejectionOf(events, payloads) !== null).toBe(hasErrors);
        }),
        DAMAGED_RUNS,
      );
      expect([...codes].toSorted()).toEqual(
        expect.arrayContaining(["invalid_event", "missing_payload", "sequence_gap", "unknown_reference"]),
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "may be no rollout at all",
    () => {
      assertLaw(
        fc.property(fc.array(fc.anything()), (values) => {
          expect(checkGraph(run(values, new Map()))).toEqual([]);
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );
});

/** The code with which strict mode refuses a recording; anything but a `ReduceError` is a failure. */
function rejectionOf(events: readonly unknown[], payloads: Payloads): string | null {
  try {
    run(events, payloads, "strict");
    return null;
  } catch (error) {
    if (error instanceof ReduceError && DIAGNOSTIC_CODES.includes(error.code as never)) return error.code;
    throw error;
  }
}
