import { describe, expect, it } from "vitest";
import type { RawEventPayload } from "@rollout-trace/protocol";
import { eventsOf, linesOf, openStore, payloadOf, payloadIdsIn } from "../support.ts";

describe("the handles of a rollout", () => {
  it("record exactly one event per call, in the order of the calls", () => {
    const store = openStore();
    const root = store.startRollout({
      rolloutId: "r",
      rootThread: { threadId: "t", model: "m-1", nickname: "Ada", metadata: () => ({ cwd: "/" }) },
      host: { name: "host", version: "1.2" },
    });
    const turn = root.startTurn({ turnId: "u" });
    turn.historyItemAccepted({ itemId: "msg_1", item: () => ({ role: "user" }) });
    const inference = turn.startInference({
      inferenceCallId: "i",
      model: "m-1",
      provider: "p",
      dialect: "openai_responses",
      request: () => ({ model: "m-1", input: [{ role: "user" }] }),
    });
    inference.completed({
      responseId: "resp_1",
      upstreamRequestId: "req_1",
      response: () => ({ output_items: [] }),
    });
    const call = turn.startToolCall({
      toolCallId: "c",
      kind: { type: "exec_command" },
      modelVisibleCallId: "call_1",
      inputPreview: "ls",
      invocation: () => ({ tool_name: "shell", payload: { type: "function", arguments: "{}" } }),
    });
    call.runtimeStarted(() => ({ type: "exec_command_begin", command: ["ls"], cwd: "/" }), {
      kind: { type: "write_stdin" },
    });
    call.stdinTarget("c0");
    call.mcpCallAssigned("mcp-1");
    call.agentInteractionStarted({ kind: "send_message", targetThreadId: "t2", message: "hello" });
    const told = { kind: "send_message", targetThreadId: "t2", message: "hello" } as const;
    call.agentInteractionEnded({ ...told, runtime: () => ({ delivered: true }) });
    call.runtimeEnded(() => ({ type: "exec_command_end", exit_code: 1, stdout: "", stderr: "no" }), "failed");
    call.ended({
      status: "failed",
      result: () => ({ type: "direct", item: { type: "function_call_output" } }),
      outputPreview: "no",
      sizes: { produced_bytes: 10, to_requester_bytes: 2 },
    });
    turn.protocolEvent("token_count", () => ({ total: 3 }));
    turn.end("cancelled");
    root.endRollout("aborted");

    const source = store.openRollout("r");
    const events = eventsOf(source);
    const [started] = events.map((event) => event.payload);
    expect(linesOf(source)).toEqual([
      [
        null,
        null,
        { ...started, type: "rollout_started", root_thread_id: "t", host: { name: "host", version: "1.2" } },
      ],
      [
        "t",
        null,
        {
          type: "thread_started",
          thread_id: "t",
          agent_path: "/root",
          origin: { type: "root" },
          nickname: "Ada",
          model: "m-1",
          metadata: { payload_id: "p1", kind: "thread_metadata" },
        },
      ],
      ["t", "u", { type: "turn_started", turn_id: "u", thread_id: "t" }],
      [
        "t",
        "u",
        { type: "history_item_accepted", item_id: "msg_1", item: { payload_id: "p2", kind: "other" } },
      ],
      [
        "t",
        "u",
        {
          type: "inference_started",
          inference_call_id: "i",
          thread_id: "t",
          turn_id: "u",
          model: "m-1",
          provider: "p",
          dialect: "openai_responses",
          input_mode: { type: "full" },
          request: { payload_id: "p3", kind: "inference_request" },
        },
      ],
      [
        "t",
        "u",
        {
          type: "inference_completed",
          inference_call_id: "i",
          response_id: "resp_1",
          upstream_request_id: "req_1",
          response: { payload_id: "p4", kind: "inference_response" },
        },
      ],
      [
        "t",
        "u",
        {
          type: "tool_call_started",
          tool_call_id: "c",
          requester: { type: "model" },
          model_visible_call_id: "call_1",
          runtime_tool_call_id: null,
          kind: { type: "exec_command" },
          label: "exec_command",
          input_preview: "ls",
          invocation: { payload_id: "p5", kind: "tool_invocation" },
        },
      ],
      [
        "t",
        "u",
        {
          type: "tool_call_runtime_started",
          tool_call_id: "c",
          kind: { type: "write_stdin" },
          runtime: { payload_id: "p6", kind: "tool_runtime_event" },
        },
      ],
      ["t", "u", { type: "stdin_target_resolved", tool_call_id: "c", exec_tool_call_id: "c0" }],
      ["t", "u", { type: "mcp_call_assigned", tool_call_id: "c", mcp_call_id: "mcp-1" }],
      [
        "t",
        "u",
        {
          type: "agent_interaction_started",
          tool_call_id: "c",
          kind: "send_message",
          target_thread_id: "t2",
          message: "hello",
          runtime: null,
        },
      ],
      [
        "t",
        "u",
        {
          type: "agent_interaction_ended",
          tool_call_id: "c",
          kind: "send_message",
          target_thread_id: "t2",
          message: "hello",
          runtime: { payload_id: "p7", kind: "tool_runtime_event" },
          status: "completed",
        },
      ],
      [
        "t",
        "u",
        {
          type: "tool_call_runtime_ended",
          tool_call_id: "c",
          status: "failed",
          runtime: { payload_id: "p8", kind: "tool_runtime_event" },
        },
      ],
      [
        "t",
        "u",
        {
          type: "tool_call_ended",
          tool_call_id: "c",
          status: "failed",
          end_cause: "error",
          result: { payload_id: "p9", kind: "tool_result" },
          output_preview: "no",
          sizes: { produced_bytes: 10, to_requester_bytes: 2 },
        },
      ],
      [
        "t",
        "u",
        {
          type: "protocol_event_observed",
          event_type: "token_count",
          event: { payload_id: "p10", kind: "protocol_event" },
        },
      ],
      ["t", "u", { type: "turn_ended", turn_id: "u", status: "cancelled" }],
      ["t", null, { type: "thread_ended", thread_id: "t", status: "aborted" }],
      [null, null, { type: "rollout_ended", status: "aborted" }],
      [null, null, { type: "recording_completed" }],
    ]);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(payloadIdsIn(events).map((payload_id) => payloadOf(source, { payload_id }))).toEqual([
      { cwd: "/" },
      { role: "user" },
      { model: "m-1", input: [{ role: "user" }] },
      { output_items: [] },
      { tool_name: "shell", payload: { type: "function", arguments: "{}" } },
      { type: "exec_command_begin", command: ["ls"], cwd: "/" },
      { delivered: true },
      { type: "exec_command_end", exit_code: 1, stdout: "", stderr: "no" },
      { type: "direct", item: { type: "function_call_output" } },
      { total: 3 },
    ]);
  });

  it("record a child's life, its report and a compaction under the ids that were given", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    const child = root.startChildThread({ threadId: "k", taskName: "search", agentRole: "worker" });
    const grandchild = child.startChildThread({ threadId: "g" });
    const turn = child.startTurn({ turnId: "u" });
    const compaction = turn.compaction({ compactionId: "z" });
    const request = { model: "m", provider: "p", request: () => ({ input: [] }) };
    const first = compaction.startRequest({ compactionRequestId: "z1", ...request });
    first.failed(new Error("overloaded"));
    first.completed({ response: () => ({}) });
    compaction
      .startRequest({ compactionRequestId: "z2", ...request })
      .completed({ response: () => ({ output_items: [] }) });
    compaction.installed(() => ({ input_history: [1, 2], replacement_history: [3] }));
    turn.end();
    child.agentResult({ edgeId: "e", message: "found it", carried: () => ({ role: "user" }) });
    child.end();
    child.end("failed");
    child.resume();
    child.end("failed");

    const source = store.openRollout("r");
    expect(grandchild.agentPath).toBe("/root/search/g");
    expect(linesOf(source).slice(2)).toEqual([
      [
        "k",
        null,
        {
          type: "thread_started",
          thread_id: "k",
          agent_path: "/root/search",
          origin: { type: "spawned", parent_thread_id: "t", task_name: "search", agent_role: "worker" },
          nickname: null,
          model: null,
          metadata: null,
        },
      ],
      [
        "g",
        null,
        {
          type: "thread_started",
          thread_id: "g",
          agent_path: "/root/search/g",
          origin: { type: "spawned", parent_thread_id: "k", task_name: null, agent_role: null },
          nickname: null,
          model: null,
          metadata: null,
        },
      ],
      ["k", "u", { type: "turn_started", turn_id: "u", thread_id: "k" }],
      ...["z1", "z2"].flatMap((id) => {
        const ids = { compaction_id: "z", compaction_request_id: id };
        const number = id === "z1" ? 1 : 2;
        return [
          [
            "k",
            "u",
            {
              type: "compaction_request_started",
              ...ids,
              thread_id: "k",
              turn_id: "u",
              model: "m",
              provider: "p",
              request: { payload_id: `p${number}`, kind: "compaction_request" },
            },
          ],
          [
            "k",
            "u",
            number === 1
              ? { type: "compaction_request_failed", ...ids, error: "overloaded" }
              : {
                  type: "compaction_request_completed",
                  ...ids,
                  response: { payload_id: "p3", kind: "compaction_response" },
                },
          ],
        ];
      }),
      [
        "k",
        "u",
        {
          type: "compaction_installed",
          compaction_id: "z",
          checkpoint: { payload_id: "p4", kind: "compaction_checkpoint" },
        },
      ],
      ["k", "u", { type: "turn_ended", turn_id: "u", status: "completed" }],
      [
        "k",
        "u",
        {
          type: "agent_result_observed",
          edge_id: "e",
          child_thread_id: "k",
          child_turn_id: "u",
          parent_thread_id: "t",
          message: "found it",
          carried: { payload_id: "p5", kind: "agent_result" },
        },
      ],
      ["k", null, { type: "thread_ended", thread_id: "k", status: "completed" }],
      ["k", null, { type: "thread_resumed", thread_id: "k" }],
      ["k", null, { type: "thread_ended", thread_id: "k", status: "failed" }],
    ]);
  });

  it("keep the first end of an inference call and of a tool call", () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const start = { model: "m", provider: "p", dialect: "openai_chat", request: () => ({}) } as const;
    const cancelled = turn.startInference({ ...start, inferenceCallId: "a" });
    cancelled.cancelled({ reason: "interrupted", partialResponse: () => ({ text: "half" }) });
    cancelled.completed({ response: () => ({}) });
    cancelled.failed({ error: "late" });
    const failed = turn.startInference({ ...start, inferenceCallId: "b" });
    failed.failed({ error: new Error("429"), upstreamRequestId: "q" });
    failed.cancelled({ reason: "late" });
    const call = turn.startToolCall({ kind: { type: "web" } });
    call.failed("no network");
    call.ended();

    const ends = eventsOf(store.openRollout("r"))
      .map(({ payload }): RawEventPayload => payload)
      .filter(({ type }) => type.startsWith("inference_") || type === "tool_call_ended")
      .filter(({ type }) => type !== "inference_started");
    expect(ends).toEqual([
      {
        type: "inference_cancelled",
        inference_call_id: "a",
        reason: "interrupted",
        upstream_request_id: null,
        partial_response: { payload_id: "p2", kind: "inference_response" },
      },
      {
        type: "inference_failed",
        inference_call_id: "b",
        error: "429",
        upstream_request_id: "q",
        partial_response: null,
      },
      {
        type: "tool_call_ended",
        tool_call_id: call.toolCallId,
        status: "failed",
        end_cause: "error",
        result: { payload_id: "p4", kind: "tool_result" },
        output_preview: null,
        sizes: null,
      },
    ]);
  });

  it("record what an incremental request builds on", () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const start = { model: "m", provider: "p", dialect: "openai_responses", request: () => ({}) } as const;
    turn.startInference({ ...start, inputMode: { type: "incremental", previousResponseId: "resp_1" } });
    turn.startInference({
      ...start,
      inputMode: {
        type: "incremental_untraced",
        previousResponseId: "resp_0",
        prefix: () => ({ input: [7] }),
      },
    });
    const source = store.openRollout("r");
    const modes = eventsOf(source).flatMap(({ payload }) =>
      payload.type === "inference_started" ? [payload.input_mode] : [],
    );
    expect(modes).toEqual([
      { type: "incremental", previous_response_id: "resp_1" },
      {
        type: "incremental_untraced",
        previous_response_id: "resp_0",
        prefix: { payload_id: "p2", kind: "other" },
      },
    ]);
    expect(payloadIdsIn(modes).map((payload_id) => payloadOf(source, { payload_id }))).toEqual([
      { input: [7] },
    ]);
  });
});
