/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * `tools` and `ALL_TOOLS`, and the promises of the calls that the host has not answered.
 */
import type { PreludeConfig } from "../bridge.ts";
import type { Outbox } from "./outbox.ts";

type Dictionary<Value> = Record<number, Value | undefined>;

export interface ToolCalls {
  readonly tools: object;
  readonly allTools: readonly unknown[];
  /** Answers one call; a turn's one delivery. */
  settle(id: number, ok: boolean, payload: string): void;
}

/** A result's JSON text, or what went wrong. */
type Reply = string | { readonly error: string };

interface Open {
  readonly chars: number;
  readonly resolve: (reply: Reply) => void;
}

export function makeToolCalls(outbox: Outbox, config: PreludeConfig): ToolCalls {
  const apply = Reflect.apply;
  const create = Object.create;
  const define = Object.defineProperty;
  const parse = JSON.parse;
  const stringify = JSON.stringify as (value: unknown) => string | undefined;
  const ErrorOf = Error;
  const PromiseOf = Promise;
  const TypeErrorOf = TypeError;
  const then = Promise.prototype.then;

  const open = create(null) as Dictionary<Open>;
  let ids = 0;
  let pending = 0;
  let pendingChars = 0;

  // Runs in the reaction of the call's own promise, so that V8 gives the error the line that awaits it.
  const unpack = (reply: Reply): unknown => {
    if (typeof reply === "string") return parse(reply);
    throw new ErrorOf(reply.error);
  };
  const reaction = [unpack];
  const encodeInput = (freeform: boolean, input: unknown): string | undefined => {
    if (freeform) {
      if (typeof input === "string") return stringify(input);
      throw new TypeErrorOf("this tool takes a string");
    }
    if (input === undefined) return undefined;
    const json = stringify(input);
    // What counts is what the host would get: `toJSON` may have turned an object into anything.
    if (json === undefined || json[0] !== "{") {
      throw new TypeErrorOf("this tool takes an object or nothing");
    }
    return json;
  };
  const take = (id: number): Open | undefined => {
    const entry = open[id];
    if (entry === undefined) return undefined;
    delete open[id];
    pending -= 1;
    pendingChars -= entry.chars;
    return entry;
  };
  const ask = (tool: number, json: string | undefined): Promise<unknown> => {
    const chars = json === undefined ? 0 : json.length;
    if (pending >= config.pendingToolCalls || pendingChars + chars > config.pendingInputChars) {
      outbox.passLimit("pending_tool_calls");
    }
    // Never used again, also when the stack ends somewhere below.
    ids += 1;
    const id = ids;
    const reply = new PromiseOf<Reply>((resolve) => {
      open[id] = { chars, resolve };
      pending += 1;
      pendingChars += chars;
    });
    try {
      if (config.replay === null) outbox.send(chars, "call", id, tool, json);
      else outbox.send(chars, "call", id, tool, json, new ErrorOf().stack);
    } catch (error) {
      take(id);
      throw error;
    }
    return apply(then, reply, reaction);
  };
  const call = (tool: number, freeform: boolean, input: unknown): Promise<unknown> => {
    outbox.assertLive();
    let json: string | undefined;
    try {
      json = encodeInput(freeform, input);
    } catch (error) {
      return new PromiseOf((_, reject) => {
        reject(error);
      });
    }
    outbox.assertLive();
    return ask(tool, json);
  };

  const tools = create(null) as object;
  const allTools: unknown[] = [];
  for (const [index, { freeform, identifier, description }] of config.tools.entries()) {
    define(tools, identifier, {
      value: (input: unknown) => call(index, freeform, input),
      enumerable: true,
    });
    allTools.push(Object.freeze({ name: identifier, description }));
  }
  return {
    tools: Object.freeze(tools),
    allTools: Object.freeze(allTools),
    settle(id, ok, payload) {
      const entry = take(id);
      if (entry === undefined) return;
      if (ok) entry.resolve(payload);
      // Without a prototype: resolving looks for `then`, which a script may have put on `Object.prototype`.
      else entry.resolve({ __proto__: null, error: payload } as Reply);
    },
  };
}
