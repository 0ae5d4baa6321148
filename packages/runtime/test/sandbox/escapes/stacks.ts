/** Stack traces: V8 shows a script the frames below it, and an embedder's own code formats them. */
import { advisory, cve, type Escape, issue, SAND_DRILLER } from "../technique.ts";

/** Calls of helpers during which a script's own code runs, in sloppy mode: below a strict frame V8 shows nothing. */
const CALL_BACK = `const callBack = async (spy) => {
  const trap = Object.defineProperty({ toJSON: spy }, "image_url", { get: spy });
  for (const use of [() => image(trap), () => text(trap), () => store("k", trap), () => tools.echo(trap)]) try { await use() } catch {}
  setTimeout(spy, 0);
  await new Promise((resolve) => setTimeout(resolve, 1));
};`;

export const STACKS: readonly Escape[] = [
  {
    name: "the frames that Error.prepareStackTrace is given",
    tries: "structured frames hand out the function and the receiver of host frames",
    sources: [cve("2022-36067"), advisory("GHSA-7jxr-cg7f-gpgv"), advisory("GHSA-4w2j-2rg4-5mjw")],
    scripts: [
      `${CALL_BACK}
      Error.stackTraceLimit = 100;
      const format = (error, sites) => {
        climb(sites); climb(error);
        for (const site of sites) {
          climb(site);
          for (const ask of ["getThis", "getFunction", "getEvalOrigin", "getTypeName"]) try { climb(site[ask]()) } catch {}
        }
        return "";
      };
      for (const holder of [Error, TypeError, RangeError, globalThis.Error = class extends Error {}]) holder.prepareStackTrace = format;
      await callBack(Function("new Error().stack; try { null.x } catch (error) { error.stack } return 'data:,'"));
      (async () => { await null; undefinedName })().catch((error) => error.stack);
      await null;`,
    ],
  },
  {
    name: "the error of a stack that cannot be formatted",
    tries: "a symbol as an error's name makes the host's formatter throw an error of the host",
    sources: [advisory("GHSA-99p7-6v5w-7xg8"), "https://github.com/patriksimek/vm2/pull/547"],
    scripts: [
      `const failing = () => { const error = new Error(); error.name = Symbol(); return error.stack };
      try { failing() } catch (error) { climb(error) }
      await (async () => failing())().catch(climb);
      await new Promise((resolve, reject) => { try { failing(); resolve() } catch (error) { reject(error) } }).then(null, climb);
      Error.prepareStackTrace = undefined;
      try { failing() } catch (error) { climb(error) }`,
    ],
  },
  {
    name: "what a SuppressedError suppresses",
    tries: "errors of disposal wrap the host's error where nobody looks",
    sources: [advisory("GHSA-55hx-c926-fr95")],
    scripts: [
      `const failing = () => { const error = new Error(); error.name = Symbol(); return error.stack };
      const stack = new DisposableStack();
      stack.defer(() => { throw null });
      stack.defer(failing);
      try { stack.dispose() } catch (error) { climb(error); climb(error.error); climb(error.suppressed) }
      const late = new AsyncDisposableStack();
      late.defer(() => { throw null });
      late.defer(failing);
      await late.disposeAsync().catch((error) => { climb(error); climb(error.error); climb(error.suppressed) });`,
    ],
  },
  {
    name: "a stack overflow inside of a host's function",
    tries: "calls the host with so little stack left that the overflow, and its error, is the host's",
    sources: [
      advisory("GHSA-wf5x-cr3r-xr77"),
      issue("patriksimek/vm2", 199),
      issue("salesforce/near-membrane", 48),
    ],
    scripts: [
      `const caught = [];
      const calls = [() => load("k"), () => clearTimeout(0), () => setTimeout(null), () => image({})];
      // On its way up it calls where the stack has just ended, and a few hundred frames on.
      let tries = 0;
      const edge = (call) => {
        try { edge(call) } catch { tries = 0 }
        if ((tries += 1) < 500) try { call() } catch (error) { keepForeign(caught, error) }
      };
      for (const call of calls) edge(call);
      for (const error of caught) climb(error);`,
    ],
  },
  {
    name: "a stack overflow while a stack is formatted",
    tries: "recursion that asks for a stack each time ends in the host's formatter",
    sources: [SAND_DRILLER, advisory("GHSA-cchq-frgv-rjh5"), advisory("GHSA-ch3r-j5x3-6q2m")],
    scripts: [
      `const caught = [];
      let depth = 0;
      let tries = 0;
      // Measured first, since formatting at every level takes seconds; then asked for where the stack ends.
      const dig = (left, ask) => {
        try { if (ask && left < 600) new Error().stack; else depth += 1; dig(left - 1, ask) }
        catch (error) { keepForeign(caught, error); if ((tries += 1) < 300) throw error }
      };
      dig(0, false);
      const measured = depth;
      tries = 0;
      dig(measured, true);
      const proxy = new Proxy({}, { getPrototypeOf() { tries = 0; dig(measured, true); return null } });
      try { proxy instanceof Object } catch (error) { keepForeign(caught, error) }
      try { Object.getPrototypeOf(proxy) } catch (error) { keepForeign(caught, error) }
      for (const error of caught) climb(error);`,
    ],
  },
];
