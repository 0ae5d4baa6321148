import { describe, expect, it } from "vitest";
import {
  createReducer,
  followRollout,
  graphJson,
  ReduceError,
  type ReducerCheckpoint,
  reduceRollout,
  resumeReducer,
} from "@rollout-trace/reducer";
import {
  MAX_STEP,
  MemoryPayloads,
  memorySource,
  playRollout,
  randomSteps,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { damaged } from "./damage.ts";
import { assertLaw, LAW_TIMEOUT } from "./laws.ts";

const steps = fc.array(fc.nat(MAX_STEP), { minLength: 1, maxLength: 150, size: "max" });

/** Through text, as a checkpoint is kept. */
function kept(checkpoint: ReducerCheckpoint): ReducerCheckpoint {
  return JSON.parse(JSON.stringify(checkpoint)) as ReducerCheckpoint;
}

describe("a reduction that is saved at any event and resumed", () => {
  it(
    "gives the graph that it would have given, also of a damaged recording",
    () => {
      assertLaw(
        fc.property(steps, fc.array(fc.nat(MAX_STEP), { maxLength: 4 }), fc.nat(), (numbers, damages, at) => {
          const { events, payloads } = damaged(playRollout(numbers), damages);
          const options = { payloads: new MemoryPayloads(payloads) };
          const cut = at % (events.length + 1);
          const whole = createReducer(options);
          for (const event of events.slice(0, cut)) whole.apply(event);
          const checkpoint = kept(whole.save());
          const resumed = resumeReducer(checkpoint, options);
          expect(graphJson(resumed.snapshot())).toBe(graphJson(whole.snapshot()));
          for (const event of events.slice(cut)) {
            whole.apply(event);
            resumed.apply(event);
          }
          expect(graphJson(resumed.finish())).toBe(graphJson(whole.finish()));
        }),
        100,
      );
    },
    LAW_TIMEOUT,
  );

  it("shares nothing with the reducer that was saved", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]);
    const reducer = createReducer({ payloads: rollout.source().payloads });
    for (const event of rollout.events) reducer.apply(event);
    const text = JSON.stringify(reducer.save());
    const resumed = resumeReducer(reducer.save(), { payloads: rollout.source().payloads });
    turn.end();
    resumed.apply(rollout.events.at(-1));
    expect(JSON.stringify(reducer.save())).toBe(text);
  });

  it("may be of a conversation longer than any call stack", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const messages = Array.from({ length: 30_000 }, (_, index) => userMessage(`${index}`));
    turn.request(messages);
    const { payloads } = rollout.source();
    const reducer = createReducer({ payloads });
    for (const event of rollout.events) reducer.apply(event);
    const resumed = resumeReducer(kept(reducer.save()), { payloads });
    expect(Object.keys(resumed.finish().conversation_items)).toHaveLength(30_000);
  });

  it.each<[string, (checkpoint: ReducerCheckpoint) => unknown]>([
    ["of another version", (checkpoint) => ({ ...checkpoint, checkpoint_version: 99 })],
    ["that is nothing of the kind", () => ({})],
    ["that is nothing", () => null],
    ["whose version is no JSON", (checkpoint) => ({ ...checkpoint, checkpoint_version: 9n })],
    ["whose version has no words", () => ({ checkpoint_version: Object.create(null) as object })],
    ["of something else", (checkpoint) => ({ ...checkpoint, state: { shapes: [], nodes: [["m"]] } })],
    ["without objects", (checkpoint) => ({ ...checkpoint, state: { shapes: [], nodes: [] } })],
    [
      "with a reference to nothing",
      (checkpoint) => ({ ...checkpoint, state: { shapes: [], nodes: [["a", [9]]] } }),
    ],
    [
      "with a shape that is not there",
      (checkpoint) => ({ ...checkpoint, state: { shapes: [], nodes: [["o", 7]] } }),
    ],
    ["with an object of no kind", (checkpoint) => ({ ...checkpoint, state: { shapes: [], nodes: [[7]] } })],
    ["that was cut off", (checkpoint) => ({ ...checkpoint, state: { ...checkpoint.state, nodes: [null] } })],
  ])("is refused with a code from a checkpoint %s", (_what, damage) => {
    const { payloads } = new RolloutBuilder().source();
    const checkpoint = damage(createReducer({ payloads }).save()) as ReducerCheckpoint;
    expect(() => resumeReducer(checkpoint, { payloads })).toThrow(
      expect.objectContaining({ name: "ReduceError", code: "invalid_checkpoint" }),
    );
    expect(ReduceError.prototype).toBeInstanceOf(Error);
  });
});

