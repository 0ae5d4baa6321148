import { describe, expect, it } from "vitest";
import {
  createReducer,
  type ReducerCheckpoint,
  resumeReducer,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { growth, QUADRATIC } from "./growth.ts";

/** Longer than what tells ids apart sooner than all of them would. */
const END = "-".repeat(64);

const beginsDifferently = (number: number): string => `${String(number).padStart(6, "0")}${END}`;

/** As `state/text-map.ts` does it for a short id. */
function numberOf(id: string): number {
  let number = 0x811c9dc5 ^ id.length;
  for (let index = 0; index < id.length; index += 1)
    number = Math.imul(number ^ id.charCodeAt(index), 0x01000193);
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35);
  return number ^ (number >>> 16);
}

/** Ids that want to be in one of some places of a table of a thousand, and in the like of each smaller one. */
function idsAt(places: readonly number[], count: number): readonly string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number += 1)
    if (places.includes(numberOf(`id-${number}`) & 0x3ff)) found.push(`id-${number}`);
  return found;
}

const CROWDED = idsAt([0, 1, 2, 3], 400);

/** Those that come first go on at the beginning of the table, and the others behind them: there they are met first. */
const ABOUT_THE_END = [...idsAt([452], 100), ...idsAt([511], 80), ...idsAt([200], 100)];

const ids = fc.uniqueArray(
  fc.oneof(
    fc.string({ minLength: 1, unit: "binary" }).filter((id) => !id.includes("#")),
    fc.nat(2000).map((number) => `call_${number}`),
    fc.nat(2000).map(beginsDifferently),
    fc.constantFrom(...CROWDED),
  ),
  { minLength: 1, maxLength: 400, size: "max" },
);

type Window = readonly [started: number | null, ended: number | null];

/** When each call started and when it ended. */
function windowsOf(graph: RolloutGraph): ReadonlyMap<string, Window> {
  return new Map(
    Object.values(graph.tool_calls).map(({ recorded_id: id, execution }) => [
      id,
      [execution.started_seq, execution.ended_seq],
    ]),
  );
}

/** Starts a call under each id, ends them in another order, and is resumed in between. */
function windowsAfter(started: readonly string[], { turns, cut }: { turns: number; cut: number }) {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const recorded = new Map<string, Window>();
  const seq = (): number => rollout.events.length;
  const calls = started.map((id) => ({ id, call: turn.tool(id), startSeq: seq() }));
  const first = turns % calls.length;
  for (const { id, call, startSeq } of [...calls.slice(first), ...calls.slice(0, first).toReversed()]) {
    call.end();
    recorded.set(id, [startSeq, seq()]);
  }
  const { payloads } = rollout.source();
  const before = createReducer({ payloads, mode: "strict" });
  const events = [...rollout.events];
  const at = cut % (events.length + 1);
  for (const event of events.slice(0, at)) before.apply(event);
  const checkpoint = JSON.parse(JSON.stringify(before.save())) as ReducerCheckpoint;
  const resumed = resumeReducer(checkpoint, { payloads, mode: "strict" });
  for (const event of events.slice(at)) {
    before.apply(event);
    resumed.apply(event);
  }
  return { recorded, whole: windowsOf(before.finish()), resumed: windowsOf(resumed.finish()) };
}

describe("calls whose ids look alike", () => {
  it("end each with its own end, whichever ends first, also when the reduction was resumed in between", () => {
    fc.assert(
      fc.property(ids, fc.nat(), fc.nat(), (started, turns, cut) => {
        const { recorded, whole, resumed } = windowsAfter(started, { turns, cut });
        expect([whole, resumed]).toEqual([recorded, recorded]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["100 want to be in one place", CROWDED.slice(0, 100)],
    ["129 want to be in one place", CROWDED.slice(0, 129)],
    ["400 want to be in one place", CROWDED],
    ["many want to be about the end", ABOUT_THE_END],
  ])("end each with its own end, where %s", (_what, started) => {
    for (const cut of [0, started.length, 2 * started.length]) {
      const { recorded, whole, resumed } = windowsAfter(started, { turns: 7, cut });
      expect([whole, resumed]).toEqual([recorded, recorded]);
    }
  });

  it("cost about as much each, where there are many and they only begin differently", () => {
    const record = (size: number): RolloutBuilder => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      for (let number = 0; number < size; number += 1) turn.tool(beginsDifferently(number)).end();
      return rollout;
    };
    expect(growth(record, 5000)).toBeLessThan(QUADRATIC);
  }, 120_000);
});
