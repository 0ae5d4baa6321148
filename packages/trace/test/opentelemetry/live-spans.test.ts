import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import type { CodeModeObserver, NestedToolCall } from "@rollout-trace/protocol";
import { openStore } from "../support.ts";
import { ask, IDS, KIND, RESPONSE } from "./questions.ts";
import { registerSdk, treeOf } from "./sdk.ts";

const MCP_KIND = { type: "mcp", server: "files", tool: "read" } as const;

/** The events of a cell that makes one nested call, as a session sends them; `between` runs before the call. */
function runCell(observer: CodeModeObserver, callId: string, between: () => void = () => undefined): void {
  const call: NestedToolCall = {
    cellId: "1",
    runtimeToolCallId: "tool-1",
    toolName: { name: "read", namespace: "files" },
    kind: "function",
    input: { path: "a" },
  };
  observer.observe({ type: "cell_started", cellId: "1", toolCallId: callId, source: "await tools.read()" });
  between();
  observer.observe({ type: "nested_call_started", call, recordAs: MCP_KIND });
  observer.observe({
    type: "nested_call_ended",
    cellId: "1",
    runtimeToolCallId: "tool-1",
    status: "completed",
    endCause: "returned",
    result: { type: "value", value: 1 },
  });
}

function endCell(observer: CodeModeObserver): void {
  const response = { type: "result", cellId: "1", contentItems: [] } as const;
  observer.observe({ type: "cell_ended", cellId: "1", status: "completed", response, journal: null });
}

