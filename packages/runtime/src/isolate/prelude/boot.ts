/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate, once, before any code of the model; refers to nothing outside itself but its parts.
 *
 * Makes the globals that a script sees and takes away those it may not. The host's functions live in closures here and nowhere
 * else: no script can reach them.
 */
import type { Barrier, Deliver, Post, PreludeConfig } from "../bridge.ts";
import type { installClock } from "./clock.ts";
import type { makeImageParser } from "./image.ts";
import type { makeOutbox } from "./outbox.ts";
import type { makeStored } from "./stored.ts";
import type { makeTimers } from "./timers.ts";
import type { makeToolCalls } from "./tool-calls.ts";

export interface PreludeParts {
  readonly installClock: typeof installClock;
  readonly makeImageParser: typeof makeImageParser;
  readonly makeOutbox: typeof makeOutbox;
  readonly makeStored: typeof makeStored;
  readonly makeTimers: typeof makeTimers;
  readonly makeToolCalls: typeof makeToolCalls;
}

export function boot(post: Post, barrier: Barrier, config: PreludeConfig, parts: PreludeParts): Deliver {
  const apply = Reflect.apply;
  const stringify = JSON.stringify as (value: unknown) => string | undefined;
  const toText = String;
  const trim = String.prototype.trim;
  const ErrorOf = Error;
  const TypeErrorOf = TypeError;

  const outbox = parts.makeOutbox(post, barrier, config);
  const stored = parts.makeStored(outbox);
  const timers = parts.makeTimers(outbox, config);
  const calls = parts.makeToolCalls(outbox, config);
  const parseImage = parts.makeImageParser();
  parts.installClock(config.seed, config.replay?.clockReads ?? null, outbox.clockRead);

  const render = (name: string, value: unknown): string => {
    const type = typeof value;
    if (value === null || (type !== "object" && type !== "function" && type !== "symbol")) {
      return toText(value);
    }
    const json = stringify(value);
    if (json === undefined) {
      throw new TypeErrorOf(`${name}: a value of type ${type} cannot be written as JSON`);
    }
    // `toJSON` is code of the script and may have ended the cell.
    outbox.assertLive();
    return json;
  };
  const done = (): void => {
    outbox.end("done", stored.writes());
  };
  const fireTimer = (id: number): void => {
    if (outbox.isOver()) return;
    try {
      timers.fire(id);
    } catch (error) {
      let message = "Uncaught error in a timer";
      try {
        const stack = (error as { stack?: unknown } | null | undefined)?.stack;
        message = typeof stack === "string" ? stack : `Uncaught ${toText(error)}`;
      } catch {
        // An error that cannot even be looked at is reported without its text.
      }
      outbox.end("fail", message, stored.writes());
    }
  };

  const globals: Record<string, unknown> = {
    tools: calls.tools,
    ALL_TOOLS: calls.allTools,
    text(value: unknown): void {
      outbox.assertLive();
      const text = render("text", value);
      outbox.spend(text, config.messageOverheadBytes);
      outbox.send("text", text.length, text);
    },
    image(value: unknown, detail?: unknown): void {
      outbox.assertLive();
      const image = parseImage(value, detail);
      outbox.assertLive();
      outbox.spend(image.url, config.messageOverheadBytes);
      outbox.send("image", image.url.length, image.url, image.detail);
    },
    notify(value: unknown): void {
      outbox.assertLive();
      const text = render("notify", value);
      if (apply(trim, text, []) === "") throw new TypeErrorOf("notify: the text is empty");
      outbox.spend(text, config.notifyOverheadBytes);
      outbox.send("notify", text.length, text);
    },
    store(key: unknown, value: unknown): void {
      stored.store(key, value);
    },
    load(key: unknown): unknown {
      return stored.load(key);
    },
    setTimeout(callback: unknown, ms?: unknown, ...args: unknown[]): number {
      return timers.set(callback, ms, args);
    },
    clearTimeout(id?: unknown): void {
      timers.clear(id);
    },
    yield_control(): void {
      outbox.assertLive();
      outbox.spend("", config.messageOverheadBytes);
      outbox.send("yield", 0);
    },
    exit(): never {
      outbox.assertLive();
      done();
      throw new ErrorOf("exec cell has ended");
    },
    // The `rt` module takes it away again before any code of the model runs.
    __rt: done,
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
  for (const name of ["console", "Atomics", "SharedArrayBuffer", "WebAssembly"]) {
    Reflect.deleteProperty(globalThis, name);
  }

  return (kind, id, ok, payload) => {
    switch (kind) {
      case "tool":
        calls.settle(id, ok, payload);
        return undefined;
      case "timer":
        fireTimer(id);
        return undefined;
      case "store":
        stored.provide(payload);
        return undefined;
      case "flush":
        return stored.writes();
    }
  };
}
