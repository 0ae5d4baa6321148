/** From something that the host handed over, by its constructor, to the host's own `Function`. */
import { advisory, cve, type Escape, issue, SAND_DRILLER, VM2_ATTACKS } from "../technique.ts";

export const CLIMBS: readonly Escape[] = [
  {
    name: "the constructor of the global object",
    tries: "takes the object that the context was made from to be the host's",
    sources: [advisory("GHSA-37j7-fg3j-429f"), cve("2017-16088"), issue("hacksparrow/safe-eval", 18)],
    scripts: [
      `climb(globalThis); climb(Function("return this")()); climb((0, eval)("this"));
      delete globalThis.constructor; climb(globalThis);`,
    ],
  },
  {
    name: "the constructor of a function that the host gave",
    tries: "timers and printing are often the host's own functions",
    sources: [issue("commenthol/safer-eval", 10), issue("commenthol/safer-eval", 11)],
    scripts: [
      `for (const given of [text, notify, setTimeout, clearTimeout, store, load, tools.echo, yield_control, exit]) climb(given);`,
    ],
  },
  {
    name: "the AsyncFunction constructor of a tool",
    tries: "what makes async functions compiles code, too",
    sources: [issue("natevw/evel", 18), cve("2026-22709")],
    scripts: [
      `const make = tools.echo.constructor;
      const found = await make("return typeof process === 'undefined' ? null : process")();
      if (found?.pid) plunder(found, found.constructor.constructor);`,
    ],
  },
  {
    name: "what a host's function returns",
    tries: "a timer is an object of the host",
    sources: [issue("patriksimek/vm2", 276)],
    scripts: [
      `climb(setTimeout(() => {}, 0)); climb(text("x")); climb(ALL_TOOLS); climb(ALL_TOOLS[0]); climb(tools);`,
    ],
  },
  {
    name: "the error of a tool",
    tries: "an error that the host made leads to the host's Error and on",
    sources: [cve("2026-22686"), issue("patriksimek/vm2", 32)],
    scripts: [
      `try { await tools.fail({ text: "no" }) } catch (error) { climb(error); climb(error.cause); climb(error.stack) }`,
    ],
  },
  {
    name: "the error of a helper that refuses its arguments",
    tries: "the host checks arguments and throws an error of its own",
    sources: [issue("patriksimek/vm2", 225), cve("2021-23555")],
    scripts: [
      `const misuses = [() => image("http://x/"), () => image(1), () => setTimeout(1), () => store(1, 1), () => load(1),
        () => notify(""), () => text(Symbol()), () => text(1n ** 10000000000n), () => tools.echo(1), () => tools.none()];
      for (const misuse of misuses) try { await misuse() } catch (error) { climb(error) }`,
    ],
  },
  {
    name: "a prototype found through an inherited accessor",
    tries: "reaches a prototype past whatever hides __proto__ and constructor",
    sources: [advisory("GHSA-79xf-67r4-q2jj"), issue("patriksimek/vm2", 184)],
    scripts: [
      `const prototypeOf = {}.__lookupGetter__("__proto__");
      for (const given of [text, tools.echo, ALL_TOOLS, globalThis]) {
        for (let object = given; object; object = Reflect.apply(prototypeOf, object, [])) {
          climb(Object.getOwnPropertyDescriptor(object, "constructor")?.value);
        }
      }`,
    ],
  },
  {
    name: "methods of Object.prototype called on nothing",
    tries: "the receiver, or the error about it, is the host's",
    sources: [issue("hacksparrow/safe-eval", 35), issue("hacksparrow/safe-eval", 38)],
    scripts: [
      `for (const name of ["valueOf", "hasOwnProperty", "toString", "isPrototypeOf", "propertyIsEnumerable"]) {
        try { climb(globalThis[name]); climb(Function("return " + name + "()")()) } catch (error) { climb(error) }
      }`,
    ],
  },
  {
    name: "the caller of a callback",
    tries: "a function in sloppy mode can ask who called it",
    sources: [issue("SEAPUNK/safest-eval", 2), VM2_ATTACKS],
    scripts: [
      `const spy = Function("climb", "return function spy() { let caller = spy.caller; climb(caller); climb(arguments.callee.caller); return 'data:,' }")(climb);
      const trap = Object.defineProperty({ toJSON: spy, toString: spy }, "image_url", { get: spy });
      for (const use of [() => image(trap), () => text(trap), () => notify(trap), () => store("k", trap), () => tools.echo(trap)]) {
        try { await use() } catch {}
      }
      setTimeout(spy, 0); await new Promise((resolve) => setTimeout(resolve, 1));`,
    ],
  },
  {
    name: "any object at all that can be reached",
    tries: "walks over everything reachable and climbs from each, as a fuzzer for foreign references does",
    sources: [SAND_DRILLER, advisory("GHSA-mmhj-4w6j-76h7")],
    scripts: [
      `const seen = new Set();
      const queue = [globalThis, tools, ALL_TOOLS, tools.echo({}), new Error(), (async function* () {})()];
      while (queue.length > 0) {
        const value = queue.pop();
        if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
        seen.add(value);
        climb(value);
        for (const method of ["applySync", "derefInto", "copySync", "getSync"]) if (method in value) breach(method);
        queue.push(Object.getPrototypeOf(value));
        for (const key of Reflect.ownKeys(value)) {
          const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key);
          queue.push(held, get, set);
        }
      }`,
    ],
  },
  {
    name: "names that an embedding leaves behind",
    tries: "looks for what bridges are called, by computed keys and by every way of making code",
    sources: [advisory("GHSA-2cm2-m3w5-gp2f"), advisory("GHSA-mmhj-4w6j-76h7")],
    scripts: [
      `const names = ["__rt", "rt", "$0", "$1", "_ivm", "ivm", "post", "deliver", "host", "__host", "bridge", "module", "exports", "require", "global", "root"];
      for (const name of names) {
        for (const way of [() => globalThis[name], () => (0, eval)(name), () => Function("return " + name)()]) {
          try { if (way() !== undefined) { breach("global " + name); climb(way()) } } catch {}
        }
      }`,
    ],
  },
];
