/** How cells end: by themselves, by request, by a limit, with their session. */
import type { CodeModeEvent } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { RecordingHost, settleLoop } from "../recording-host.ts";
import { type ContractContext, missing, result, text } from "./context.ts";

export function describeEnding(context: ContractContext): void {
  describe("terminating", () => {
    it("stops a script that never lets go, and returns what it printed", async () => {
      const cellId = await context.start("text('spinning'); while (true) {}");
      await context.host.until(() => context.host.events.length > 0);
      expect(await context.session.terminate({ cellId })).toEqual({
        type: "live",
        response: { type: "terminated", cellId, contentItems: expect.any(Array) },
      });
      expect(await context.session.wait({ cellId })).toEqual({ type: "missing", response: missing(cellId) });
    });

    it.each([
      [
        "a microtask loop",
        "(function next() { Promise.resolve().then(next); })(); await new Promise(() => {});",
      ],
      ["a catch-all loop", "for (;;) { try { while (true) {} } catch {} finally { continue } }"],
      ["an array filling loop", "while (true) { globalThis.z = new Array(1000); }"],
      ["a regular expression", "/^(a+)+$/.test('a'.repeat(40) + 'b')"],
      ["a promise that never settles", "await new Promise(() => {})"],
    ])("stops %s", async (_, source) => {
      const cellId = await context.start(source);
      const { response } = await context.session.terminate({ cellId });
      expect(response).toEqual({ type: "terminated", cellId, contentItems: [] });
    });

    it("answers the observer as well, who gets the output", async () => {
      const cellId = await context.start("text('seen'); await tools.hold({})");
      const observed = context.wait(cellId);
      await context.host.holding("1/tool-1");
      const { response } = await context.session.terminate({ cellId });
      expect(await observed).toEqual({ type: "terminated", cellId, contentItems: text("seen") });
      expect(response).toEqual({ type: "terminated", cellId, contentItems: [] });
    });

    it("rejects a second termination while the first is under way", async () => {
      const cellId = await context.start("await tools.stubborn({})");
      await context.host.holding("1/tool-1");
      const first = context.session.terminate({ cellId });
      await expect(context.session.terminate({ cellId })).rejects.toMatchObject({
        code: "already_terminating",
      });
      context.host.answer("1/tool-1", null);
      expect((await first).response.type).toBe("terminated");
    });

    it("returns the completion of a cell that had completed before", async () => {
      const cellId = await context.start("text('won')");
      await context.host.until(() => context.host.events.some(({ type }) => type === "cell_ended"));
      expect(await context.session.terminate({ cellId })).toEqual({
        type: "live",
        response: result(cellId, "won"),
      });
    });

    it("returns the completion of a cell whose notifications are still being delivered", async () => {
      const gate = Promise.withResolvers<void>();
      context.host.notificationGate = gate.promise;
      const cellId = await context.start("store('kept', 1); notify('slow'); tools.hold({}); text('won')");
      // A call that nobody awaits ends with the script.
      await context.host.until(() => context.host.aborted.length === 1);
      expect(context.host.notifications).toHaveLength(1);
      const terminated = context.session.terminate({ cellId });
      gate.resolve();
      expect(await terminated).toEqual({ type: "live", response: result(cellId, "won") });
      expect(await context.run("text(load('kept'))")).toEqual(result("2", "1"));
    });

    it("discards a completion that comes after it", async () => {
      const cellId = await context.start("store('lost', 1); await tools.stubborn({}); text('too late');");
      await context.host.holding("1/tool-1");
      const terminated = context.session.terminate({ cellId });
      context.host.answer("1/tool-1", null);
      expect((await terminated).response).toEqual({ type: "terminated", cellId, contentItems: [] });
      expect(await context.run("text(load('lost'))")).toEqual(result("2", "undefined"));
    });

    it("reports the request with its call and cause, and the cancelled calls, before the end", async () => {
      const cellId = await context.start("await tools.hold({})");
      await context.host.holding("1/tool-1");
      await context.session.terminate({ cellId, toolCallId: "call-wait", cause: "model" });
      expect(context.host.eventsOf(cellId).slice(3)).toEqual([
        { type: "cancel_requested", cellId, toolCallId: "call-wait", cause: "model", limit: null },
        {
          type: "nested_call_ended",
          cellId,
          runtimeToolCallId: "tool-1",
          status: "cancelled",
          endCause: "cell_cancelled",
          result: null,
        },
        {
          type: "cell_ended",
          cellId,
          status: "terminated",
          response: { type: "terminated", cellId, contentItems: [] },
          journal: expect.any(Object),
        },
      ]);
    });

    it("ends nested calls as interrupted when the turn was", async () => {
      const cellId = await context.start("await tools.hold({})");
      await context.host.holding("1/tool-1");
      await context.session.terminate({ cellId, cause: "turn_interrupted" });
      expect(context.host.events).toContainEqual({
        type: "nested_call_ended",
        cellId,
        runtimeToolCallId: "tool-1",
        status: "cancelled",
        endCause: "turn_interrupted",
        result: null,
      });
    });
  });

  describe("ending", () => {
    it("cancels unawaited calls of a script that settled", async () => {
      expect(await context.run("tools.hold({}); text('over')")).toEqual(result("1", "over"));
      expect(context.host.aborted).toEqual(["1/tool-1"]);
      expect(context.host.events).toContainEqual({
        type: "nested_call_ended",
        cellId: "1",
        runtimeToolCallId: "tool-1",
        status: "cancelled",
        endCause: "cell_ended",
        result: null,
      });
    });

    it("delivers notifications before it answers", async () => {
      const gate = Promise.withResolvers<void>();
      context.host.notificationGate = gate.promise;
      let answered = false;
      const running = context.run("notify({ step: 1 }); text('over')").then((response) => {
        answered = true;
        return response;
      });
      await context.host.until(() => context.host.notifications.length === 1);
      await settleLoop();
      expect(answered).toBe(false);
      gate.resolve();
      expect(await running).toEqual(result("1", "over"));
      expect(context.host.notifications).toEqual([{ callId: "call-exec", cellId: "1", text: '{"step":1}' }]);
    });

    it("gives up on a tool that does not answer its signal", async () => {
      expect(await context.run("tools.stubborn({}); text('over')")).toEqual(result("1", "over"));
      const ends = context.host.events.filter(({ type }) => type === "nested_call_ended");
      expect(ends).toHaveLength(1);
      context.host.answer("1/tool-1", "far too late");
      await settleLoop();
      expect(context.host.events.filter(({ type }) => type === "nested_call_ended")).toEqual(ends);
    });

    it("closes a cell once, after its last response, and then says that it is missing", async () => {
      await context.run("text(1)");
      expect(context.host.closed).toEqual(["1"]);
      expect(await context.session.wait({ cellId: "1" })).toEqual({
        type: "missing",
        response: missing("1"),
      });
      expect(await context.session.terminate({ cellId: "1" })).toEqual({
        type: "missing",
        response: missing("1"),
      });
      expect(context.host.closed).toEqual(["1"]);
    });

    it("reports a wait for a missing cell as started and missing", async () => {
      await context.session.wait({ cellId: "7", toolCallId: "call-wait" });
      expect(context.host.events).toEqual([
        { type: "wait_started", waitId: "wait-1", cellId: "7", toolCallId: "call-wait", mode: "yield" },
        { type: "wait_ended", waitId: "wait-1", cellId: "7", outcome: "missing", response: missing("7") },
      ]);
    });

    it("keeps the output of a script that failed and says where it failed", async () => {
      const response = await context.run(
        "text('so far');\nfunction broken() {\n  missing.field;\n}\nbroken();",
      );
      expect(response).toEqual({
        ...result("1", "so far"),
        errorText:
          "ReferenceError: missing is not defined\n    at broken (exec_main.mjs:3:3)\n    at exec_main.mjs:5:1",
      });
    });

    it("says which line of the script awaited a tool that failed", async () => {
      const response = await context.run("const file =\n  await tools.fail({ text: 'no such file' });");
      expect(response.errorText).toBe("Error: no such file\n    at async exec_main.mjs:2:3");
    });

    it("explains what it cannot compile and what it cannot import", async () => {
      expect((await context.run("let a = ;")).errorText).toBe(
        "SyntaxError: Unexpected token ';' [exec_main.mjs:1:9]",
      );
      expect((await context.run("import fs from 'node:fs';")).errorText).toBe(
        "Error: Unsupported import in exec: node:fs",
      );
    });

    it("goes on in spite of an observer and a closing host that throw", async () => {
      const events: CodeModeEvent[] = [];
      const broken = Object.assign(new RecordingHost(), {
        cellClosed: () => {
          throw new Error("broken host");
        },
      });
      const fragile = await context.provider.createSession(broken, {
        observer: {
          observe: (event) => {
            events.push(event);
            throw new Error("broken observer");
          },
          runNestedCall: () => {
            throw new Error("broken context");
          },
        },
      });
      const { initialResponse } = await fragile.execute(context.request("text(await tools.echo({ a: 1 }))"));
      expect(await initialResponse).toEqual(result("1", '{"a":1}'));
      expect(events.at(-1)?.type).toBe("cell_initial_response");
      await fragile.shutdown();
    });

    it("runs the host's code for a nested call inside the observer", async () => {
      const around: string[] = [];
      const watched = await context.provider.createSession(context.host, {
        observer: {
          observe: () => {},
          runNestedCall: async (nested, invoke) => {
            around.push(`before ${nested.runtimeToolCallId}: ${context.host.calls.length} calls`);
            const value = await invoke();
            around.push(`after: ${context.host.calls.length} calls`);
            return value;
          },
        },
      });
      const { initialResponse } = await watched.execute(context.request("text(await tools.echo({}))"));
      expect(await initialResponse).toEqual(result("1", "{}"));
      expect(around).toEqual(["before tool-1: 0 calls", "after: 1 calls"]);
      await watched.shutdown();
    });
  });

  describe("limits", () => {
    it.each([
      ["heapBytes", "const a = []; for (;;) a.push({ n: a.length });", { heapBytes: 16 * 2 ** 20 }, "memory"],
      ["outputBytes", "for (;;) text('x'.repeat(1000))", { outputBytes: 100_000 }, "output"],
      ["pendingToolCalls", "for (;;) tools.hold({})", { pendingToolCalls: 100 }, "pending_tool_calls"],
      ["timers", "for (;;) setTimeout(() => {}, 1000)", { timers: 10 }, "timers"],
      ["cpuMs", "while (true) {}", { cpuMs: 50 }, "cpu"],
    ] as const)("%s ends the cell that passes it, and only that", async (field, source, limits, limit) => {
      const other = await context.start("await tools.hold({}); text('unharmed')");
      const response = await context.run(source, { limits });
      expect(response).toMatchObject({
        type: "result",
        cellId: "2",
        errorText: expect.stringContaining(field),
      });
      const cancelled = context.host.eventsOf("2").filter(({ type }) => type === "cancel_requested");
      expect(cancelled).toEqual([
        { type: "cancel_requested", cellId: "2", toolCallId: null, cause: "limit", limit },
      ]);
      expect(context.host.eventsOf("2").at(-2)).toMatchObject({ type: "cell_ended", status: "failed" });
      await context.host.holding("1/tool-1");
      context.host.answer("1/tool-1", null);
      expect(await context.wait(other)).toEqual(result(other, "unharmed"));
    });

    it("cannot be caught by the script", async () => {
      const response = await context.run(
        "try { for (;;) text('x') } catch {} store('after', 1); text('after');",
        {
          limits: { outputBytes: 1000 },
        },
      );
      expect(response.errorText).toContain("outputBytes");
      expect(await context.run("text(load('after'))")).toEqual(result("2", "undefined"));
    });
  });

  describe("shutting down", () => {
    it("cancels every cell, waits for it, and admits nothing more", async () => {
      const spinning = await context.session.execute(context.request("while (true) {}"));
      await context.start("await tools.hold({})");
      await context.host.holding("2/tool-1");
      await context.run("text('unread'); yield_control();");
      await context.session.shutdown();
      expect(await spinning.initialResponse).toEqual({
        type: "terminated",
        cellId: "1",
        contentItems: [],
      });
      expect(context.host.aborted).toEqual(["2/tool-1"]);
      expect(context.host.closed.toSorted()).toEqual(["1", "2", "3"]);
      await expect(context.session.execute(context.request("text(1)"))).rejects.toMatchObject({
        code: "shutting_down",
      });
      expect(await context.session.wait({ cellId: "1" })).toEqual({
        type: "missing",
        response: missing("1"),
      });
      const causes = context.host.events.flatMap((event) =>
        event.type === "cancel_requested" && event.cellId !== "3" ? [event.cause] : [],
      );
      expect(causes).toEqual(["session_shutdown", "session_shutdown"]);
      await context.session.shutdown();
    });
  });
}
