/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself but its parts.
 *
 * The helpers that a script sees, around one outbox, and the way in for what the host delivers.
 */
import type { Deliver, Gate, Post, PreludeConfig } from "../bridge.ts";
import type { makeImageParser } from "./image.ts";
import type { makeOutbox, Outbox } from "./outbox.ts";
import type { makeStored } from "./stored.ts";
import type { makeTimers } from "./timers.ts";
import type { makeToolCalls } from "./tool-calls.ts";

export interface HelperParts {
  readonly makeImageParser: typeof makeImageParser;
  readonly makeOutbox: typeof makeOutbox;
  readonly makeStored: typeof makeStored;
  readonly makeTimers: typeof makeTimers;
  readonly makeToolCalls: typeof makeToolCalls;
}

export interface Helpers {
  readonly globals: Readonly<Globals>;
  readonly deliver: Deliver;
  readonly clockRead: Outbox["clockRead"];
}

export interface Globals {
  readonly tools: object;
  readonly ALL_TOOLS: readonly unknown[];
  text(value: unknown): void;
  image(value: unknown, detail?: unknown): void;
  notify(value: unknown): void;
  store(key: unknown, value: unknown): void;
  load(key: unknown): unknown;
  setTimeout(callback: unknown, ms?: unknown, ...args: unknown[]): number;
  clearTimeout(id?: unknown): void;
  yield_control(): void;
  exit(): never;
  /** Says that the script is over. Not for the script. */
  __rt(): void;
}

export function makeHelpers(post: Post, gate: Gate, config: PreludeConfig, parts: HelperParts): Helpers {
  const apply = Reflect.apply;
  const stringify = JSON.stringify as (value: unknown) => string | undefined;
  const toText = String;
  const trim = String.prototype.trim;
  const ErrorOf = Error;
  const TypeErrorOf = TypeError;

  const outbox = parts.makeOutbox(post, gate, config);
  const stored = parts.makeStored(outbox);
  const timers = parts.makeTimers(outbox, config);
  const calls = parts.makeToolCalls(outbox, config);
  const parseImage = parts.makeImageParser();

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

  const globals: Globals = {
    tools: calls.tools,
    ALL_TOOLS: calls.allTools,
    text(value: unknown): void {
      outbox.assertLive();
      const text = render("text", value);
      outbox.spend(text, config.messageOverheadBytes);
      outbox.send(text.length, "text", text);
    },
    image(value: unknown, detail?: unknown): void {
      outbox.assertLive();
      const image = parseImage(value, detail);
      outbox.assertLive();
      outbox.spend(image.url, config.messageOverheadBytes);
      outbox.send(image.url.length, "image", image.url, image.detail);
    },
    notify(value: unknown): void {
      outbox.assertLive();
      const text = render("notify", value);
      if (apply(trim, text, []) === "") throw new TypeErrorOf("notify: the text is empty");
      outbox.spend(text, config.notifyOverheadBytes);
      outbox.send(text.length, "notify", text);
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
      outbox.send(0, "yield");
    },
    exit(): never {
      outbox.assertLive();
      done();
      throw new ErrorOf("exec cell has ended");
    },
    // The `rt` module takes it away again before any code of the model runs.
    __rt: done,
  };
  const deliver: Deliver = (id, payload, kind) => {
    switch (kind) {
      case undefined:
      case "error":
        calls.settle(id, kind === undefined, payload);
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
  return { globals, deliver, clockRead: outbox.clockRead };
}
