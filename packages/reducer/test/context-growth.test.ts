/** Threads that ask for little in contexts that are long: each request costs what it has, and not what its thread has said. */
import type { JsonValue } from "@rollout-trace/protocol";
import { expect, it } from "vitest";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { growth, QUADRATIC } from "./growth.ts";

/** One thread in one turn. */
class Thread {
  readonly rollout = new RolloutBuilder();
  readonly turn = this.rollout.root.turn();

  whole(input: readonly JsonValue[]): void {
    this.turn.request(input).respond([]);
  }

  /** Says and hears something after a response, and gives the name of the response that ends with it. */
  goOn(after: string | null, name: string): string {
    const options = after === null ? {} : { mode: { type: "incremental", previous_response_id: after } };
    this.turn
      .request([userMessage(`ask ${name}`, { id: `ask_${name}` })], options)
      .respond([assistantMessage(`answer ${name}`), userMessage("go on")], { responseId: name });
    return name;
  }

  goOnFor(size: number, after: string | null = null): string {
    let last = after;
    for (let index = 0; index < size; index += 1) last = this.goOn(last, `long ${index}`);
    return last ?? "";
  }
}

function each(size: number, step: (thread: Thread, index: number) => void): RolloutBuilder {
  const thread = new Thread();
  for (let index = 0; index < size; index += 1) step(thread, index);
  return thread.rollout;
}

it.each<[string, number, (size: number) => RolloutBuilder]>([
  [
    "goes on from its responses, and asks for a title in between,",
    2000,
    (size) => {
      let last: string | null = null;
      return each(size, (thread, index) => {
        last = thread.goOn(last, `main ${index}`);
        thread.whole([userMessage(`title of ${index}`), userMessage("go on")]);
      });
    },
  ],
  [
    "goes on with two branches in turn, and asks about something of either in between,",
    1500,
    (size) => {
      const ends: [string | null, string | null] = [null, null];
      return each(size, (thread, index) => {
        const side = index % 2;
        const about = index - (index % 3);
        ends[side] = thread.goOn(ends[side] ?? null, `main ${index}`);
        thread.whole([
          userMessage(`what is ${index}`),
          userMessage(`ask main ${about}`, { id: `ask_main ${about}` }),
          assistantMessage(`answer main ${about}`),
        ]);
      });
    },
  ],
  [
    "goes back to each of its responses and says something else",
    2000,
    (size) => {
      const thread = new Thread();
      thread.goOnFor(size);
      for (let index = 0; index < size; index += 1) {
        const mode = { type: "incremental", previous_response_id: `long ${index}` };
        thread.turn.request([userMessage(`else ${index}`)], { mode });
      }
      return thread.rollout;
    },
  ],
  [
    "begins again as its longest request did, and says something else",
    1000,
    (size) => {
      const thread = new Thread();
      const long = Array.from({ length: size }, (_, index) => userMessage(`message ${index}`));
      thread.whole(long);
      for (let index = 0; index < size; index += 1) {
        thread.whole([userMessage("another")]);
        thread.whole(long.slice(0, 2));
        thread.whole([userMessage("another")]);
        thread.whole([...long.slice(0, 1), userMessage(`else ${index}`)]);
      }
      return thread.rollout;
    },
  ],
  [
    "goes on from its responses, and has a little replaced in between,",
    1000,
    (size) => {
      let last: string | null = null;
      return each(size, (thread, index) => {
        last = thread.goOn(last, `main ${index}`);
        thread.turn.compact(`c${index}`, {
          input: [userMessage("ask main 0", { id: "ask_main 0" }), userMessage(`else ${index}`)],
          replacement: [userMessage(`summary ${index}`)],
        });
      });
    },
  ],
  [
    "replaces its history again and again by what nobody can read",
    2000,
    (size) => {
      const thread = new Thread();
      thread.goOnFor(size);
      for (let index = 0; index < size; index += 1) {
        const checkpoint = { input_history: [userMessage(`else ${index}`)] };
        thread.turn.event({
          type: "compaction_installed",
          compaction_id: `c${index}`,
          checkpoint: thread.rollout.payload("compaction_checkpoint", checkpoint),
        });
      }
      return thread.rollout;
    },
  ],
])(
  "a thread that %s costs about as much for each event when it is four times as long",
  (_what, size, record) => {
    expect(growth(record, size)).toBeLessThan(QUADRATIC);
  },
  120_000,
);