describe("a rollout that is followed", () => {
  it("is read once, event by event as they come, and gives the graph of the whole", () => {
    const whole = playRollout(randomSteps(7, 300));
    const events: (typeof whole.events)[number][] = [];
    const growing = { events, payloads: whole.payloads };
    let read = 0;
    const source = {
      ...memorySource("rollout-1", growing),
      *events(fromSeq?: number) {
        for (const record of memorySource("rollout-1", growing).events(fromSeq)) {
          read += 1;
          yield record;
        }
      },
    };
    let follower = followRollout(source);
    for (const [index, event] of whole.events.entries()) {
      events.push(event);
      if (index % 7 !== 0) continue;
      follower.poll();
      // Another process may go on where this one stopped.
      if (index % 3 === 0) follower = followRollout(source, { checkpoint: kept(follower.save()) });
      expect(follower.lastSeq).toBe(index + 1);
    }
    follower.poll();
    expect(follower.poll()).toBe(0);
    expect(read).toBe(whole.events.length);
    expect(graphJson(follower.finish())).toBe(graphJson(reduceRollout(whole.source())));
  });

  it("is over when its recording is", () => {
    const rollout = new RolloutBuilder();
    const follower = followRollout(rollout.source());
    follower.poll();
    expect(follower.isOver).toBe(false);
    rollout.end().complete();
    expect(follower.poll()).toBe(2);
    expect(follower.isOver).toBe(true);
  });

  it("is over for whoever goes on from the checkpoint of one that is", () => {
    for (const type of ["recording_completed", "recording_stopped"] as const) {
      const rollout = new RolloutBuilder();
      rollout.event(type === "recording_stopped" ? { type, reason: "process_exited" } : { type });
      const follower = followRollout(rollout.source());
      follower.poll();
      const later = followRollout(rollout.source(), { checkpoint: kept(follower.save()) });
      expect(later.poll()).toBe(0);
      expect(later.isOver).toBe(true);
    }
  });

  it("is not over because an event of another rollout says so", () => {
    const rollout = new RolloutBuilder();
    const events = rollout.events.slice();
    events.push({
      ...rollout.end().complete().events.at(-1),
      rollout_id: "another",
    } as (typeof events)[number]);
    const follower = followRollout(memorySource("rollout-1", { events, payloads: rollout.payloads }));
    follower.poll();
    expect(follower.isOver).toBe(false);
  });

  it("takes a value that is nothing as reducing it does", () => {
    const rollout = new RolloutBuilder();
    const source = {
      ...rollout.source(),
      *events() {
        yield { type: "event", value: null } as const;
        yield* rollout.source().events();
      },
    };
    const follower = followRollout(source);
    follower.poll();
    expect(graphJson(follower.finish())).toBe(graphJson(reduceRollout(source)));
  });

  it("throws in strict mode what is wrong, and that again each time it is asked to go on", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (let time = 0; time < 2; time += 1) turn.tool("c1", { host: true });
    const follower = followRollout(rollout.source(), { mode: "strict" });
    const wrong = expect.objectContaining({ code: "duplicate_start", seq: 5 });
    expect(() => follower.poll()).toThrow(wrong);
    turn.end();
    expect(() => follower.poll()).toThrow(wrong);
  });

  it("throws what there is to read once it is finished", () => {
    const rollout = new RolloutBuilder();
    const source = memorySource("rollout-1", rollout);
    const follower = followRollout(source);
    expect(follower.poll()).toBe(2);
    follower.finish();
    expect(follower.poll()).toBe(0);
    rollout.root.turn();
    expect(source.eventCount).toBe(3);
    expect(() => follower.poll()).toThrow(expect.objectContaining({ code: "reducer_finished" }));
  });

  it("says once what could not be read, however often it looks", () => {
    const rollout = new RolloutBuilder();
    const problem = { type: "problem", problem: { where: "row 3", message: "torn" } } as const;
    const source = {
      ...rollout.source(),
      *events(fromSeq?: number) {
        yield* rollout.source().events(fromSeq);
        yield problem;
      },
    };
    const follower = followRollout(source);
    follower.poll();
    follower.poll();
    expect(follower.finish().diagnostics).toMatchObject([{ code: "source_problem", message: "row 3: torn" }]);
  });
});
