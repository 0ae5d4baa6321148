/** Values that are large, odd or traps, in both directions. */
import type { CodeModeSessionDelegate } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { InProcessSessionProvider } from "../../src/index.ts";
import { TOOLS } from "../session/recording-host.ts";
import { runScript } from "../session/run-script.ts";

const OUTPUT_LIMIT = "exec cell ended: it passed the output limit of 33554432 bytes (outputBytes)";

describe("a string of 50 MB", { timeout: 120_000 }, () => {
  const LARGE = "const large = 'x'.repeat(50_000_000);";

  it.each(["text(large)", "text({ large })", "notify(large)", "image('data:image/png;base64,' + large)"])(
    "ends the cell with the output limit when it is given to %s",
    async (source) => {
      const { response, host } = await runScript(`${LARGE} try { ${source} } catch {} text('after');`);
      expect(response).toEqual({ type: "result", cellId: "1", contentItems: [], errorText: OUTPUT_LIMIT });
      expect(host.notifications).toEqual([]);
    },
  );

  it("travels to a tool and back", async () => {
    const { texts } = await runScript(`${LARGE} text((await tools.echo({ large })).large === large)`);
    expect(texts).toEqual(["true"]);
  });

  it("is too much for the stored values", async () => {
    const { response } = await runScript(`${LARGE} store('k', large)`);
    expect(response.errorText).toContain("exec cell stored nothing");
  });

  it("is cut in the text of an error", async () => {
    const { response } = await runScript(`${LARGE} throw new Error(large)`);
    expect(response.errorText?.slice(0, 20)).toBe("Error: xxxxxxxxxxxxx");
    expect(response.errorText?.length).toBeLessThan(20_000);
  });
});

describe("a result that the cell's heap has no room for", { timeout: 120_000 }, () => {
  it.each([
    ["a long string", "x".repeat(100_000_000)],
    ["many objects", Array.from({ length: 1_000_000 }, (_, n) => ({ n }))],
  ])("ends that cell with the memory limit and nothing else: %s", async (_, value) => {
    await using provider = new InProcessSessionProvider();
    const host = { invokeTool: async () => value, notify: async () => {}, cellClosed: () => {} };
    const session = await provider.createSession(host);
    const request = {
      toolCallId: "call",
      enabledTools: TOOLS,
      limits: { heapBytes: 16 * 2 ** 20 },
      yieldTimeMs: 100_000,
    };
    const cell = await session.execute({ ...request, source: "text((await tools.echo({})).length)" });
    expect((await cell.initialResponse).errorText).toContain("heapBytes");
    const next = await session.execute({ ...request, source: "text('served')" });
    expect((await next.initialResponse).contentItems).toEqual([{ type: "input_text", text: "served" }]);
  });
});

describe("traps", () => {
  it.each([
    ["a getter that throws", "{ get a() { throw new Error('trap') } }", "trap"],
    ["a toJSON that throws", "{ toJSON() { throw new Error('trap') } }", "trap"],
    ["a proxy whose traps throw", "new Proxy({}, { ownKeys() { throw new Error('trap') } })", "trap"],
    [
      "a revoked proxy",
      "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()",
      "revoked",
    ],
    ["a cycle", "(() => { const a = {}; a.a = a; return a })()", "circular"],
  ])("%s throws where it is looked at, and the helpers go on working", async (_, value, message) => {
    const { texts } = await runScript(`
      const attempts = [
        () => text(${value}), () => notify(${value}), () => store("k", ${value}), () => tools.echo(${value}),
      ];
      for (const attempt of attempts) {
        try { await attempt(); text("nothing thrown") } catch (error) { text(String(error.message).includes("${message}")) }
      }
      text(await tools.echo({ still: "works" }));
    `);
    expect(texts).toEqual(["true", "true", "true", "true", '{"still":"works"}']);
  });

  it.each([
    [
      "Symbol.species",
      "Object.defineProperty(Promise, Symbol.species, { get() { throw new Error('species') } });",
    ],
    [
      "the constructor of promises",
      "Promise.prototype.constructor = class { constructor() { throw new Error('constructor') } };",
    ],
    [
      "then on Object.prototype",
      "Object.defineProperty(Object.prototype, 'then', { get() { throw new Error('then') }, configurable: true });",
    ],
    ["Error.prepareStackTrace", "Error.prepareStackTrace = () => { throw new Error('prepare') };"],
    [
      "AsyncIteratorPrototype",
      "Object.getPrototypeOf(async function* () {}.prototype)[Symbol.asyncIterator] = null;",
    ],
  ])("%s leaves a cell that the host can end in order, and the next one whole", async (_, tampering) => {
    const { response, host } = await runScript(
      `try { ${tampering} } catch {} text('alive'); Date.now(); try { await tools.echo({}) } catch {} setTimeout(() => {}, 1); exit();`,
    );
    expect(response).toEqual({
      type: "result",
      cellId: "1",
      contentItems: [{ type: "input_text", text: "alive" }],
    });
    expect(host.closed).toEqual(["1"]);
  });
});

