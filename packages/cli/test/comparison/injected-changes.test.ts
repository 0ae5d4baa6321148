/** Rollouts that were made up, each against itself with one change put in. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RawEvent } from "@rollout-trace/protocol";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { MAX_STEP, type MemoryPayload, memorySource, playRollout } from "@rollout-trace/reducer/testing";
import { compare, type Hunk } from "../../src/comparison/compare.ts";
import type { Ignorable } from "../../src/comparison/ignorable.ts";
import { outlineOf } from "../../src/comparison/outline.ts";

type Body = { [key: string]: unknown; type: string };
type Event = { seq: number; payload: Body; thread_id: string | null; turn_id: string | null };

function graphOf(
  events: readonly Event[],
  payloads: ReturnType<typeof playRollout>["payloads"],
): RolloutGraph {
  return reduceRollout(
    memorySource("rollout-1", { events: events as unknown as readonly RawEvent[], payloads }),
  );
}

function difference(a: RolloutGraph, b: RolloutGraph, ignored: readonly Ignorable[] = []): readonly Hunk[] {
  const ignore = new Set(ignored);
  return compare(outlineOf(a, ignore), outlineOf(b, ignore));
}

/** Puts one change into the events, or finds no place for it. Gives the `seq` at which it is. */
type Change = (events: Event[], pick: number) => number | null;

/** Changes a field of one of the events of a type. */
function field(
  type: string,
  change: (body: Body, event: Event, events: readonly Event[]) => Partial<Body> | null,
): Change {
  return (events, pick) => {
    const places = events.filter((event) => {
      return event.payload.type === type && change(event.payload, event, events) !== null;
    });
    const place = places[pick % Math.max(1, places.length)];
    if (place === undefined) return null;
    Object.assign(place.payload, change(place.payload, place, events));
    return place.seq;
  };
}

/** Puts events in after one of a type; what comes later moves on, at the times that it had. */
function insertAfter(type: string, made: (after: Event) => readonly Body[]): Change {
  return (events, pick) => {
    const places = events.flatMap((event, index) => (event.payload.type === type ? [index] : []));
    const index = places[pick % Math.max(1, places.length)];
    const after = index === undefined ? undefined : events[index];
    if (index === undefined || after === undefined) return null;
    const bodies = made(after);
    const added = bodies.map((payload) => ({ ...structuredClone(after), payload }));
    events.splice(index + 1, 0, ...added);
    for (const [place, event] of events.entries()) event.seq = place + 1;
    return index + 2;
  };
}

/** Takes one event out; what comes later moves up, at the times that it had. */
function takeOut(type: string): Change {
  return (events, pick) => {
    const places = events.flatMap((event, index) => (event.payload.type === type ? [index] : []));
    const index = places[pick % Math.max(1, places.length)];
    if (index === undefined) return null;
    events.splice(index, 1);
    for (const [place, event] of events.entries()) event.seq = place + 1;
    return index + 1;
  };
}

const DONE = new Set(["completed"]);

/** Whether a turn leaves nothing running, which its failing would end too: that is more than one change. */
function leavesNothing({ seq, turn_id: turn }: Event, events: readonly Event[]): boolean {
  const ofTurn = events.filter((event) => event.turn_id === turn);
  const cells = (type: string): number => ofTurn.filter(({ payload }) => payload.type === type).length;
  return ofTurn.at(-1)?.seq === seq && cells("code_cell_started") === cells("code_cell_ended");
}