describe("live spans", () => {
  it("say of a turn and its inference call who asked which model, and what came back", () => {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn({ turnId: "u" });
    ask(turn, { inferenceCallId: "i" }).completed({ responseId: "resp_1", response: () => RESPONSE });
    turn.end();
    const spans = finished().map(({ name, kind, attributes, status }) => ({
      name,
      kind,
      attributes,
      status,
    }));
    expect(spans).toEqual([
      {
        name: "chat m-1",
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": "openai",
          "gen_ai.request.model": "m-1",
          "gen_ai.conversation.id": "r",
          "gen_ai.response.id": "resp_1",
          "gen_ai.response.model": "m-1-2026",
          "gen_ai.usage.input_tokens": 10,
          "gen_ai.usage.output_tokens": 3,
          "gen_ai.usage.cache_read.input_tokens": 4,
          "gen_ai.usage.reasoning.output_tokens": 1,
          "rollout_trace.rollout_id": "r",
          "rollout_trace.thread_id": "t",
          "rollout_trace.turn_id": "u",
          "rollout_trace.inference_call_id": "i",
          "rollout_trace.seq": 4,
          "rollout_trace.status": "completed",
        },
      },
      {
        name: "invoke_agent root",
        kind: SpanKind.INTERNAL,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          "gen_ai.operation.name": "invoke_agent",
          "gen_ai.agent.name": "root",
          "gen_ai.agent.id": "t",
          "gen_ai.conversation.id": "r",
          "rollout_trace.rollout_id": "r",
          "rollout_trace.thread_id": "t",
          "rollout_trace.turn_id": "u",
          "rollout_trace.seq": 3,
          "rollout_trace.status": "completed",
        },
      },
    ]);
  });

  it("hang cells under their exec call, nested calls under their cell, and waits under their call with a link to the cell", () => {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    const observer = turn.codeModeObserver();
    const exec = turn.startToolCall({
      kind: { type: "code_cell_exec" },
      label: "exec",
      modelVisibleCallId: "call_1",
    });
    runCell(observer, "call_1");
    exec.ended();
    const wait = turn.startToolCall({
      kind: { type: "code_cell_wait" },
      label: "wait",
      modelVisibleCallId: "call_2",
    });
    observer.observe({ type: "wait_started", waitId: "w", cellId: "1", toolCallId: "call_2", mode: "yield" });
    observer.observe({ type: "wait_ended", waitId: "w", cellId: "1", outcome: "completed", response: null });
    wait.ended();
    endCell(observer);
    turn.end();
    expect(treeOf(finished())).toEqual([
      "invoke_agent root",
      "  execute_tool exec",
      "    code_cell",
      "      execute_tool read",
      "  execute_tool wait",
      "    code_cell_wait -> code_cell (code_cell)",
    ]);
    expect(finished().find(({ name }) => name === "execute_tool read")?.attributes).toEqual({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "read",
      "gen_ai.tool.type": "function",
      "mcp.method.name": "tools/call",
      "rollout_trace.end_cause": "returned",
      "rollout_trace.rollout_id": "r",
      "rollout_trace.thread_id": "t",
      "rollout_trace.turn_id": turn.turnId,
      "rollout_trace.tool_call_id": expect.any(String),
      "rollout_trace.seq": 6,
      "rollout_trace.status": "completed",
    });
  });

  it("put what a cell does in a later turn under that turn, with a link to the cell", () => {
    const finished = registerSdk();
    const thread = openStore().startRollout(IDS);
    const observer = thread.codeModeObserver();
    const first = thread.startTurn();
    let second = first;
    runCell(observer, "call_1", () => {
      first.end();
      second = thread.startTurn();
    });
    second.end();
    endCell(observer);
    expect(treeOf(finished())).toEqual([
      "invoke_agent root",
      "  code_cell",
      "invoke_agent root",
      "  execute_tool read -> code_cell (code_cell)",
    ]);
  });

  it("follow the async context: concurrent turns keep apart, and the host's own spans stand between", async () => {
    const finished = registerSdk();
    const tracer = trace.getTracer("host");
    const root = openStore().startRollout(IDS);
    await Promise.all(
      ["a", "b"].map(async (name) => {
        const turn = root.startTurn({ turnId: name });
        await turn.run(() =>
          tracer.startActiveSpan(`step ${name}`, async (step) => {
            await new Promise((resolve) => setImmediate(resolve));
            await turn.traceTool({ kind: { type: "other", name } }, async () => {
              await new Promise((resolve) => setImmediate(resolve));
              tracer.startSpan(`work ${name}`).end();
            });
            step.end();
          }),
        );
        turn.end();
      }),
    );
    expect(treeOf(finished()).toSorted()).toEqual(
      ["a", "b"]
        .flatMap((name) => [
          "invoke_agent root",
          `  step ${name}`,
          `    execute_tool ${name}`,
          `      work ${name}`,
        ])
        .toSorted(),
    );
    const byName = new Map(finished().map((span) => [span.name, span]));
    expect(byName.get("work a")?.parentSpanContext?.spanId).toBe(
      byName.get("execute_tool a")?.spanContext().spanId,
    );
    expect(byName.get("step b")?.attributes).toEqual({});
  });

  it("let an explicit handle win over the context", () => {
    const finished = registerSdk();
    const root = openStore().startRollout(IDS);
    const [outer, inner] = [root.startTurn(), root.startTurn()];
    outer.run(() => inner.startToolCall({ kind: KIND }).ended());
    inner.end();
    expect(treeOf(finished())).toEqual(["invoke_agent root", "  execute_tool lookup"]);
  });

  it("hang a child's turns under the call that spawned it, also when they begin outside of it", () => {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    const spawn = turn.startToolCall({ kind: { type: "spawn_agent" } });
    const child = spawn.run(() => turn.thread.startChildThread({ taskName: "helper", threadId: "c" }));
    spawn.agentInteractionEnded({ kind: "spawn_agent", targetThreadId: "c" });
    spawn.ended();
    child.startTurn().end();
    turn.end();
    expect(treeOf(finished())).toEqual([
      "invoke_agent root",
      "  execute_tool spawn_agent",
      "    invoke_agent helper",
    ]);
  });

  it("link a turn to the message that caused it, and a request to what an agent reported", () => {
    const finished = registerSdk();
    const root = openStore().startRollout(IDS);
    const child = root.startChildThread({ taskName: "helper", threadId: "c" });
    const turn = root.startTurn();
    const send = turn.startToolCall({ kind: { type: "send_message" } });
    send.agentInteractionStarted({ kind: "send_message", targetThreadId: "c", message: "go on" });
    send.agentInteractionEnded({ kind: "send_message", targetThreadId: "c", message: "go on" });
    send.ended();
    const childTurn = child.startTurn();
    childTurn.end();
    child.agentResult({ message: "done" });
    ask(turn).completed({ response: () => RESPONSE });
    turn.end();
    expect(treeOf(finished())).toEqual([
      "invoke_agent root",
      "  execute_tool send_message",
      "  chat m-1 -> invoke_agent helper (agent_result)",
      "invoke_agent helper -> execute_tool send_message (send_message)",
    ]);
  });

  it("say how something failed", () => {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    ask(turn).failed({ error: new RangeError("too long") });
    ask(turn).cancelled({ reason: "interrupted" });
    expect(() =>
      turn.traceTool({ kind: KIND }, () => {
        throw new TypeError("no such thing");
      }),
    ).toThrow("no such thing");
    turn.end("failed");
    const ends = finished().map(({ name, status, attributes }) => [
      name,
      status,
      attributes["error.type"],
      attributes["rollout_trace.status"],
    ]);
    expect(ends).toEqual([
      ["chat m-1", { code: SpanStatusCode.ERROR, message: "too long" }, "RangeError", "failed"],
      ["chat m-1", { code: SpanStatusCode.UNSET }, undefined, "cancelled"],
      [
        "execute_tool lookup",
        { code: SpanStatusCode.ERROR, message: "no such thing" },
        "TypeError",
        "failed",
      ],
      ["invoke_agent root", { code: SpanStatusCode.ERROR }, "_OTHER", "failed"],
    ]);
  });

  it("tell the gen_ai call id only of calls that a model made", () => {
    const finished = registerSdk();
    const turn = openStore().startRollout(IDS).startTurn();
    turn.startToolCall({ kind: KIND, toolCallId: "ours" }).ended();
    turn.startToolCall({ kind: KIND, modelVisibleCallId: "call_7" }).ended();
    expect(finished().map(({ attributes }) => attributes["gen_ai.tool.call.id"])).toEqual([
      undefined,
      "call_7",
    ]);
  });
});