describe("what promises are made with", () => {
  it.each([
    "Object.defineProperty(Promise, Symbol.species, { get() { throw 1 } })",
    "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 1 } })",
    "Promise.prototype.constructor = null",
    "delete Promise[Symbol.species]",
    "delete Promise.prototype.constructor",
  ])("cannot be changed, lest V8 aborts the process of a module that awaits: %s", async (tampering) => {
    const { texts } = await runScript(`
      await null;
      try { ${tampering} } catch (error) { text(error instanceof TypeError) }
      class Own extends Promise {}
      text(Own.resolve(1).then(() => {}) instanceof Own);
      text(await tools.echo({}));
    `);
    expect(texts).toEqual(["true", "true", "{}"]);
  });
});

describe("the end of the stack", () => {
  it("inside of helpers leaves them in order: what was sent counts, what was not does not", async () => {
    const { texts, host } = await runScript(
      `
      // Arguments make the frames large, so that the stack ends after some hundred calls.
      const padding = new Array(200).fill(0);
      const dig = (act, ...rest) => { act(); dig(act, ...rest); };
      const attempt = (act) => { try { dig(act, ...padding) } catch (error) { if (!(error instanceof RangeError)) throw error; } };
      const calls = [];
      for (let round = 0; round < 5; round += 1) {
        attempt(() => { calls.push(tools.echo({})); });
        await Promise.all(calls.splice(0));
        attempt(() => { clearTimeout(setTimeout(() => {}, 60_000)); });
      }
      text((await tools.echo({ n: 1 })).n);
      await new Promise((resolve) => setTimeout(resolve, 0));
      for (let n = 0; n < 1000; n += 1) await tools.echo({});
      text("in order");
      `,
      { limits: { timers: 16 } },
    );
    expect(texts).toEqual(["1", "in order"]);
    const ids = host.calls.map(({ runtimeToolCallId }) => runtimeToolCallId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("a host", () => {
  async function runWith(delegate: Partial<CodeModeSessionDelegate>, observed = false): Promise<string[]> {
    await using provider = new InProcessSessionProvider();
    const session = await provider.createSession(
      { invokeTool: async () => null, notify: async () => {}, cellClosed: () => {}, ...delegate },
      observed ? { observer: { observe: () => {}, runNestedCall: async (_, run) => await run() } } : {},
    );
    const source =
      "for (let n = 0; n < 3; n += 1) { try { text(await tools.any({ n })) } catch (error) { text(error.message) } }";
    const enabledTools = [
      { name: "any", toolName: { name: "any" }, description: "", kind: "function" as const },
    ];
    const cell = await session.execute({ toolCallId: "call", source, enabledTools });
    const { contentItems } = await cell.initialResponse;
    return contentItems.map((item) => (item.type === "input_text" ? item.text : ""));
  }

  it.each([
    ["an object without a prototype", Object.create(null) as unknown],
    [
      "an object whose text throws",
      {
        toString: () => {
          throw new Error("no");
        },
      },
    ],
  ])("may reject with %s", async (_, thrown) => {
    const texts = await runWith({ invokeTool: () => Promise.reject(thrown) });
    const text = "something that cannot be written as text was thrown";
    expect(texts).toEqual([text, text, text]);
  });

  it("may return what JSON has no words for", async () => {
    const values = [undefined, 10n, () => {}] as unknown[];
    const texts = await runWith({
      invokeTool: async ({ input }) => values[(input as { n: number }).n] as null,
    });
    expect(texts).toEqual(["null", "Do not know how to serialize a BigInt", "null"]);
  });

  it.each([false, true])(
    "that throws instead of rejecting is asked once (observed: %s)",
    async (observed) => {
      let asked = 0;
      const texts = await runWith(
        {
          invokeTool: () => {
            asked += 1;
            throw new Error(`thrown ${asked}`);
          },
        },
        observed,
      );
      expect(texts).toEqual(["thrown 1", "thrown 2", "thrown 3"]);
      expect(asked).toBe(3);
    },
  );
});