const CHANGES: { readonly [name: string]: { readonly change: Change; readonly kind: Hunk["kind"] } } = {
  "a turn that failed": {
    kind: "changed",
    change: field("turn_ended", ({ status }, event, events) => {
      return DONE.has(String(status)) && leavesNothing(event, events) ? { status: "failed" } : null;
    }),
  },
  "another model": {
    kind: "changed",
    change: field("inference_started", () => ({ model: "another-model" })),
  },
  "another error": { kind: "changed", change: field("inference_failed", () => ({ error: "another error" })) },
  "another script": {
    kind: "changed",
    change: field("code_cell_started", ({ source }) => ({ source: `${String(source)} // changed` })),
  },
  "a tool call that failed": {
    kind: "changed",
    change: field("tool_call_ended", ({ status }) =>
      DONE.has(String(status)) ? { status: "failed" } : null,
    ),
  },
  "another reason to end a cell": {
    kind: "changed",
    change: field("code_cell_cancel_requested", ({ cause }) => (cause === "host" ? null : { cause: "host" })),
  },
  "another notification": {
    kind: "changed",
    change: field("code_cell_notification", ({ text }) => ({ text: `${String(text)}!` })),
  },
  "another outcome of a wait": {
    kind: "changed",
    change: field("code_cell_wait_ended", ({ outcome }) => (outcome === "busy" ? null : { outcome: "busy" })),
  },
  "another end of the rollout": {
    kind: "changed",
    change: field("rollout_ended", ({ status }) => ({
      status: status === "failed" ? "completed" : "failed",
    })),
  },
  "a report of an agent that got lost": {
    kind: "changed",
    change: takeOut("agent_result_observed"),
  },
  "another agent name": {
    kind: "changed",
    change: field("thread_started", () => ({ nickname: "Somebody" })),
  },
  "a turn put in": {
    kind: "added",
    change: insertAfter("turn_started", ({ thread_id: thread }) => [
      { type: "turn_started", turn_id: "turn-put-in", thread_id: thread },
      { type: "turn_ended", turn_id: "turn-put-in", status: "completed" },
    ]),
  },
  "a tool call put in": {
    kind: "added",
    change: insertAfter("turn_started", () => [
      {
        type: "tool_call_started",
        tool_call_id: "put-in",
        requester: { type: "host" },
        kind: { type: "other", name: "put_in" },
        label: "put_in",
        model_visible_call_id: null,
        invocation: null,
      },
      { type: "tool_call_ended", tool_call_id: "put-in", status: "completed", result: null, sizes: null },
    ]),
  },
};

interface Recording {
  readonly events: readonly Event[];
  readonly payloads: ReturnType<typeof playRollout>["payloads"];
}

function recordingOf(numbers: readonly number[]): Recording {
  const { events, payloads } = playRollout(numbers);
  return { events: events as unknown as readonly Event[], payloads };
}

const FIXTURES = resolve(import.meta.dirname, "../../../../fixtures/reducer");

/** What made-up rollouts do not do: waits, cancellations, results of agents. */
const SITUATIONS: readonly Recording[] = readdirSync(FIXTURES)
  .filter((file) => /^(agents|cell|compaction|terminal)/.test(file))
  .map((file) => {
    const fixture = JSON.parse(readFileSync(join(FIXTURES, file), "utf8")) as {
      readonly recording: readonly Event[];
      readonly payloads: { readonly [id: string]: MemoryPayload };
    };
    return { events: fixture.recording, payloads: new Map(Object.entries(fixture.payloads)) };
  });

const steps = fc.array(fc.nat(MAX_STEP), { minLength: 4, maxLength: 40 });

describe("the difference between a rollout", () => {
  it("and itself is nothing, with and without ids and times", () => {
    fc.assert(
      fc.property(steps, (numbers) => {
        const [one, other] = [0, 1].map(() => reduceRollout(playRollout(numbers).source()));
        if (one === undefined || other === undefined) throw new Error("two were made");
        expect([difference(one, other), difference(one, other, ["times", "ids"])]).toEqual([[], []]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(Object.entries(CHANGES))(
    "and the same with %s is one hunk, at its place",
    (_name, { change, kind }) => {
      let tried = 0;
      const check = ({ events, payloads }: Recording, pick: number): void => {
        const changed = structuredClone([...events]);
        if (change(changed, pick) === null) return;
        tried += 1;
        const [before, after] = [graphOf(events, payloads), graphOf(changed, payloads)];
        expect(difference(before, after).map((hunk) => hunk.kind)).toEqual([kind]);
        const back = kind === "added" ? "removed" : kind;
        expect(difference(after, before).map((hunk) => hunk.kind)).toEqual([back]);
      };
      for (const situation of SITUATIONS) check(situation, 0);
      fc.assert(
        fc.property(steps, fc.nat(), (numbers, pick) => check(recordingOf(numbers), pick)),
        { numRuns: 40 },
      );
      expect(tried).toBeGreaterThan(0);
    },
  );

  it("and the same with two changes is two hunks, the earlier one first", () => {
    let tried = 0;
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), (numbers, pick, other) => {
        const { events, payloads } = recordingOf(numbers);
        const changed = structuredClone([...events]);
        const model = CHANGES["another model"]?.change(changed, pick) ?? null;
        const script = CHANGES["another script"]?.change(changed, other) ?? null;
        if (model === null || script === null) return;
        tried += 1;
        const hunks = difference(graphOf(events, payloads), graphOf(changed, payloads));
        const names = hunks.map(({ fields }) => fields.map(({ name }) => name).join());
        expect(names).toEqual(model < script ? ["model", "source"] : ["source", "model"]);
      }),
      { numRuns: 60 },
    );
    expect(tried).toBeGreaterThan(0);
  });
});
