/** Observing a cell: until it yields, and to its pending frontier. */
import type { RuntimeResponse } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { settleLoop } from "../recording-host.ts";
import { type ContractContext, LONG_MS, missing, result, text } from "./context.ts";

export function describeObserving(context: ContractContext): void {
  describe("observing until a yield", () => {
    it("ends an observation at its deadline while the script is busy", async () => {
      const response = await context.run("text('before'); while (true) {}", { yieldTimeMs: 30 });
      expect(response).toEqual({ type: "yielded", cellId: "1", contentItems: text("before") });
    });

    it.each([
      ["output", "for (;;) text('')"],
      ["awaited tool calls", "for (;;) await tools.echo({})"],
      [
        "parallel tool calls",
        "await Promise.all(Array.from({ length: 500 }, async () => { for (;;) await tools.echo({}); }))",
      ],
      ["timers", "for (;;) clearTimeout(setTimeout(() => {}, 1000))"],
      ["yields to nobody", "yield_control(); for (;;) yield_control()"],
    ])(
      "ends it at its deadline, and lets it be terminated, while the script floods %s",
      async (_, source) => {
        const limits = { outputBytes: 2 ** 40 };
        const response = await context.run(source, { yieldTimeMs: 5, limits });
        expect(response.type).toBe("yielded");
        const terminated = await context.session.terminate({ cellId: "1" });
        expect(terminated.response.type).toBe("terminated");
      },
    );

    it("hands over the output at yield_control while the script goes on", async () => {
      const first = await context.run(
        "text('a'); yield_control(); text('b'); await tools.hold({}); text('c');",
      );
      expect(first).toEqual({ type: "yielded", cellId: "1", contentItems: text("a") });
      const second = context.wait("1");
      await context.host.holding("1/tool-1");
      context.host.answer("1/tool-1", null);
      expect(await second).toEqual(result("1", "b", "c"));
    });

    it("delivers each piece of output once, in order", async () => {
      const cellId = await context.start(`
        for (let round = 1; round <= 3; round += 1) {
          text(round + " a"); text(round + " b");
          await tools.hold({});
          yield_control();
        }
      `);
      const seen: RuntimeResponse[] = [];
      for (const id of ["1/tool-1", "1/tool-2", "1/tool-3"]) {
        const observed = context.wait(cellId);
        await context.host.holding(id);
        context.host.answer(id, null);
        seen.push(await observed);
      }
      seen.push(await context.wait(cellId));
      const texts = seen.flatMap(({ contentItems }) => contentItems);
      expect(texts).toEqual(text("1 a", "1 b", "2 a", "2 b", "3 a", "3 b"));
      expect(seen.at(-1)?.type).toBe("result");
    });

    it("refuses a second observer without displacing the first", async () => {
      const cellId = await context.start("await tools.hold({}); text('done');");
      const first = context.wait(cellId);
      await expect(context.session.wait({ cellId })).rejects.toMatchObject({ code: "busy_observer" });
      await context.host.holding("1/tool-1");
      context.host.answer("1/tool-1", null);
      expect(await first).toEqual(result(cellId, "done"));
      expect(context.host.events).toContainEqual({
        type: "wait_ended",
        waitId: expect.any(String),
        cellId,
        outcome: "busy",
        response: null,
      });
    });

    it("keeps a dropped observer's output for the next observation", async () => {
      const cellId = await context.start("text('kept'); await tools.hold({}); text('more');");
      const leaving = new AbortController();
      const dropped = context.session.wait({ cellId, signal: leaving.signal, yieldTimeMs: LONG_MS });
      await context.host.holding("1/tool-1");
      leaving.abort();
      await expect(dropped).rejects.toMatchObject({ name: "AbortError" });
      context.host.answer("1/tool-1", null);
      expect(await context.wait(cellId)).toEqual(result(cellId, "kept", "more"));
      const ends = context.host.events.filter((event) => event.type === "wait_ended");
      expect(ends.map(({ outcome }) => outcome)).toEqual(["abandoned", "completed"]);
    });

    it("keeps the result of a cell that nobody observed until somebody asks", async () => {
      const cellId = await context.start("text('late')");
      await context.host.until(() => context.host.events.some(({ type }) => type === "cell_ended"));
      expect(context.host.closed).toEqual([]);
      expect(await context.wait(cellId)).toEqual(result(cellId, "late"));
      expect(context.host.closed).toEqual([cellId]);
    });
  });

  describe("observing to the pending frontier", () => {
    const TWO_CALLS = `
      text('asking');
      const [a, b] = await Promise.all([tools.hold({}), tools.hold({})]);
      text(a + b);
    `;

    it("returns the output and the ids of all outstanding calls", async () => {
      expect(await context.session.executeToPending(context.request(TWO_CALLS))).toEqual({
        type: "pending",
        cellId: "1",
        contentItems: text("asking"),
        pendingToolCallIds: ["tool-1", "tool-2"],
      });
    });

    it("freezes the cell: answers wait for the next observation", async () => {
      await context.session.executeToPending(
        context.request("await tools.hold({}); text('ran on'); await tools.hold({})"),
      );
      context.host.answer("1/tool-1", null);
      await settleLoop();
      expect(context.host.calls).toHaveLength(1);
      expect(await context.session.waitToPending({ cellId: "1" })).toEqual({
        type: "live",
        outcome: {
          type: "pending",
          cellId: "1",
          contentItems: text("ran on"),
          pendingToolCallIds: ["tool-2"],
        },
      });
    });

    it("freezes timers, too", async () => {
      const outcome = await context.session.executeToPending(
        context.request("setTimeout(() => text('fired'), 0); await tools.hold({});"),
      );
      expect(outcome.type).toBe("pending");
      await settleLoop();
      const { response } = await context.session.terminate({ cellId: "1" });
      expect(response.contentItems).toEqual([]);
    });

    it("lets a plain wait run a frozen cell on", async () => {
      await context.session.executeToPending(context.request(TWO_CALLS));
      context.host.answer("1/tool-1", 1);
      context.host.answer("1/tool-2", 2);
      expect(await context.wait("1")).toEqual(result("1", "3"));
    });

    it("reports a frontier again only after something was delivered", async () => {
      await context.session.executeToPending(context.request(TWO_CALLS));
      const again = context.session.waitToPending({ cellId: "1" });
      context.host.answer("1/tool-2", 2);
      expect(await again).toEqual({
        type: "live",
        outcome: { type: "pending", cellId: "1", contentItems: [], pendingToolCallIds: ["tool-1"] },
      });
    });

    it("returns the result of a script that ends before it waits for anything", async () => {
      expect(await context.session.executeToPending(context.request("text('over')"))).toEqual({
        type: "completed",
        response: result("1", "over"),
      });
    });

    it("does not end at yield_control", async () => {
      const outcome = await context.session.executeToPending(
        context.request("text(1); yield_control(); text(2)"),
      );
      expect(outcome).toEqual({ type: "completed", response: result("1", "1", "2") });
    });

    it("says missing for an unknown cell", async () => {
      expect(await context.session.waitToPending({ cellId: "9" })).toEqual({
        type: "missing",
        response: missing("9"),
      });
    });
  });
}
