import { context, trace, type TracerProvider } from "@opentelemetry/api";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { eventsOf, openStore } from "../support.ts";
import { ask, IDS, KIND, RESPONSE } from "./questions.ts";
import { registerSdk, treeOf } from "./sdk.ts";

describe("content on spans", () => {
  function everything(): string {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    ask(turn).completed({ response: () => RESPONSE });
    turn.traceTool(
      {
        kind: KIND,
        invocation: () => ({
          tool_name: "lookup",
          payload: { type: "function", arguments: '{"key":"hello"}' },
        }),
      },
      () => "hi",
    );
    turn.end();
    return JSON.stringify(finished().map(({ attributes }) => attributes));
  }

  it("is off unless asked for", () => {
    expect(everything()).not.toMatch(/hello|"hi"|messages|arguments/);
  });

  it("is messages, arguments and results when asked for, without secrets", () => {
    vi.stubEnv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    onTestFinished(() => void vi.unstubAllEnvs());
    const secret = `sk-ant-api03-${"x1Y2".repeat(24)}`;
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    turn
      .startInference({
        model: "m-1",
        provider: "openai",
        dialect: "openai_chat",
        request: () => ({
          messages: [
            { role: "system", content: "be brief" },
            { role: "user", content: `my key is ${secret}` },
            { role: "tool", tool_call_id: "call_1", content: "42" },
          ],
        }),
      })
      .completed({ response: () => RESPONSE });
    turn.traceTool(
      {
        kind: KIND,
        invocation: () => ({ tool_name: "lookup", payload: { type: "json", value: { key: "k" } } }),
      },
      () => "found",
    );
    const [chat, tool] = finished().map(({ attributes }) => attributes);
    expect(JSON.parse(String(chat?.["gen_ai.input.messages"]))).toEqual([
      { role: "system", parts: [{ type: "text", content: "be brief" }] },
      {
        role: "user",
        parts: [{ type: "text", content: expect.stringMatching(/^my key is \[redacted:.*\]$/) }],
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: "42" }] },
    ]);
    expect(JSON.parse(String(chat?.["gen_ai.output.messages"]))).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "hi" }] },
    ]);
    expect(tool).toMatchObject({
      "gen_ai.tool.call.arguments": '{"key":"k"}',
      "gen_ai.tool.call.result": "found",
    });
  });
});

describe("the recorder beside OpenTelemetry", () => {
  /** Every property that the recorder reads of what a host gives, in order. */
  function reads(openTelemetry: boolean): readonly string[] {
    const seen: string[] = [];
    const watched = <Value extends object>(value: Value): Value =>
      new Proxy(value, {
        get(target, key, receiver) {
          seen.push(String(key));
          return Reflect.get(target, key, receiver);
        },
      });
    const turn = openStore({ openTelemetry }).startRollout(IDS).startTurn();
    const request = (): object => ({});
    const options = { model: "m", provider: "p", dialect: "openai_chat", request } as const;
    turn.startInference(watched(options)).completed(watched({ response: () => RESPONSE }));
    turn.startToolCall(watched({ kind: watched(KIND), modelVisibleCallId: "c" })).ended(watched({}));
    turn.end();
    return seen;
  }

  it("builds nothing when no SDK is registered: it reads what it reads with spans switched off", () => {
    expect(reads(true)).toEqual(reads(false));
  });

  it("opens no span when spans are switched off", () => {
    const finished = registerSdk();
    reads(false);
    expect(finished()).toEqual([]);
  });

  it("records the same events with and without spans", () => {
    const types = (openTelemetry: boolean): readonly unknown[] => {
      registerSdk();
      const store = openStore({ openTelemetry });
      const turn = store.startRollout(IDS).startTurn({ turnId: "u" });
      ask(turn, { inferenceCallId: "i" }).completed({ response: () => RESPONSE });
      turn.end();
      return eventsOf(store.openRollout("r")).map(({ payload, seq }) => [seq, payload.type]);
    };
    expect(types(true)).toEqual(types(false));
  });

  it("outlives an SDK that throws, and still runs the host's code", () => {
    const broken: TracerProvider = {
      getTracer: () => ({
        startSpan: () => {
          throw new Error("out of order");
        },
        startActiveSpan: () => {
          throw new Error("out of order");
        },
      }),
    };
    trace.setGlobalTracerProvider(broken);
    onTestFinished(() => trace.disable());
    const store = openStore();
    const turn = store.startRollout(IDS).startTurn();
    expect(turn.traceTool({ kind: KIND }, () => 7)).toBe(7);
    turn.end();
    expect(eventsOf(store.openRollout("r")).at(-1)?.payload.type).toBe("turn_ended");
  });

  it("keeps the context's own span where there is no context manager", () => {
    const finished = registerSdk();
    context.disable();
    const turn = openStore().startRollout(IDS).startTurn();
    turn.run(() => turn.startToolCall({ kind: KIND }).ended());
    turn.end();
    expect(treeOf(finished())).toEqual(["invoke_agent root", "  execute_tool lookup"]);
  });
});
