/** Running scripts, and the values that cells share. */
import type { NestedToolCall } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { RecordingHost } from "../recording-host.ts";
import { type ContractContext, result } from "./context.ts";

const unspeakable = Object.create(null) as Error;
const throwing = (): never => {
  throw unspeakable;
};
/** Answers of tools, all of which their script hears as an error with a text. */
const UNSPEAKABLE: readonly (readonly [what: string, answer: () => Promise<unknown>])[] = [
  ["a rejection with an object without a prototype", () => Promise.reject(unspeakable)],
  [
    "a rejection with an error whose message throws",
    () => Promise.reject(Object.defineProperty(new Error(), "message", { get: throwing })),
  ],
  [
    "a rejection with an error whose message is no text",
    () => Promise.reject(Object.assign(new Error(), { message: { toString: throwing } })),
  ],
  ["a result whose JSON throws such a thing", async () => ({ toJSON: throwing })],
];

/** Keys that mean something to JavaScript, half a character, and what a message ends with. */
const ODD_INPUT = '{"__proto__":{"x":1},"half":"\\ud800","é😀":"}},\\"input\\":0}}","list":[{"}}":null}]}';

export function describeRunning(context: ContractContext): void {
  describe("running a script", () => {
    it("gives the output and the values that tools returned", async () => {
      const response = await context.run(`
        const answer = await tools.echo({ question: 1 });
        text(answer);
        text(await tools.shout("loud"));
        text(await tools.echo());
      `);
      expect(response).toEqual(result("1", '{"question":1}', "loud", "null"));
      expect(context.host.calls).toEqual([
        call("tool-1", "echo", { input: { question: 1 } }),
        call("tool-2", "shout", { input: "loud", kind: "freeform" }),
        call("tool-3", "echo", {}),
      ]);
    });

    it("hands a tool its input as the script wrote it, and gets back what the tool returns of it", async () => {
      const response = await context.run(`
        const input = JSON.parse(${JSON.stringify(ODD_INPUT)});
        text(await tools.echo(input));
        text(await tools.shout('"}}'));
      `);
      expect(response).toEqual(result("1", ODD_INPUT, '"}}'));
      expect(context.host.calls.map(({ input }) => JSON.stringify(input))).toEqual([ODD_INPUT, '"\\"}}"']);
    });

    it("rejects in the script with the text of the tool's error", async () => {
      const response = await context.run(`
        try { await tools.fail({ text: "no such file" }) } catch (error) { text(error.message) }
      `);
      expect(response).toEqual(result("1", "no such file"));
    });

    it.each(UNSPEAKABLE)("rejects in the script, and harms nobody, after %s", async (_, answer) => {
      const session = await context.provider.createSession({
        invokeTool: async () => (await answer()) as null,
        notify: async () => {},
        cellClosed: () => {},
      });
      const cell = await session.execute(
        context.request("try { await tools.echo({}) } catch (error) { text(typeof error.message) }"),
      );
      expect(await cell.initialResponse).toEqual(result(cell.cellId, "string"));
      await session.shutdown();
    });

    it("runs tool calls in parallel and delivers results in the order of their answers", async () => {
      const { cellId, initialResponse } = await context.session.execute(
        context.request(`
          const note = (name) => (value) => { text(name + value); return value; };
          await Promise.all([tools.hold({}).then(note("first")), tools.hold({}).then(note("second"))]);
        `),
      );
      await context.host.holding("1/tool-2");
      context.host.answer("1/tool-2", 2);
      await context.host.until(() => context.host.events.some(({ type }) => type === "nested_call_ended"));
      context.host.answer("1/tool-1", 1);
      expect(await initialResponse).toEqual(result(cellId, "second2", "first1"));
    });

    it("numbers cells from 1 in the order of admission and never uses an id again", async () => {
      const ids = [await context.run("text(1)"), await context.run("text(2)"), await context.run("text(3)")];
      expect(ids.map(({ cellId }) => cellId)).toEqual(["1", "2", "3"]);
      const other = await context.provider.createSession(new RecordingHost());
      const started = await other.execute(context.request("text(1)"));
      expect(started.cellId).toBe("1");
      await other.shutdown();
    });

    it("tells the observer that a cell started before anything that its script does", async () => {
      await context.run("await tools.echo({}); notify('hello');");
      expect(context.host.events.map(({ type }) => type)).toEqual([
        "cell_started",
        "nested_call_started",
        "nested_call_ended",
        "notification",
        "cell_ended",
        "cell_initial_response",
      ]);
    });

    it("refuses a request whose numbers are out of range, naming field, value and range", async () => {
      const limits = { heapBytes: 1 };
      await expect(
        context.session.execute(context.request("text(1)", { yieldTimeMs: -1 })),
      ).rejects.toMatchObject({
        code: "invalid_request",
        message: expect.stringMatching(/yieldTimeMs is -1.*between 0 and/),
      });
      await expect(context.session.execute(context.request("text(1)", { limits }))).rejects.toMatchObject({
        code: "invalid_request",
        message: expect.stringMatching(/limits\.heapBytes is 1.*at least/),
      });
      expect(context.host.events).toEqual([]);
    });
  });

  describe("stored values", () => {
    it("are seen by later cells once the cell that wrote them completed, merged key by key", async () => {
      expect(await context.run("store('a', { n: 1 }); store('b', [2]); text(load('a'))")).toEqual(
        result("1", '{"n":1}'),
      );
      await context.run("store('b', 3)");
      expect(await context.run("text(load('a')); text(load('b')); text(load('c'))")).toEqual(
        result("3", '{"n":1}', "3", "undefined"),
      );
    });

    it("are those of the cell's start, plus its own writes", async () => {
      const early = await context.start(
        "await tools.hold({}); text(load('k')); store('own', 1); text(load('own'))",
      );
      await context.run("store('k', 'later')");
      await context.host.holding("1/tool-1");
      context.host.answer("1/tool-1", null);
      expect(await context.wait(early)).toEqual(result(early, "undefined", "1"));
    });

    it("are kept of a script that failed, as its output is", async () => {
      await context.run("store('k', 1); throw new Error('after storing')");
      await context.run("await tools.echo({}); store('late', 2); null.field");
      expect(await context.run("text(load('k')); text(load('late'))")).toEqual(result("3", "1", "2"));
    });

    it("are not shared between sessions", async () => {
      await context.run("store('secret', 1)");
      const other = await context.provider.createSession(new RecordingHost());
      const { initialResponse } = await other.execute(context.request("text(load('secret'))"));
      expect(await initialResponse).toEqual(result("1", "undefined"));
      await other.shutdown();
    });

    it("have a bound in all: a cell that would pass it fails, says so, and stores nothing", async () => {
      await context.run("store('most', 'x'.repeat(15_000_000))");
      const refused = await context.run(
        "text('printed'); store('small', 1); store('more', 'x'.repeat(3_000_000))",
      );
      expect(refused).toEqual({
        ...result("2", "printed"),
        errorText: expect.stringMatching(
          /^exec cell stored nothing: .* 18\d{6} characters, and 16777216 are the most/,
        ),
      });
      const failed = await context.run("store('more', 'x'.repeat(3_000_000)); throw new Error('own')");
      expect(failed.errorText).toMatch(/^Error: own\n.*\nexec cell stored nothing/);
      // What makes room is always welcome.
      await context.run("store('most', 0)");
      await context.run("store('more', 'x'.repeat(3_000_000))");
      expect(await context.run("text(load('small')); text(load('most')); text(load('more').length)")).toEqual(
        result("6", "undefined", "0", "3000000"),
      );
    });

    it("that a cell's heap has no room for end that cell with the memory limit", async () => {
      await context.run("store('large', 'x'.repeat(15_000_000))");
      const response = await context.run("text(load('large').length)", {
        limits: { heapBytes: 8 * 2 ** 20 },
      });
      expect(response.errorText).toContain("heapBytes");
      expect(await context.run("text(load('large').length)")).toEqual(result("3", "15000000"));
    });

    it("hold keys that mean something to JavaScript", async () => {
      await context.run("store('__proto__', { a: 1 }); store('constructor', 2)");
      expect(
        await context.run("text(load('__proto__')); text(load('constructor')); text(load('toString'))"),
      ).toEqual(result("2", '{"a":1}', "2", "undefined"));
    });
  });
}

function call(runtimeToolCallId: string, name: string, more: Partial<NestedToolCall>): NestedToolCall {
  return { cellId: "1", runtimeToolCallId, toolName: { name }, kind: "function", ...more };
}
