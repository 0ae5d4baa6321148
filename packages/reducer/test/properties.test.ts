import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RAW_EVENT_TYPES, type RawEvent } from "@rollout-trace/protocol";
import {
  checkGraph,
  type ConversationItem,
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
import { assertLaw, LAW_TIMEOUT, LONG_RUNS } from "./laws.ts";
import { reorder } from "./reordering.ts";
import { lineOfItem, linesShown } from "./said.ts";
import { untold } from "./support.ts";
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

/** The same where the source cannot tell how arrays begin alike. */
function runUntold(events: readonly unknown[], payloads: Payloads): RolloutGraph {
  const reducer = createReducer({ payloads: untold(new MemoryPayloads(payloads)) });
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
          expect(graphJson(strict)).toBe(graphJson(runUntold(events, payloads)));
          expect(checkGraph(strict)).toEqual([]);
          expect(strict.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "gives the same bytes in processes of other time zones and locales",
    () => {
      const seeds = fc.sample(fc.nat(MAX_STEP), Math.max(5, Math.ceil(LONG_RUNS / 100)));
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
          [
            "--conditions=rollout-trace-source",
            join(import.meta.dirname, "digests.ts"),
            ...seeds.map(String),
          ],
          { encoding: "utf8", env: { ...process.env, ...env } },
        );
        return stdout.trim().split("\n");
      });
      expect(elsewhere, `seeds ${seeds.join(" ")}`).toEqual([here, here]);
    },
    LAW_TIMEOUT,
  );

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
          const isFull = (mode: string): boolean => mode === "full";
          expect(requestsOf(events, payloads, isFull)).toEqual(linesShown(events, payloads, isFull));
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it(
    "expands every request that adds to something to the items of that, and those that it adds",
    () => {
      assertLaw(
        fc.property(steps, (numbers) => {
          const { events, payloads } = playRollout(numbers);
          const adds = (mode: string): boolean => mode !== "full";
          expect(requestsOf(events, payloads, adds)).toEqual(linesShown(events, payloads, adds));
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
      assertLaw(
        fc.property(steps, fc.nat(), (numbers, seed) => {
          const { events, payloads } = playRollout(numbers);
          const reordered = reorder({ events, payloads }, seed);
          expect(withoutOrder(run(reordered, payloads, "strict"))).toBe(
            withoutOrder(run(events, payloads, "strict")),
          );
        }),
        RUNS,
      );
    },
    LAW_TIMEOUT,
  );

  it("has events of every type that may be recorded elsewhere, but for its begin and end", () => {
    const moved = new Set<string>();
    // Always the same: some are moved in one of thirty only.
    for (const [numbers, seed] of fc.sample(fc.tuple(steps, fc.nat()), { seed: 1, numRuns: 400 })) {
      const { events, payloads } = playRollout(numbers);
      for (const [index, { payload }] of reorder({ events, payloads }, seed).entries()) {
        if (payload.type !== events[index]?.payload.type) moved.add(payload.type);
      }
    }
    expect(RAW_EVENT_TYPES.filter((type) => !moved.has(type) && !/^(rollout|recording)_/.test(type))).toEqual(
      [],
    );
  });
});

/** The lines of the items that requests of some modes expand to, by the request's payload. No request has an item twice. */
function requestsOf(
  events: readonly RawEvent[],
  payloads: Payloads,
  has: (mode: string) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const graph = run(events, payloads, "strict");
  const wanted = new Set(
    events.flatMap(({ payload }) =>
      payload.type === "inference_started" && has(payload.input_mode.type)
        ? [payload.request.payload_id as string]
        : [],
    ),
  );
  const requests = Object.values(graph.inference_calls).filter((call) => wanted.has(call.request_payload_id));
  return new Map(
    requests.map((call) => {
      const ids = expandRequest(graph, call.inference_call_id);
      expect(new Set(ids).size).toBe(ids.length);
      const items = ids.map((id) => graph.conversation_items[id] as ConversationItem);
      return [call.request_payload_id, items.map(lineOfItem)];
    }),
  );
}

/** The event at another time, with the times that spans have in what they say. */
function shiftedBy(event: RawEvent, shift: number): RawEvent {
  const payload = Object.entries(event.payload).map(([key, value]: [string, unknown]) => [
    key,
    key.endsWith("_time_unix_us") ? Number(value) + shift : value,
  ]);
  const time = event.time_unix_us + shift;
  return { ...event, time_unix_us: time, payload: Object.fromEntries(payload) as RawEvent["payload"] };
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
          expect(graphJson(runUntold(events, payloads))).toBe(graphJson(graph));
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
