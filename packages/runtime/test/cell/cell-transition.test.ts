import type { ContentItem } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import type { CellEffect } from "../../src/cell/cell-effect.ts";
import type { CellMessage } from "../../src/cell/cell-message.ts";
import { type CellState, initialState, type Observer } from "../../src/cell/cell-state.ts";
import { transition } from "../../src/cell/cell-transition.ts";

const EXEC: Observer = { id: 0, until: { type: "yield", deadlineMs: 10 } };
const WAIT: Observer = { id: 1, until: { type: "yield", deadlineMs: 10 } };
const PENDING: Observer = { id: 2, until: { type: "pending" } };
const END: Observer = { id: 3, until: { type: "end" } };
const COMPLETED = { type: "settled", outcome: { type: "completed" }, writes: new Map([["k", "1"]]) } as const;
const TERMINATE = { type: "terminate", requester: END, cause: "host", toolCallId: null } as const;
const IDLE = { type: "idle", delivered: 0, timers: 0 } as const;

function item(text: string): ContentItem {
  return { type: "input_text", text };
}

function output(text: string): CellMessage {
  return { type: "output", item: item(text) };
}

function after(
  start: CellState,
  ...messages: readonly CellMessage[]
): {
  state: CellState;
  effects: CellEffect[];
} {
  let state = start;
  const effects: CellEffect[] = [];
  for (const message of messages) {
    const next = transition(state, message, (limit) => `passed ${limit}`);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

describe("a cell's transition", () => {
  it("commits stored values in the same step that decides on completion", () => {
    expect(after(initialState(EXEC), COMPLETED).effects).toEqual([
      { type: "commit", writes: COMPLETED.writes },
      { type: "stop", how: { type: "settled" } },
    ]);
  });

  it("lets a termination that was accepted win over a later completion", () => {
    const { effects } = after(initialState(EXEC), output("a"), TERMINATE, COMPLETED, { type: "stopped" });
    expect(effects).toEqual([
      { type: "report_cancel", cause: "host", toolCallId: null, limit: null },
      { type: "stop", how: { type: "cancelled", cause: "host" } },
      { type: "report_end", end: { type: "terminated" }, items: [item("a")] },
      { type: "respond", id: 0, outcome: { type: "ended", end: { type: "terminated" }, items: [item("a")] } },
      { type: "respond", id: 3, outcome: { type: "ended", end: { type: "terminated" }, items: [] } },
      { type: "close" },
    ]);
  });

  it("lets a completion that was committed win over a later termination", () => {
    const { effects } = after(initialState(EXEC), COMPLETED, TERMINATE, { type: "stopped" });
    expect(effects.filter(({ type }) => type === "respond")).toEqual([
      { type: "respond", id: 0, outcome: { type: "ended", end: { type: "completed" }, items: [] } },
      { type: "respond", id: 3, outcome: { type: "ended", end: { type: "completed" }, items: [] } },
    ]);
  });

  it("ignores the deadline of an observer that is gone", () => {
    const { state, effects } = after(
      initialState(EXEC),
      { type: "unobserve", id: 0 },
      { type: "observe", observer: WAIT },
      { type: "deadline_passed", id: 0 },
    );
    expect(effects).toEqual([
      { type: "disarm_deadline" },
      { type: "abandon", id: 0 },
      { type: "arm_deadline", id: 1, ms: 10 },
    ]);
    expect(state).toMatchObject({ phase: "running", observer: WAIT });
  });

  it("does not take an idle report for the frontier that is older than a delivery", () => {
    const { state } = after(
      initialState(PENDING),
      { type: "tool_called", callId: "tool-1", toolIndex: 0, inputJson: undefined, line: null },
      { type: "tool_answered", callId: "tool-1", result: { ok: true, json: "1" } },
      IDLE,
    );
    expect(state).toMatchObject({ phase: "running", activity: "busy" });
    expect(after(state, { ...IDLE, delivered: 1 }).state.phase).toBe("frozen");
  });

  it("freezes at once when an idle cell is observed to its frontier", () => {
    const { state, effects } = after(
      initialState(EXEC),
      output("a"),
      IDLE,
      { type: "unobserve", id: 0 },
      { type: "observe", observer: PENDING },
    );
    expect(state.phase).toBe("frozen");
    expect(effects.at(-1)).toEqual({
      type: "respond",
      id: 2,
      outcome: { type: "pending", items: [item("a")] },
    });
  });

  it("holds what arrives for a frozen cell and hands it over in order", () => {
    const first = { type: "tool_answered", callId: "tool-2", result: { ok: false, error: "no" } } as const;
    const frozen = after(initialState(PENDING), { ...IDLE, timers: 1 }, first, {
      type: "timer_due",
      timerId: 7,
    });
    expect(frozen.effects.filter(({ type }) => type === "deliver")).toEqual([]);
    const { state, effects } = after(frozen.state, { type: "observe", observer: WAIT });
    expect(effects).toEqual([
      { type: "deliver", delivery: { type: "tool_result", callId: "tool-2", result: first.result } },
      { type: "deliver", delivery: { type: "timer", timerId: 7 } },
      { type: "arm_deadline", id: 1, ms: 10 },
    ]);
    expect(state).toMatchObject({ phase: "running", activity: "busy", issued: 2 });
  });

  it("reports the frontier of a cell again at once when nothing can ever arrive", () => {
    const frozen = after(initialState(PENDING), IDLE);
    const { state, effects } = after(frozen.state, { type: "observe", observer: { ...PENDING, id: 9 } });
    expect(state.phase).toBe("frozen");
    expect(effects).toEqual([{ type: "respond", id: 9, outcome: { type: "pending", items: [] } }]);
  });

  it("reports a model's request to cancel also when there is nothing left to cancel", () => {
    const request = { ...TERMINATE, cause: "model", toolCallId: "call-wait" } as const;
    const { effects } = after(
      initialState(EXEC),
      { type: "unobserve", id: 0 },
      COMPLETED,
      { type: "stopped" },
      request,
    );
    expect(effects.slice(-3)).toEqual([
      { type: "report_cancel", cause: "model", toolCallId: "call-wait", limit: null },
      { type: "respond", id: 3, outcome: { type: "ended", end: { type: "completed" }, items: [] } },
      { type: "close" },
    ]);
  });

  it("says missing to whoever comes after the last response", () => {
    const { effects } = after(
      initialState(EXEC),
      COMPLETED,
      { type: "stopped" },
      { type: "observe", observer: WAIT },
    );
    expect(effects.at(-1)).toEqual({ type: "respond", id: 1, outcome: { type: "missing" } });
  });
});
