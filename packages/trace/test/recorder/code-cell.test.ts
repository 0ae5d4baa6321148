import { describe, expect, it } from "vitest";
import type { CodeModeEvent, NestedToolCall, RuntimeResponse } from "@rollout-trace/protocol";
import { currentTrace } from "@rollout-trace/trace";
import { eventsOf, linesOf, openStore, payloadIdsIn, payloadOf } from "../support.ts";

const response = (type: RuntimeResponse["type"]): RuntimeResponse => ({
  type,
  cellId: "1",
  contentItems: [{ type: "input_text", text: "out" }],
});
const journal = { random_seed: 1, clock_reads: [], deliveries: [] };
const started: CodeModeEvent = { type: "cell_started", cellId: "1", toolCallId: "exec_1", source: "text(1)" };
const ended: CodeModeEvent = {
  type: "cell_ended",
  cellId: "1",
  status: "completed",
  response: response("result"),
  journal,
};
const nested = (id: string, rest: Partial<NestedToolCall> = {}): NestedToolCall => ({
  cellId: "1",
  runtimeToolCallId: id,
  toolName: { name: "search", namespace: "docs" },
  kind: "function",
  input: { q: "x" },
  ...rest,
});
const MCP = { type: "mcp", server: "docs", tool: "search" } as const;

