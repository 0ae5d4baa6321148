import { describe, expect, it } from "vitest";
import { eventsOf, linesOf, openStore } from "../support.ts";

describe("a rollout", () => {
  it("has previews that are cut at 160 code points and never within one", () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    for (const inputPreview of ["😀".repeat(160), "😀".repeat(161), "x".repeat(10_000)]) {
      turn.startToolCall({ kind: { type: "web" }, inputPreview });
    }
    const previews = eventsOf(store.openRollout("r")).flatMap(({ payload }) =>
      payload.type === "tool_call_started" ? [payload.input_preview] : [],
    );
    expect(previews).toEqual(["😀".repeat(160), `${"😀".repeat(159)}…`, `${"x".repeat(159)}…`]);
  });

  it("may be recorded several times, each recording apart, the latest one first", () => {
    const store = openStore();
    store.startRollout({ rolloutId: "r", rootThread: { threadId: "first" } }).endRollout();
    store.startRollout({ rolloutId: "r", rootThread: { threadId: "second" } });
    const [first, second] = store.rollouts();
    expect([first?.state, second?.state]).toEqual(["completed", "recording"]);
    const roots = ["r", first?.traceId ?? "", second?.traceId ?? ""].map(
      (id) => linesOf(store.openRollout(id))[1]?.[0],
    );
    expect(roots).toEqual(["second", "first", "second"]);
  });
});
