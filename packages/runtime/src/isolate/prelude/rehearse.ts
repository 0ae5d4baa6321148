/**
 * Runs inside the isolate, before the helpers are made that a script gets; refers to nothing outside itself but its parts.
 *
 * Plays through what most scripts do on helpers that are thrown away and send nothing. V8 compiles a function when it is first
 * called: this way the prelude is compiled while its isolate waits in the pool, and not while somebody waits for a cell.
 */
import type { Gate, Post, PreludeConfig } from "../bridge.ts";
import type { HelperParts, makeHelpers } from "./helpers.ts";

export function rehearse(
  post: Post,
  gate: Gate,
  config: PreludeConfig,
  parts: HelperParts & { readonly makeHelpers: typeof makeHelpers },
): void {
  post("rehearsal");
  const tools = [{ identifier: "rehearsal", description: "", freeform: false }];
  const { globals, deliver } = parts.makeHelpers(() => {}, gate, { ...config, tools }, parts);
  const { rehearsal } = globals.tools as { readonly rehearsal: (input: unknown) => unknown };
  rehearsal({});
  deliver(1, "{}");
  globals.text("");
  globals.text({});
  globals.store("", 0);
  globals.load("");
  globals.setTimeout(() => {});
  deliver(1, "", "timer");
  globals.__rt();
}
