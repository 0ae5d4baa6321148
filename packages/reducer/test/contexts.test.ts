/** A thread that asks whatever it likes in turn: whole contexts old and new, changed and cut, branches, and compactions. */
import { expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import {
  checkGraph,
  createReducer,
  expandRequest,
  graphJson,
  type ReducerCheckpoint,
  resumeReducer,
} from "@rollout-trace/reducer";
import {
  assistantMessage,
  type InferenceBuilder,
  MemoryPayloads,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { assertLaw, LAW_TIMEOUT } from "./laws.ts";
import { reduce, textsOf, untold } from "./support.ts";

interface Said {
  readonly text: string;
  readonly element: JsonObject;
}

/** Few words, so that much is said again; half of them with an id. */
const word = fc.nat(7);
const words = fc.uniqueArray(word, { maxLength: 3 });
const place = fc.nat(30);

const step = fc.oneof(
  fc.record({
    ask: fc.constant("whole"),
    of: place,
    leaveOut: fc.option(place),
    cutAt: fc.option(place),
    words,
  }),
  fc.record({ ask: fc.constant("more"), of: place, words }),
  fc.record({ ask: fc.constant("compaction"), of: place, words }),
  fc.record({ ask: fc.constant("answer"), of: place, words }),
);
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

function say(make: typeof userMessage, spoken: readonly number[]): readonly Said[] {
  return spoken.map((each) => {
    const text = `word ${each}`;
    return { text, element: make(text, each % 2 === 0 ? { id: `msg_${each}` } : {}) };
  });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

type Asking = Parameters<ReturnType<RolloutBuilder["root"]["turn"]>["request"]>[1];

/** A response that much came before: what is asked between two requests that go on from it is short beside it. */
const LONG_AGO = 60;

class Thread {
  readonly rollout = new RolloutBuilder();
  readonly turn = this.rollout.root.turn();
  /** What each request showed, by the id of its call. */
  readonly shown = new Map<string, readonly Said[]>();
  readonly #contexts: (readonly Said[])[] = [[]];
  readonly #open: { readonly call: InferenceBuilder; readonly context: readonly Said[] }[] = [];
  readonly #answered: (readonly Said[])[] = [];

  /** Says a lot, of which each word comes again after a while. */
  ramble(): void {
    this.#ask(
      say(
        userMessage,
        range(LONG_AGO).map((index) => index % 25),
      ),
    );
    this.#answer(0, say(assistantMessage, [0, 1]));
  }

  take(step: Step): void {
    const { of, words: spoken } = step;
    const context = this.#contexts[of % this.#contexts.length] ?? [];
    if (step.ask === "compaction") this.#compact(context, say(userMessage, spoken));
    else if (step.ask === "answer") this.#answer(of, say(assistantMessage, spoken));
    else if (step.ask === "more") this.#askMore(of, say(userMessage, spoken));
    else if ("cutAt" in step) {
      const kept = context.slice(0, step.cutAt ?? context.length);
      const changed = kept.filter((_, index) => index !== step.leaveOut);
      this.#ask([...changed, ...say(userMessage, spoken)]);
    }
  }

  #ask(context: readonly Said[], input: readonly Said[] = context, options: Asking = {}): void {
    const call = this.turn.request(
      input.map(({ element }) => element),
      options,
    );
    this.shown.set(call.id, context);
    this.#contexts.push(context);
    this.#open.push({ call, context });
  }

  #askMore(of: number, added: readonly Said[]): void {
    if (this.#answered.length === 0) return;
    const index = of % this.#answered.length;
    const mode = { type: "incremental", previous_response_id: `response-${index}` };
    this.#ask([...(this.#answered[index] ?? []), ...added], added, { mode });
  }

  #answer(of: number, answer: readonly Said[]): void {
    const [asked] = this.#open.splice(of % Math.max(this.#open.length, 1), 1);
    if (asked === undefined) return;
    const responseId = `response-${this.#answered.length}`;
    asked.call.respond(
      answer.map(({ element }) => element),
      { responseId },
    );
    this.#answered.push([...asked.context, ...answer]);
    this.#contexts.push([...asked.context, ...answer]);
  }

  #compact(context: readonly Said[], added: readonly Said[]): void {
    const replacement = [...context.slice(0, 2), ...added];
    this.turn.compact(`compaction-${this.#contexts.length % 3}`, {
      input: context.map(({ element }) => element),
      replacement: replacement.map(({ element }) => element),
    });
    this.#contexts.push(replacement);
  }
}

it(
  "shows each request what it carries, each item once, also when it is resumed in between, and whatever the source can tell",
  () => {
    assertLaw(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40, size: "max" }),
        fc.boolean(),
        fc.nat(),
        (steps, rambles, cut) => {
          const thread = new Thread();
          if (rambles) thread.ramble();
          for (const each of steps) thread.take(each);
          const graph = reduce(thread.rollout);
          for (const [id, context] of thread.shown) {
            const items = expandRequest(graph, id);
            expect(textsOf(graph, items)).toEqual(context.map(({ text }) => text));
            expect(new Set(items).size).toBe(items.length);
          }
          expect(checkGraph(graph)).toEqual([]);
          const { events } = thread.rollout;
          const payloads = new MemoryPayloads(thread.rollout.payloads);
          const whole = createReducer({ payloads: untold(payloads) });
          for (const event of events) whole.apply(event);
          expect(graphJson(whole.finish())).toBe(graphJson(graph));
          const before = createReducer({ payloads });
          for (const event of events.slice(0, cut % events.length)) before.apply(event);
          const saved = JSON.parse(JSON.stringify(before.save())) as ReducerCheckpoint;
          const after = resumeReducer(saved, { payloads });
          for (const event of events.slice(cut % events.length)) after.apply(event);
          expect(graphJson(after.finish())).toBe(graphJson(graph));
        },
      ),
      200,
    );
  },
  LAW_TIMEOUT,
);
