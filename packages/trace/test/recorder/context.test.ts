import { describe, expect, it } from "vitest";
import { currentTrace } from "@rollout-trace/trace";
import { eventsOf, linesOf, openStore, payloadOf } from "../support.ts";

const KIND = { type: "other", name: "tool" } as const;

describe("the current context", () => {
  it("is empty outside of everything that is recorded", () => {
    expect(currentTrace()).toEqual({ thread: null, turn: null, toolCall: null });
  });

  it("keeps concurrent turns and their calls apart across awaits", async () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    const turns = ["a", "b", "c"].map((turnId) => root.startTurn({ turnId }));
    const seen = await Promise.all(
      turns.map((turn) =>
        turn.traceTool({ kind: KIND, toolCallId: `call-${turn.turnId}` }, async () => {
          const places: string[] = [];
          for (let step = 0; step < 5; step += 1) {
            await new Promise((resolve) => setImmediate(resolve));
            const { turn: current, toolCall } = currentTrace();
            places.push(`${current?.turnId} ${toolCall?.toolCallId}`);
            current?.protocolEvent("step", () => step);
          }
          return places;
        }),
      ),
    );
    expect(seen).toEqual(["a", "b", "c"].map((id) => Array.from({ length: 5 }, () => `${id} call-${id}`)));
    const steps = linesOf(store.openRollout("r")).filter(
      ([, , { type }]) => type === "protocol_event_observed",
    );
    expect(steps.map(([thread, turn]) => `${thread} ${turn}`).toSorted()).toEqual(
      ["a", "b", "c"].flatMap((id) => Array.from({ length: 5 }, () => `t ${id}`)),
    );
  });

  it("gives way to an explicit handle", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r" });
    const [outer, inner] = [root.startTurn({ turnId: "outer" }), root.startTurn({ turnId: "inner" })];
    outer.run(() => inner.startToolCall({ kind: KIND }));
    expect(linesOf(store.openRollout("r")).at(-1)?.[1]).toBe("inner");
  });
});

describe("traceTool", () => {
  it("hands back the very value or promise of the tool and records it as the result", async () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const value = { rows: 3 };
    const promise = Promise.resolve(value);
    expect(turn.traceTool({ kind: KIND }, () => value)).toBe(value);
    const returned = turn.traceTool({ kind: KIND, item: (got) => ({ type: "out", got }) }, () => promise);
    expect(returned).toBe(promise);
    await returned;
    const source = store.openRollout("r");
    const ends = eventsOf(source).flatMap(({ payload }) =>
      payload.type === "tool_call_ended" ? [payload] : [],
    );
    expect(
      ends.map(({ status, end_cause, result }) => [status, end_cause, payloadOf(source, result)]),
    ).toEqual([
      ["completed", "returned", { type: "direct", item: { rows: 3 } }],
      ["completed", "returned", { type: "direct", item: { type: "out", got: { rows: 3 } } }],
    ]);
  });

  it("throws what the tool throws, and records how it failed", async () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const errors = [
      new Error("broken"),
      new DOMException("stopped", "AbortError"),
      new DOMException("slow", "TimeoutError"),
    ];
    for (const error of errors) {
      const throwing = (): never => {
        throw error;
      };
      expect(() => turn.traceTool({ kind: KIND }, throwing)).toThrow(error);
      await expect(turn.traceTool({ kind: KIND }, () => Promise.reject(error))).rejects.toBe(error);
    }
    const source = store.openRollout("r");
    const ends = eventsOf(source).flatMap(({ payload }) =>
      payload.type === "tool_call_ended" ? [payload] : [],
    );
    expect(
      ends.map(({ status, end_cause, result }) => [status, end_cause, payloadOf(source, result)]),
    ).toEqual(
      [
        ["failed", "error", { type: "error", error: "broken" }],
        ["cancelled", null, { type: "error", error: "stopped" }],
        ["failed", "timeout", { type: "error", error: "slow" }],
      ].flatMap((end) => [end, end]),
    );
  });
});
