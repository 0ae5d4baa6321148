import { describe, expect, it, vi } from "vitest";
import { disabledThreadTrace, readTraceStore, startRolloutFromEnv } from "@rollout-trace/trace";
import { temporaryPath } from "../support.ts";

describe("a handle with nothing behind it", () => {
  it("runs the host's code and never builds a payload", async () => {
    const built: string[] = [];
    const payload = (): never => {
      built.push("payload");
      throw new Error("must not be called");
    };
    const thread = disabledThreadTrace();
    const turn = thread.startChildThread({ metadata: payload }).startTurn();
    const inference = turn.startInference({
      model: "m",
      provider: "p",
      dialect: "openai_chat",
      request: payload,
    });
    inference.completed({ response: payload });
    inference.failed({ error: "x", partialResponse: payload });
    inference.cancelled({ reason: "x", partialResponse: payload });
    const call = turn.startToolCall({ kind: { type: "web" }, invocation: payload });
    call.runtimeStarted(payload);
    call.runtimeEnded(payload);
    call.ended({ result: payload });
    turn.historyItemAccepted({ itemId: "i", item: payload });
    turn.protocolEvent("x", payload);
    turn.other({ kind: "x", summary: "x", metadata: payload });
    turn
      .compaction()
      .startRequest({ model: "m", provider: "p", request: payload })
      .completed({ response: payload });
    turn.compaction().installed(payload);
    thread.agentResult({ message: "x", carried: payload });
    const observer = thread.codeModeObserver();
    observer.observe({ type: "cell_started", cellId: "1", toolCallId: "c", source: "" });
    const nested = {
      cellId: "1",
      runtimeToolCallId: "tool-1",
      toolName: { name: "x" },
      kind: "function",
    } as const;
    expect([
      turn.traceTool({ kind: { type: "web" } }, () => 1),
      thread.run(() => 2),
      turn.run(() => 3),
      call.run(() => 4),
      await observer.runNestedCall?.(nested, () => Promise.resolve(5)),
      turn.enabled,
      built,
    ]).toEqual([1, 2, 3, 4, 5, false, []]);
  });

  it("is what the environment gives when it names no store", () => {
    vi.stubEnv("ROLLOUT_TRACE_DB", undefined);
    expect(startRolloutFromEnv().enabled).toBe(false);
    vi.stubEnv("ROLLOUT_TRACE_DB", "");
    expect(startRolloutFromEnv().enabled).toBe(false);
    const path = temporaryPath();
    vi.stubEnv("ROLLOUT_TRACE_DB", path);
    expect(startRolloutFromEnv({ rolloutId: "one" }).enabled).toBe(true);
    expect(startRolloutFromEnv({ rolloutId: "two" }).enabled).toBe(true);
    vi.unstubAllEnvs();
    using reader = readTraceStore(path);
    expect(reader.rollouts().map(({ rolloutId }) => rolloutId)).toEqual(["one", "two"]);
  });
});
