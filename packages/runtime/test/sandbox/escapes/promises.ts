/** What is awaited, resolved, iterated and collected. */
import { advisory, cve, type Escape, VM2_ATTACKS } from "../technique.ts";

export const PROMISES: readonly Escape[] = [
  {
    name: "what a tool's promise resolves with",
    tries: "a value that the host resolves reaches the script as the host's own object",
    sources: [cve("2026-44000"), advisory("GHSA-mp29-fxh8-92px")],
    scripts: [
      `const value = await tools.echo({ list: [{}], text: "x" }); climb(value); climb(value.list); climb(value.list[0]);`,
    ],
  },
  {
    name: "a tool's promise itself",
    tries: "an async function of the host returns the host's promise",
    sources: [advisory("GHSA-99p7-6v5w-7xg8")],
    scripts: [
      `const promise = tools.echo({});
      climb(promise); climb(promise.then); climb(promise.then(() => {})); climb(promise.finally); climb(promise.constructor);
      await promise;`,
    ],
  },
  {
    name: "the species of a promise",
    tries: "a constructor of the script's own gets the host's resolve, reject and reason",
    sources: [
      advisory("GHSA-cchq-frgv-rjh5"),
      advisory("GHSA-76w7-j9cq-rx2j"),
      advisory("GHSA-qvjj-29qf-hp7p"),
    ],
    scripts: [
      `class Collector {
        constructor(executor) { climb(executor); executor((value) => climb(value), (reason) => climb(reason)) }
        static get [Symbol.species]() { return Collector }
        then() {}
      }
      for (const ask of [() => tools.fail({ text: "no" }), () => tools.echo({})]) {
        const promise = ask();
        try { promise.constructor = Collector } catch {}
        try { promise.then((value) => climb(value), (reason) => { climb(reason); throw reason }) } catch (error) { climb(error) }
        await ask().then(climb, climb);
        try { Reflect.apply(Promise.all, Collector, [[ask()]]) } catch (error) { climb(error) }
      }
      await tools.echo({});`,
    ],
  },
  {
    name: "a thenable that the host awaits",
    tries: "the host resolves with what the script returns and calls its then with functions of its own",
    sources: [VM2_ATTACKS, advisory("GHSA-248r-7h7q-cr24")],
    scripts: [
      `const thenable = { then(resolve, reject) { climb(resolve); climb(reject); resolve({}) } };
      for (const use of [() => tools.echo(thenable), () => tools.echo({ thenable }), () => text(thenable), () => store("k", thenable)]) {
        try { await use() } catch (error) { climb(error) }
      }`,
    ],
  },
  {
    name: "a thenable that an async generator returns",
    tries: "the engine, not the script, catches what then throws, and passes it on",
    sources: [advisory("GHSA-248r-7h7q-cr24")],
    scripts: [
      `const inner = { [Symbol.asyncIterator]() { return this }, next: (sent) => { climb(sent); return { value: sent, done: false } } };
      const failing = () => { const error = new Error(); error.name = Symbol(); return error.stack };
      let tries = 0;
      const deep = () => { try { deep() } catch (error) { if ((tries += 1) < 200) failing(); throw error } };
      for (const then of [failing, deep]) {
        const outer = (async function* () { yield* inner })();
        await outer.next();
        const returned = outer.return({ then }).catch((error) => error);
        const result = await Promise.race([returned, new Promise((resolve) => setTimeout(resolve, 5))]);
        climb(result); climb(result?.value);
      }`,
    ],
  },
  {
    name: "weak references and finalizers",
    tries: "holds on to what the host gave until after the host has let it go",
    sources: [VM2_ATTACKS],
    scripts: [
      `const registry = new FinalizationRegistry((held) => { climb(held) });
      const references = [text, tools.echo, ALL_TOOLS].map((value) => { registry.register(value, value.constructor); return new WeakRef(value) });
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const reference of references) climb(reference.deref());`,
    ],
  },
];
