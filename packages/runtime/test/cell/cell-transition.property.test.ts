/** Laws of a cell that hold for every interleaving of what may happen to it. */
import type { ContentItem } from "@rollout-trace/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CellEffect } from "../../src/cell/cell-effect.ts";
import type { CellMessage } from "../../src/cell/cell-message.ts";
import { type CellState, initialState, type Until } from "../../src/cell/cell-state.ts";
import { transition } from "../../src/cell/cell-transition.ts";

/** One thing that somebody does next; which message that is depends on what happened so far. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("output", "call", "answer", "idle", "timer", "yield", "notify") },
  { weight: 3, arbitrary: fc.constantFrom("wait", "wait_pending", "leave", "deadline", "stale_deadline") },
  { weight: 1, arbitrary: fc.constantFrom("complete", "fail", "limit", "cpu", "terminate", "stopped") },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Plays everybody around the cell: an isolate that keeps its promises, observers, a host. */
class World {
  state: CellState;
  readonly effects: CellEffect[] = [];
  readonly asked = new Set<number>([0]);
  readonly written: string[] = [];
  openCalls: string[] = [];
  #ids = 1;
  #calls = 0;
  #delivered = 0;

  constructor(until: Until) {
    this.state = initialState({ id: 0, until });
  }

  get live(): boolean {
    return this.state.phase === "running" || this.state.phase === "frozen";
  }

  get over(): boolean {
    return this.state.phase === "closed";
  }