describe("the code-mode observer", () => {
  it("records every kind of event of a session with its payloads", () => {
    const store = openStore();
    const thread = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    thread.startTurn({ turnId: "u" });
    const observer = thread.codeModeObserver();
    const patch = nested("tool-2", { toolName: { name: "patch" }, kind: "freeform", input: "*** Begin" });
    const events: readonly CodeModeEvent[] = [
      started,
      { type: "nested_call_started", call: nested("tool-1"), recordAs: MCP },
      { type: "nested_call_started", call: patch, recordAs: { type: "apply_patch" } },
      { type: "cell_initial_response", cellId: "1", status: "yielded", response: response("yielded") },
      {
        type: "nested_call_ended",
        cellId: "1",
        runtimeToolCallId: "tool-2",
        status: "failed",
        endCause: "error",
        result: { type: "error", error: "does not apply" },
      },
      { type: "notification", cellId: "1", callId: "exec_1", text: "half way" },
      { type: "wait_started", waitId: "w1", cellId: "1", toolCallId: "wait_1", mode: "yield" },
      { type: "cancel_requested", cellId: "1", toolCallId: null, cause: "limit", limit: "memory" },
      {
        type: "nested_call_ended",
        cellId: "1",
        runtimeToolCallId: "tool-1",
        status: "completed",
        endCause: "returned",
        result: { type: "value", value: { hits: 2 } },
      },
      { type: "wait_ended", waitId: "w1", cellId: "1", outcome: "busy", response: null },
      ended,
    ];
    for (const event of events) observer.observe(event);

    const source = store.openRollout("r");
    const lines = linesOf(source).slice(3);
    const ids = lines.flatMap(([, , payload]) =>
      payload.type === "tool_call_started" ? [payload.tool_call_id] : [],
    );
    expect(lines).toEqual(
      [
        {
          type: "code_cell_started",
          runtime_cell_id: "1",
          model_visible_call_id: "exec_1",
          source: "text(1)",
        },
        {
          type: "tool_call_started",
          tool_call_id: ids[0],
          requester: { type: "code_cell", runtime_cell_id: "1" },
          model_visible_call_id: null,
          runtime_tool_call_id: "tool-1",
          kind: MCP,
          label: "docs.search",
          input_preview: '{"q":"x"}',
          invocation: { payload_id: "p1", kind: "tool_invocation" },
        },
        {
          type: "tool_call_started",
          tool_call_id: ids[1],
          requester: { type: "code_cell", runtime_cell_id: "1" },
          model_visible_call_id: null,
          runtime_tool_call_id: "tool-2",
          kind: { type: "apply_patch" },
          label: "patch",
          input_preview: "*** Begin",
          invocation: { payload_id: "p2", kind: "tool_invocation" },
        },
        {
          type: "code_cell_initial_response",
          runtime_cell_id: "1",
          status: "yielded",
          response: { payload_id: "p3", kind: "code_cell_response" },
        },
        {
          type: "tool_call_ended",
          tool_call_id: ids[1],
          status: "failed",
          end_cause: "error",
          result: { payload_id: "p4", kind: "tool_result" },
          output_preview: "does not apply",
          sizes: null,
        },
        {
          type: "code_cell_notification",
          runtime_cell_id: "1",
          model_visible_call_id: "exec_1",
          text: "half way",
        },
        {
          type: "code_cell_wait_started",
          wait_id: "w1",
          runtime_cell_id: "1",
          model_visible_call_id: "wait_1",
          mode: "yield",
        },
        {
          type: "code_cell_cancel_requested",
          runtime_cell_id: "1",
          model_visible_call_id: null,
          cause: "limit",
          limit: "memory",
        },
        {
          type: "tool_call_ended",
          tool_call_id: ids[0],
          status: "completed",
          end_cause: "returned",
          result: { payload_id: "p5", kind: "tool_result" },
          output_preview: '{"hits":2}',
          sizes: null,
        },
        { type: "code_cell_wait_ended", wait_id: "w1", outcome: "busy", response: null },
        {
          type: "code_cell_ended",
          runtime_cell_id: "1",
          status: "completed",
          response: { payload_id: "p6", kind: "code_cell_response" },
          journal: { payload_id: "p7", kind: "code_cell_journal" },
        },
      ].map((payload) => ["t", "u", payload]),
    );
    expect(payloadIdsIn(lines).map((payload_id) => payloadOf(source, { payload_id }))).toEqual([
      { tool_name: "search", tool_namespace: "docs", payload: { type: "json", value: { q: "x" } } },
      { tool_name: "patch", tool_namespace: null, payload: { type: "custom", input: "*** Begin" } },
      response("yielded"),
      { type: "error", error: "does not apply" },
      { type: "code_mode", value: { hits: 2 } },
      response("result"),
      journal,
    ]);
  });

  it("files a cell's events under the open turn, and between turns under the turn it started in", () => {
    const store = openStore();
    const thread = store.startRollout({ rolloutId: "r" });
    const observer = thread.codeModeObserver();
    const notify = (): void =>
      observer.observe({ type: "notification", cellId: "1", callId: "exec_1", text: "still here" });
    const first = thread.startTurn({ turnId: "one" });
    observer.observe(started);
    first.end();
    notify();
    const second = thread.startTurn({ turnId: "two" });
    notify();
    second.end();
    observer.observe(ended);
    const turns = linesOf(store.openRollout("r")).flatMap(([, turn, { type }]) =>
      type.startsWith("code_cell_") ? [turn] : [],
    );
    expect(turns).toEqual(["one", "one", "two", "one"]);
  });

  it("attributes an agent that a nested tool spawns, with no handle passed around", async () => {
    const store = openStore();
    const thread = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    const observer = thread.startTurn({ turnId: "u" }).codeModeObserver();
    const spawnAgent = async (): Promise<string> => {
      await Promise.resolve();
      const { toolCall, thread: parent } = currentTrace();
      toolCall?.agentInteractionStarted({ kind: "spawn_agent", message: "look" });
      const child = parent?.startChildThread({ threadId: "k" });
      toolCall?.agentInteractionEnded({
        kind: "spawn_agent",
        targetThreadId: child?.threadId,
        message: "look",
      });
      toolCall?.ended({ status: "failed" });
      return "spawned";
    };
    const call = nested("tool-1");
    observer.observe(started);
    observer.observe({ type: "nested_call_started", call, recordAs: { type: "spawn_agent" } });
    const other = nested("tool-2");
    observer.observe({ type: "nested_call_started", call: other, recordAs: { type: "web" } });
    const results = await Promise.all([
      observer.runNestedCall?.(call, spawnAgent),
      observer.runNestedCall?.(other, async () => currentTrace().turn?.turnId),
    ]);
    observer.observe({
      type: "nested_call_ended",
      cellId: "1",
      runtimeToolCallId: "tool-1",
      status: "completed",
      endCause: "returned",
      result: null,
    });

    const payloads = eventsOf(store.openRollout("r")).map(({ payload }) => payload);
    const spawn = payloads.find((payload) => payload.type === "tool_call_started");
    expect(results).toEqual(["spawned", "u"]);
    expect(payloads.slice(6)).toEqual([
      {
        type: "agent_interaction_started",
        tool_call_id: spawn?.tool_call_id,
        kind: "spawn_agent",
        target_thread_id: null,
        message: "look",
        runtime: null,
      },
      expect.objectContaining({ type: "thread_started", thread_id: "k" }),
      {
        type: "agent_interaction_ended",
        tool_call_id: spawn?.tool_call_id,
        kind: "spawn_agent",
        target_thread_id: "k",
        message: "look",
        runtime: null,
        status: "completed",
      },
      expect.objectContaining({ type: "tool_call_ended", status: "completed", result: null }),
    ]);
  });
});
