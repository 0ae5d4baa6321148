import { describe, expect, it } from "vitest";
import type { PayloadId } from "@rollout-trace/protocol";
import { eventsOf, linesOf, openStore, payloadOf } from "../support.ts";

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

  it("keeps early instrumentation with its payloads, in the turn it came from", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    root.other({ kind: "cache", summary: "warm" });
    const turn = root.startTurn({ turnId: "u" });
    const payloads = [{ kind: "protocol_event", value: () => ({ prompt: 1 }) }] as const;
    turn.other({ kind: "cache", summary: "a hit", payloads, metadata: () => ({ saved: 2 }) });
    const source = store.openRollout("r");
    const other = { type: "other", kind: "cache" };
    const stored = [{ payload_id: "p1", kind: "protocol_event" }];
    expect(linesOf(source).filter(([, , { type }]) => type === "other")).toEqual([
      ["t", null, { ...other, summary: "warm", payloads: [], metadata: null }],
      ["t", "u", { ...other, summary: "a hit", payloads: stored, metadata: { saved: 2 } }],
    ]);
    expect(payloadOf(source, { payload_id: "p1" as PayloadId })).toEqual({ prompt: 1 });
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
