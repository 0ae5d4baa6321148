/**
 * Runs inside the isolate, once, before any code of the model; refers to nothing outside itself.
 *
 * Takes hold of the built-ins it needs before a script can replace them, makes the globals that a script sees, and keeps the
 * budgets. The host's functions live in this closure and nowhere else: no script can reach them. After `over` nothing that
 * the script does has an effect.
 */
import type { Barrier, Deliver, GuestLimit, Post, PostKind, PreludeConfig } from "../bridge.ts";
import type { installClock } from "./clock.ts";
import type { makeImageParser } from "./image.ts";

export interface PreludeParts {
  readonly installClock: typeof installClock;
  readonly makeImageParser: typeof makeImageParser;
}

type Dictionary<Value> = Record<string | number, Value | undefined>;

export function boot(post: Post, barrier: Barrier, config: PreludeConfig, parts: PreludeParts): Deliver {
  const apply = Reflect.apply;
  const create = Object.create as (prototype: null) => Dictionary<never>;
  const define = Object.defineProperty;
  const parse = JSON.parse;
  const stringify = JSON.stringify;
  const toText = String;
  const PromiseOf = Promise;
  const ErrorOf = Error;
  const TypeErrorOf = TypeError;
  const then = Promise.prototype.then;
  const trim = String.prototype.trim;
  const charCodeAt = String.prototype.charCodeAt;

  // --- the way out: bounded per turn of the host's loop, since the guest waits at the barrier
  let over = false;
  let messages = 0;
  let chars = 0;
  const send = (kind: PostKind, size: number, a?: string | number, b?: string | number, c?: string): void => {
    post(kind, a, b, c);
    messages += 1;
    chars += size;
    if (messages < config.barrierMessages && chars < config.barrierChars) return;
    messages = 0;
    chars = 0;
    barrier();
  };
  const assertLive = (): void => {
    if (over) throw new ErrorOf("exec cell has ended");
  };
  const end = (kind: PostKind, a?: string, b?: string): never => {
    flushClock();
    over = true;
    post(kind, a, b);
    throw new ErrorOf("exec cell has ended");
  };
  const passLimit = (limit: GuestLimit): never => end("limit", limit);

  // --- the clock: reads are gathered and leave at the end of the microtask queue
  let clock = "";
  let clockReads = 0;
  const flushClock = (): void => {
    const reads = clock;
    clock = "";
    if (reads !== "" && !over) send("clock", reads.length, reads);
  };
  const resolved = PromiseOf.resolve();
  parts.installClock(config.seed, (time) => {
    if (over || clockReads > config.clockReads) return;
    clockReads += 1;
    if (clock === "") apply(then, resolved, [flushClock]);
    clock += clock === "" ? time : `,${time}`;
  });

  // --- output
  let outputBytes = 0;
  const utf8Length = (text: string): number => {
    let bytes = text.length;
    for (let index = 0; index < text.length; index += 1) {
      const code = apply(charCodeAt, text, [index]) as number;
      if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
    }
    return bytes;
  };
  const spend = (text: string, overhead: number): void => {
    outputBytes += overhead + text.length;
    if (outputBytes > config.outputBytes) passLimit("output");
    outputBytes += utf8Length(text) - text.length;
    if (outputBytes > config.outputBytes) passLimit("output");
  };
  const render = (name: string, value: unknown): string => {
    if (
      value === null ||
      (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
    ) {
      return toText(value);
    }
    const json = stringify(value) as string | undefined;
    if (json === undefined) throw new TypeErrorOf(`${name}: a ${typeof value} cannot be written as JSON`);
    return json;
  };
  const parseImage = parts.makeImageParser();

  // --- stored values: parsed when first asked for
  let storedText = "";
  let stored: Dictionary<string> | null = null;
  const written = create(null) as Dictionary<string>;
  const writtenKeys = create(null) as Dictionary<string>;
  let writtenCount = 0;
  const encodeWrites = (): string => {
    let text = "";
    for (let index = 0; index < writtenCount; index += 1) {
      const key = writtenKeys[index] as string;
      text += `${index === 0 ? "" : ","}${stringify(key)},${stringify(written[key])}`;
    }
    return `[${text}]`;
  };
  const storedValue = (key: string): string | undefined => {
    if (written[key] !== undefined) return written[key];
    if (stored === null) {
      stored = create(null) as Dictionary<string>;
      const flat = storedText === "" ? [] : (parse(storedText) as string[]);
      for (let index = 0; index < flat.length; index += 2) stored[flat[index] as string] = flat[index + 1];
      storedText = "";
    }
    return stored[key];
  };
  const checkedKey = (name: string, key: unknown): string => {
    if (typeof key === "string") return key;
    throw new TypeErrorOf(`${name}: the key must be a string`);
  };

  // --- tools
  type Settle = (ok: boolean, payload: string) => void;
  interface Reply {
    readonly ok: boolean;
    readonly payload: string;
  }
  const settles = create(null) as Dictionary<Settle>;
  const inputChars = create(null) as Dictionary<number>;
  let calls = 0;
  let pending = 0;
  let pendingChars = 0;
  // Runs in the reaction of the call's own promise, so that V8 gives the error the line that awaits it.
  const unpack = (reply: Reply): unknown => {
    if (reply.ok) return parse(reply.payload);
    throw new ErrorOf(reply.payload);
  };
  const encodeInput = (freeform: boolean, input: unknown): string | undefined => {
    if (freeform) {
      if (typeof input === "string") return stringify(input);
      throw new TypeErrorOf("this tool takes a string");
    }
    if (input === undefined) return undefined;
    const json = stringify(input) as string | undefined;
    if (json === undefined || json[0] !== "{") throw new TypeErrorOf("this tool takes an object or nothing");
    return json;
  };
  const call = (tool: number, freeform: boolean, input: unknown): Promise<unknown> => {
    assertLive();
    let json: string | undefined;
    try {
      json = encodeInput(freeform, input);
    } catch (error) {
      return new PromiseOf((_, reject) => {
        reject(error);
      });
    }
    const size = json === undefined ? 0 : json.length;
    pending += 1;
    pendingChars += size;
    if (pending > config.pendingToolCalls || pendingChars > config.pendingInputChars) {
      passLimit("pending_tool_calls");
    }
    calls += 1;
    const id = calls;
    const reply = new PromiseOf<Reply>((resolve) => {
      // Without a prototype: resolving looks for `then`, which a script may have put on `Object.prototype`.
      settles[id] = (ok, payload) => {
        resolve({ __proto__: null, ok, payload } as Reply);
      };
    });
    inputChars[id] = size;
    send("call", size, id, tool, json);
    return apply(then, reply, [unpack]) as Promise<unknown>;
  };
  const tools = create(null) as Record<string, unknown>;
  const allTools: unknown[] = [];
  for (let index = 0; index < config.tools.length; index += 1) {
    const tool = config.tools[index];
    if (tool === undefined) continue;
    const { freeform, identifier, description } = tool;
    define(tools, identifier, {
      value: (input: unknown) => call(index, freeform, input),
      enumerable: true,
    });
    allTools[index] = { name: identifier, description };
  }

  // --- timers
  const callbacks = create(null) as Dictionary<() => void>;
  let timers = 0;
  let timerIds = 0;
  const fireTimer = (id: number): void => {
    const callback = callbacks[id];
    if (callback === undefined || over) return;
    delete callbacks[id];
    timers -= 1;
    try {
      callback();
    } catch (error) {
      if (over) return;
      let message = "Uncaught error in a timer";
      try {
        const stack = (error as { stack?: unknown } | null | undefined)?.stack;
        message = typeof stack === "string" ? stack : `Uncaught ${toText(error)}`;
      } catch {
        // An error that cannot even be looked at is reported without its text.
      }
      const writes = encodeWrites();
      flushClock();
      over = true;
      post("fail", message, writes);
    }
  };

  // --- what a script sees
  const globals: Record<string, unknown> = {
    tools: Object.freeze(tools),
    ALL_TOOLS: Object.freeze(allTools),
    text(value: unknown): void {
      assertLive();
      const rendered = render("text", value);
      assertLive();
      spend(rendered, config.messageOverheadBytes);
      send("text", rendered.length, rendered);
    },
    image(value: unknown, detail?: unknown): void {
      assertLive();
      const image = parseImage(value, detail);
      assertLive();
      spend(image.url, config.messageOverheadBytes);
      send("image", image.url.length, image.url, image.detail);
    },
    notify(value: unknown): void {
      assertLive();
      const rendered = render("notify", value);
      if (apply(trim, rendered, []) === "") throw new TypeErrorOf("notify: the text is empty");
      assertLive();
      spend(rendered, config.notifyOverheadBytes);
      send("notify", rendered.length, rendered);
    },
    store(key: unknown, value: unknown): void {
      assertLive();
      const name = checkedKey("store", key);
      const json = stringify(value) as string | undefined;
      if (json === undefined) throw new TypeErrorOf(`store: a ${typeof value} cannot be stored as JSON`);
      assertLive();
      if (written[name] === undefined) {
        writtenKeys[writtenCount] = name;
        writtenCount += 1;
      }
      written[name] = json;
    },
    load(key: unknown): unknown {
      assertLive();
      const json = storedValue(checkedKey("load", key));
      return json === undefined ? undefined : parse(json);
    },
    setTimeout(callback: unknown, ms?: unknown, ...args: unknown[]): number {
      assertLive();
      if (typeof callback !== "function") throw new TypeErrorOf("setTimeout: expected a function");
      const delay = +(ms as number);
      assertLive();
      timers += 1;
      if (timers > config.timers) passLimit("timers");
      timerIds += 1;
      const id = timerIds;
      callbacks[id] = () => {
        apply(callback as () => void, undefined, args);
      };
      send("timer_set", 0, id, delay > 0 ? delay : 0);
      return id;
    },
    clearTimeout(id: unknown): void {
      assertLive();
      if (typeof id !== "number" || callbacks[id] === undefined) return;
      delete callbacks[id];
      timers -= 1;
      send("timer_clear", 0, id);
    },
    yield_control(): void {
      assertLive();
      spend("", config.messageOverheadBytes);
      send("yield", 0);
    },
    exit(): void {
      assertLive();
      end("done", encodeWrites());
    },
    // Taken away again by the `rt` module, before any code of the model runs.
    __rt: (): void => {
      if (over) return;
      const writes = encodeWrites();
      flushClock();
      over = true;
      post("done", writes);
    },
  };
  for (const name in globals) {
    define(globalThis, name, { value: globals[name], writable: true, configurable: true, enumerable: true });
  }
  for (const name of ["console", "Atomics", "SharedArrayBuffer", "WebAssembly"]) {
    Reflect.deleteProperty(globalThis, name);
  }

  return (kind, id, ok, payload) => {
    switch (kind) {
      case "tool": {
        const settle = settles[id];
        if (settle === undefined) return undefined;
        delete settles[id];
        pending -= 1;
        pendingChars -= inputChars[id] ?? 0;
        delete inputChars[id];
        settle(ok, payload);
        return undefined;
      }
      case "timer":
        fireTimer(id);
        return undefined;
      case "store":
        storedText = payload;
        return undefined;
      case "flush":
        flushClock();
        return encodeWrites();
    }
  };
}
