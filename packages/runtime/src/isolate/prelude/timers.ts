/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * `setTimeout` and `clearTimeout`: the callbacks stay here, the waiting is the host's.
 */
import type { PreludeConfig } from "../bridge.ts";
import type { Outbox } from "./outbox.ts";

export interface Timers {
  set(callback: unknown, ms: unknown, args: readonly unknown[]): number;
  clear(id: unknown): void;
  /** Runs a timer's callback. Throws what it throws. */
  fire(id: number): void;
}

export function makeTimers(outbox: Outbox, config: PreludeConfig): Timers {
  const apply = Reflect.apply;
  const toNumber = Number;
  const TypeErrorOf = TypeError;
  const callbacks = Object.create(null) as Record<number, (() => void) | undefined>;
  let pending = 0;
  let ids = 0;

  return {
    set(callback, ms, args) {
      outbox.assertLive();
      if (typeof callback !== "function") throw new TypeErrorOf("setTimeout: expected a function");
      const delay = toNumber(ms);
      outbox.assertLive();
      if (pending >= config.timers) outbox.passLimit("timers");
      ids += 1;
      const id = ids;
      outbox.send(0, "timer_set", id, delay > 0 ? delay : 0);
      pending += 1;
      callbacks[id] = () => {
        apply(callback, undefined, args);
      };
      return id;
    },
    clear(id) {
      outbox.assertLive();
      if (typeof id !== "number" || callbacks[id] === undefined) return;
      delete callbacks[id];
      pending -= 1;
      outbox.send(0, "timer_clear", id);
    },
    fire(id) {
      const callback = callbacks[id];
      if (callback === undefined) return;
      delete callbacks[id];
      pending -= 1;
      callback();
    },
  };
}
