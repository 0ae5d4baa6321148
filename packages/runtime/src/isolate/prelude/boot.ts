/**
 * Runs inside the isolate, once, before any code of the model; refers to nothing outside itself but its parts.
 *
 * Makes the globals that a script sees and takes away those it may not. The host's functions live in closures here and nowhere
 * else: no script can reach them.
 */
import type { Deliver, Gate, Post, PreludeConfig } from "../bridge.ts";
import type { refuseResizableBuffers } from "./buffers.ts";
import type { installClock } from "./clock.ts";
import type { HelperParts, makeHelpers } from "./helpers.ts";
import type { rehearse } from "./rehearse.ts";

export interface PreludeParts extends HelperParts {
  readonly installClock: typeof installClock;
  readonly makeHelpers: typeof makeHelpers;
  readonly refuseResizableBuffers: typeof refuseResizableBuffers;
  readonly rehearse: typeof rehearse;
}

export function boot(post: Post, gate: Gate, config: PreludeConfig, parts: PreludeParts): Deliver {
  if (config.rehearsed) parts.rehearse(post, gate, config, parts);
  const { globals, deliver, clockRead } = parts.makeHelpers(post, gate, config, parts);
  parts.installClock(config.seed, config.replay?.clockReads ?? null, clockRead);
  parts.refuseResizableBuffers();
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
  // `gc` is there where the host runs with `--expose-gc`, and cannot be deleted.
  for (const name of ["console", "Atomics", "SharedArrayBuffer", "WebAssembly", "gc"]) {
    if (!Reflect.deleteProperty(globalThis, name)) Reflect.set(globalThis, name, undefined);
  }

  // V8 asks for these where a module that awaited something goes on, and aborts the process when asking throws.
  Object.defineProperty(Promise, Symbol.species, { configurable: false });
  void Object.defineProperty(Promise.prototype, "constructor", { writable: false, configurable: false });
  return deliver;
}