  send(message: CellMessage): void {
    const { state, effects } = transition(this.state, message, (limit) => `passed ${limit}`);
    this.state = state;
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === "deliver") this.#delivered += 1;
      if (effect.type === "stop") this.openCalls = [];
    }
  }

  ask(until: Until): number {
    const id = this.#ids;
    this.#ids += 1;
    this.asked.add(id);
    if (until.type === "end") {
      this.send({ type: "terminate", requester: { id, until }, cause: "host", toolCallId: null });
    } else {
      this.send({ type: "observe", observer: { id, until } });
    }
    return id;
  }

  /** What the isolate says counts only while it runs something. */
  script(message: CellMessage): void {
    if (this.state.phase === "frozen") return;
    this.send(message);
  }

  take(next: Step): void {
    const settled = { type: "settled", writes: new Map([["k", "1"]]) } as const;
    switch (next) {
      case "output": {
        const text = `item ${this.written.length}`;
        if (this.state.phase === "running") this.written.push(text);
        return this.script({ type: "output", item: { type: "input_text", text } });
      }
      case "call":
        this.#calls += 1;
        if (this.state.phase === "running") this.openCalls.push(`tool-${this.#calls}`);
        return this.script({
          type: "tool_called",
          callId: `tool-${this.#calls}`,
          toolIndex: 0,
          inputJson: undefined,
          line: null,
        });
      case "answer": {
        const callId = this.openCalls.shift();
        if (callId !== undefined)
          this.send({ type: "tool_answered", callId, result: { ok: true, json: "1" } });
        return;
      }
      case "idle":
        return this.script({ type: "idle", delivered: this.#delivered, timers: 0 });
      case "timer":
        return this.send({ type: "timer_due", timerId: 1 });
      case "yield":
        return this.script({ type: "yield_requested" });
      case "notify":
        return this.script({ type: "notified", text: "note" });
      case "wait":
        this.ask({ type: "yield", deadlineMs: 1 });
        return;
      case "wait_pending":
        this.ask({ type: "pending" });
        return;
      case "leave":
        return this.send({ type: "unobserve", id: this.#ids - 1 });
      case "deadline":
        return this.send({ type: "deadline_passed", id: this.#ids - 1 });
      case "stale_deadline":
        return this.send({ type: "deadline_passed", id: this.#ids - 2 });
      case "complete":
        return this.script({ ...settled, outcome: { type: "completed" } });
      case "fail":
        return this.script({ ...settled, outcome: { type: "failed", errorText: "boom" } });
      case "limit":
        return this.script({ type: "limit_passed", limit: "output" });
      case "cpu":
        return this.send({ type: "limit_exceeded", limit: "cpu" });
      case "terminate":
        this.ask({ type: "end" });
        return;
      case "stopped":
        if (this.state.phase === "stopping") this.send({ type: "stopped" });
        return;
    }
  }
}

function play(steps: readonly Step[], until: Until): World {
  const world = new World(until);
  for (const next of steps) world.take(next);
  return world;
}

const history = fc.record({
  steps: fc.array(step, { maxLength: 60 }),
  until: fc.constantFrom<Until>({ type: "yield", deadlineMs: 1 }, { type: "pending" }),
});

/** Ends whatever is left: a termination, a stop, and somebody to take the last response. */
function finish(world: World): void {
  if (world.live) world.ask({ type: "end" });
  if (world.state.phase === "stopping") world.send({ type: "stopped" });
  if (world.state.phase === "ended") world.ask({ type: "yield", deadlineMs: 1 });
}

function answers(effects: readonly CellEffect[]): number[] {
  return effects.flatMap((effect) =>
    effect.type === "respond" || effect.type === "refuse" || effect.type === "abandon" ? [effect.id] : [],
  );
}

function delivered(effects: readonly CellEffect[]): readonly ContentItem[] {
  return effects.flatMap((effect) =>
    effect.type === "respond" && effect.outcome.type !== "missing" ? effect.outcome.items : [],
  );
}

function check(law: (world: World) => void): void {
  fc.assert(
    fc.property(history, ({ steps, until }) => {
      law(play(steps, until));
    }),
    { numRuns: 2_000 },
  );
}

describe("whatever happens to a cell", () => {
  it("can always be ended and closed: nothing deadlocks", () => {
    check((world) => {
      finish(world);
      expect(world.over).toBe(true);
    });
  });

  it("everybody who asked gets exactly one answer once it is over", () => {
    check((world) => {
      finish(world);
      const sorted = answers(world.effects).toSorted((left, right) => left - right);
      expect(sorted).toEqual([...world.asked]);
    });
  });

  it("each piece of output is delivered once, in order", () => {
    check((world) => {
      finish(world);
      const expected = world.written.map((text) => ({ type: "input_text", text }));
      expect(delivered(world.effects)).toEqual(expected);
    });
  });

  it("has one outcome, which everybody is told", () => {
    check((world) => {
      finish(world);
      const ends = world.effects.filter((effect) => effect.type === "report_end");
      expect(ends).toHaveLength(1);
      const told = world.effects.flatMap((effect) =>
        effect.type === "respond" && effect.outcome.type === "ended" ? [effect.outcome.end] : [],
      );
      expect(told.every((end) => end === ends[0]?.end)).toBe(true);
    });
  });

  it("stored values are committed exactly when it settled by itself", () => {
    check((world) => {
      finish(world);
      const commits = world.effects.filter(({ type }) => type === "commit").length;
      const cancels = world.effects.filter(({ type }) => type === "report_cancel").length;
      expect(commits + cancels).toBe(1);
      const end = world.effects.find((effect) => effect.type === "report_end")?.end;
      const settled = end?.type === "completed" || (end?.type === "failed" && end.errorText === "boom");
      expect(commits).toBe(settled ? 1 : 0);
    });
  });

  it("nothing reaches the script, the host or the stored values after the end was decided", () => {
    check((world) => {
      finish(world);
      const stop = world.effects.findIndex(({ type }) => type === "stop");
      const late = world.effects
        .slice(stop + 1)
        .filter(({ type }) =>
          ["deliver", "invoke", "notify", "commit", "stop", "arm_deadline"].includes(type),
        );
      expect(late).toEqual([]);
      const close = world.effects.findIndex(({ type }) => type === "close");
      const afterClose = world.effects
        .slice(close + 1)
        .filter((effect) => effect.type !== "respond" || effect.outcome.type !== "missing");
      expect(afterClose).toEqual([]);
    });
  });

  it("a frozen cell gets no deliveries", () => {
    fc.assert(
      fc.property(history, ({ steps, until }) => {
        const world = new World(until);
        const leaks: CellEffect[] = [];
        for (const next of steps) {
          const frozen = world.state.phase === "frozen";
          const before = world.effects.length;
          world.take(next);
          if (frozen && world.state.phase === "frozen") {
            leaks.push(...world.effects.slice(before).filter(({ type }) => type === "deliver"));
          }
        }
        expect(leaks).toEqual([]);
      }),
    );
  });
});
