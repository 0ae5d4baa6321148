/** Scripts that break their own world, or try to break ours; the same for every provider. */
import { describe, expect, it } from "vitest";
import type { RunScript } from "../session/run-script.ts";

const WORKS =
  'text(await tools.echo({ n: 1 })); store("k", [1]); text(load("k")); await new Promise((r) => setTimeout(r, 0));';

export function describeHostileScripts(name: string, runScript: RunScript): void {
  describe(`hostile scripts: ${name}`, () => {
    describe("tampering with the language", () => {
      it.each([
        ["JSON", "JSON.stringify = JSON.parse = () => { throw new Error('tampered') };"],
        ["Promise", "Promise.prototype.then = Promise.resolve = () => { throw new Error('tampered') };"],
        [
          "Map and Array",
          "Map.prototype.get = Array.prototype.push = Array.prototype[Symbol.iterator] = null;",
        ],
        ["String", "String.prototype.charCodeAt = String.prototype.slice = String.prototype.trim = null;"],
        ["Object", "Object.create = Object.defineProperty = Object.freeze = null;"],
        ["Reflect", "Reflect.apply = Reflect.construct = null;"],
        [
          "constructors",
          "for (const name of ['String', 'Number', 'Error', 'TypeError', 'Object']) globalThis[name] = null;",
        ],
        [
          "accessors on Object.prototype",
          "for (const key of ['0', '1', 'k', 'ok', 'payload', 'value', 'resolve', 'chars', 'get', 'set']) Object.defineProperty(Object.prototype, key, { __proto__: null, get() { throw new Error('read ' + key) }, set() { throw new Error('wrote ' + key) } });",
        ],
        [
          "Function.prototype",
          "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null;",
        ],
        ["error formatting", "Error.prepareStackTrace = () => { throw 1 }; Error.stackTraceLimit = 'x';"],
        ["the global object", "globalThis.Date = null; Math.random = null; globalThis.globalThis = null;"],
      ])("%s leaves the helpers working", async (_, tampering) => {
        const { response, texts } = await runScript(`${tampering}\n${WORKS}`);
        expect(response).not.toHaveProperty("errorText");
        expect(texts).toEqual(['{"n":1}', "[1]"]);
      });

      it("with the prototype of objects does not reach the host", async () => {
        await runScript(
          'Object.prototype.polluted = 1; text({}); await tools.echo(JSON.parse(\'{"__proto__":{"x":1}}\'));',
        );
        expect(Object.prototype).not.toHaveProperty("polluted");
        expect(Object.prototype).not.toHaveProperty("x");
      });

      it("keeps keys like __proto__ as plain data on their way to the host and back", async () => {
        const { texts, host } = await runScript(
          'text(JSON.stringify(await tools.echo(JSON.parse(\'{"__proto__":{"x":1}}\'))))',
        );
        expect(texts).toEqual(['{"__proto__":{"x":1}}']);
        expect(Object.keys(host.calls[0]?.input ?? {})).toEqual(["__proto__"]);
      });
    });

    describe("failing in unusual ways", () => {
      it.each([
        ["throw 42", "Uncaught 42"],
        ["throw 'words'", "Uncaught words"],
        ["throw null", "Uncaught null"],
        ["throw undefined", "Uncaught undefined"],
        [
          "throw { code: 7 }",
          "Uncaught object that is not an Error (throw an Error to see its message and line)",
        ],
        ["await Promise.reject(42)", "Uncaught 42"],
        ["await null; throw 42", "Uncaught 42"],
        [
          "const e = new Error('m'); Object.defineProperty(e, 'stack', { get() { throw 1 } }); throw e",
          "Error: m",
        ],
      ])("%s is reported as %s", async (source, errorText) => {
        const { response } = await runScript(source);
        expect(response).toEqual({ type: "result", cellId: "1", contentItems: [], errorText });
      });

      it.each([
        ["a floating rejection", "Promise.reject(new Error('floating')); text('fine')"],
        ["a floating rejection before an await", "Promise.reject(1); await tools.echo({}); text('fine')"],
        [
          "a floating rejection after an await",
          "await tools.echo({}); (async () => { throw 1 })(); await tools.echo({}); text('fine')",
        ],
        [
          "an unawaited tool that rejects",
          "tools.fail({ text: 'x' }); await tools.echo({}); await tools.echo({}); text('fine')",
        ],
        [
          "several floating rejections of one turn",
          "await tools.echo({}); for (let n = 0; n < 5; n += 1) Promise.reject(n); await tools.echo({}); await tools.echo({}); text('fine')",
        ],
        [
          "a rejection handled later",
          "const late = Promise.reject(1); await tools.echo({}); await late.catch(() => {}); text('fine')",
        ],
        [
          "thousands of unawaited tools that reject",
          "for (let n = 0; n < 3000; n += 1) tools.fail({ text: 'x' }); for (let n = 0; n < 20; n += 1) await tools.echo({}); text('fine')",
        ],
        [
          "a rejection in a timer",
          "await new Promise((r) => setTimeout(() => { Promise.reject(1); r() }, 0)); text('fine')",
        ],
      ])("%s does not fail the cell", async (_, source) => {
        const { response } = await runScript(source);
        expect(response).toEqual({
          type: "result",
          cellId: "1",
          contentItems: [{ type: "input_text", text: "fine" }],
        });
      });

      it("and leaving many promises rejected never harms the process when the cell's isolate goes", async () => {
        const source = `
      for (let n = 0; n < 2000; n += 1) tools.fail({ text: "x" });
      for (let n = 0; n < 8000; n += 1) Promise.reject(n);
      for (let n = 0; n < 20; n += 1) await tools.echo({});
      text("fine");
    `;
        for (let run = 0; run < 3; run += 1) expect((await runScript(source)).texts).toEqual(["fine"]);
      });

      it("is noticed however late it happens", async () => {
        const { response } = await runScript(
          "for (let n = 0; n < 3; n += 1) await tools.echo({ n });\ntools.fail({ text: 'other' });\nawait tools.echo({});\nnull.late;",
        );
        expect(response.errorText).toBe(
          "TypeError: Cannot read properties of null (reading 'late')\n    at exec_main.mjs:4:6",
        );
      });

      it("with an error text of megabytes does not hand over all of it", async () => {
        const { response } = await runScript("throw new Error('x'.repeat(5_000_000))");
        expect(response.errorText?.length).toBeLessThan(20_000);
      });
    });

    describe("asking for very much", () => {
      it("runs ten thousand nested calls of one Promise.all", async () => {
        const { texts, host } = await runScript(`
      const answers = await Promise.all(Array.from({ length: 10_000 }, (_, n) => tools.echo({ n })));
      text(answers.every(({ n }, index) => n === index));
    `);
        expect(texts).toEqual(["true"]);
        expect(host.events.filter(({ type }) => type === "nested_call_ended")).toHaveLength(10_000);
      });

      it("ends an endless stream of calls with the limit that it passes", async () => {
        const { response, host } = await runScript("for (;;) tools.hold({})");
        expect(response.errorText).toBe(
          "exec cell ended: it passed the limit of 16384 pending tool calls, or of 67108864 characters of their input (pendingToolCalls)",
        );
        const count = (wanted: string): number => host.events.filter(({ type }) => type === wanted).length;
        expect([count("nested_call_started"), count("nested_call_ended")]).toEqual([16_384, 16_384]);
      });

      it.each([
        ["notifications", "for (;;) notify('n')", 1_024],
        ["empty texts", "for (;;) text('')", 64],
      ])("ends an endless stream of %s, and the host's loop turns meanwhile", async (_, source, cost) => {
        const messages = 20_000;
        let turns = 0;
        let watch: NodeJS.Immediate;
        const turn = (): void => {
          turns += 1;
          watch = setImmediate(turn);
        };
        watch = setImmediate(turn);
        const { host } = await runScript(source, { limits: { outputBytes: messages * cost } });
        clearImmediate(watch);
        expect(host.events.findLast(({ type }) => type === "cell_ended")).toMatchObject({
          response: { errorText: expect.stringContaining("outputBytes") },
        });
        // The script waits after every 256 messages; a loop that takes whatever is there turns a few times only.
        expect(turns).toBeGreaterThan(messages / 256 / 4);
      });
    });
  });
}
