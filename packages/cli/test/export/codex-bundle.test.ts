import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  decodeRawEvent,
  type JsonValue,
  RAW_EVENT_TYPES,
  type RawEventType,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import {
  assistantMessage,
  execCall,
  execOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "export-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An event of every type, with a value in every field. */
function everyEvent(): RolloutBuilder {
  const rollout = new RolloutBuilder({ stepUs: 1_234 });
  const ref = (kind: Parameters<RolloutBuilder["payload"]>[0], value: JsonValue = { some: kind }) =>
    rollout.payload(kind, value);
  const samples: Readonly<Record<Exclude<RawEventType, "rollout_started">, object>> = {
    rollout_ended: { status: "aborted" },
    thread_started: {
      thread_id: "child",
      agent_path: "/root/child",
      origin: { type: "spawned", parent_thread_id: "root", task_name: "child", agent_role: "scout" },
      nickname: "Nick",
      model: "m",
      metadata: ref("thread_metadata"),
    },
    thread_resumed: { thread_id: "child" },
    thread_ended: { thread_id: "child", status: "completed" },
    turn_started: { turn_id: "turn", thread_id: "root" },
    turn_ended: { turn_id: "turn", status: "failed" },
    inference_started: {
      inference_call_id: "i1",
      thread_id: "root",
      turn_id: "turn",
      model: "m",
      provider: "p",
      dialect: "openai_responses",
      input_mode: { type: "incremental", previous_response_id: "resp_0" },
      request: ref("inference_request", { input: [] }),
    },
    inference_completed: {
      inference_call_id: "i1",
      response_id: "resp_1",
      upstream_request_id: "req_1",
      response: ref("inference_response", { output_items: [] }),
    },
    inference_failed: {
      inference_call_id: "i1",
      error: "e",
      upstream_request_id: "req_1",
      partial_response: ref("inference_response", { output_items: [] }),
    },
    inference_cancelled: {
      inference_call_id: "i1",
      reason: "r",
      upstream_request_id: "req_1",
      partial_response: ref("inference_response", { output_items: [] }),
    },
    history_item_accepted: { item_id: "msg_1", item: ref("protocol_event") },
    tool_call_started: {
      tool_call_id: "c1",
      requester: { type: "host" },
      model_visible_call_id: "call_1",
      runtime_tool_call_id: "tool-1",
      kind: { type: "code_cell_wait" },
      label: "wait",
      input_preview: "{}",
      invocation: ref("tool_invocation"),
    },
    tool_call_runtime_started: {
      tool_call_id: "c1",
      kind: { type: "apply_patch" },
      runtime: ref("tool_runtime_event"),
    },
    tool_call_runtime_ended: { tool_call_id: "c1", status: "completed", runtime: ref("tool_runtime_event") },
    tool_call_ended: {
      tool_call_id: "c1",
      status: "completed",
      end_cause: "timeout",
      result: ref("tool_result", { type: "direct", item: 1 }),
      output_preview: "o",
      sizes: { produced_bytes: 2, to_requester_bytes: 1 },
    },
    stdin_target_resolved: { tool_call_id: "c1", exec_tool_call_id: "c0" },
    mcp_call_assigned: { tool_call_id: "c1", mcp_call_id: "m1" },
    code_cell_started: { runtime_cell_id: "1", model_visible_call_id: "call_1", source: "text(1)" },
    code_cell_initial_response: {
      runtime_cell_id: "1",
      status: "pending",
      response: ref("code_cell_response"),
    },
    code_cell_wait_started: {
      wait_id: "w1",
      runtime_cell_id: "1",
      model_visible_call_id: "call_2",
      mode: "pending",
    },
    code_cell_wait_ended: { wait_id: "w1", outcome: "busy", response: ref("code_cell_response") },
    code_cell_cancel_requested: {
      runtime_cell_id: "1",
      model_visible_call_id: "call_3",
      cause: "limit",
      limit: "cpu",
    },
    code_cell_notification: { runtime_cell_id: "1", model_visible_call_id: "call_1", text: "soon" },
    code_cell_ended: {
      runtime_cell_id: "1",
      status: "terminated",
      response: ref("code_cell_response"),
      journal: ref("code_cell_journal"),
    },
    agent_interaction_started: {
      tool_call_id: "c1",
      kind: "send_message",
      target_thread_id: "child",
      message: "m",
      runtime: ref("tool_runtime_event"),
    },
    agent_interaction_ended: {
      tool_call_id: "c1",
      kind: "send_message",
      target_thread_id: "child",
      message: "m",
      status: "completed",
      runtime: ref("tool_runtime_event"),
    },
    agent_result_observed: {
      edge_id: "an edge of its own",
      child_thread_id: "child",
      child_turn_id: "turn-2",
      parent_thread_id: "root",
      message: "done",
      carried: ref("agent_result"),
    },
    compaction_request_started: {
      compaction_id: "k1",
      compaction_request_id: "k1r1",
      thread_id: "root",
      turn_id: "turn",
      model: "m",
      provider: "p",
      request: ref("compaction_request"),
    },
    compaction_request_completed: {
      compaction_id: "k1",
      compaction_request_id: "k1r1",
      response: ref("compaction_response"),
    },
    compaction_request_failed: { compaction_id: "k1", compaction_request_id: "k1r1", error: "e" },
    compaction_installed: { compaction_id: "k1", checkpoint: ref("compaction_checkpoint") },
    protocol_event_observed: { event_type: "warning", event: ref("protocol_event") },
    span_started: {
      otel_trace_id: "0".repeat(31).concat("1"),
      span_id: "0".repeat(15).concat("1"),
      parent_span_id: "0".repeat(15).concat("2"),
      name: "s",
      kind: "client",
      attributes: { a: 1 },
      links: [],
      start_time_unix_us: 5,
    },
    span_ended: {
      otel_trace_id: "0".repeat(31).concat("1"),
      span_id: "0".repeat(15).concat("1"),
      name: "s",
      attributes: { a: 1 },
      links: [],
      status: { code: "error", message: "m" },
      end_time_unix_us: 6,
    },
    recorder_gap: { dropped_events: 1, dropped_payload_bytes: 2, reason: "r" },
    recording_stopped: { reason: "process_exited" },
    recording_completed: {},
    other: { kind: "k", summary: "s", payloads: [ref("other"), ref("other")], metadata: { a: [1] } },
  };
  for (const [type, fields] of Object.entries(samples)) {
    rollout.event({ type, ...fields }, { thread: "root", turn: "turn" });
  }
  return rollout;
}

/** The events with what a bundle names differently left out: payload ids. */
function comparable(source: RolloutSource): readonly unknown[] {
  return [...source.events()].map((record) => {
    const decoded = record.type === "event" ? decodeRawEvent(record.value) : null;
    if (decoded === null || !decoded.ok) return { unreadable: record };
    return JSON.parse(
      JSON.stringify(decoded.event, (key, value: unknown) => {
        if (key === "payload_id") return "any";
        return value === null ? undefined : value;
      }),
    ) as unknown;
  });
}

/** The graph as text with what a bundle names and measures differently left out: payload ids and the sizes of payloads. */
function graphText(source: RolloutSource): string {
  const { payloads: _payloads, ...graph } = reduceRollout(source);
  return JSON.stringify(graph, null, 1).replaceAll(/"(payload-\d+|raw_payload:\d+)"/g, '"any"');
}

/** One agent that uses a cell and a terminal, waits, and starts another; without provider ids and with short messages. */
function session(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn("turn-1");
  const go = { type: "message", role: "user", content: "go" };
  turn.request([go]).respond([execCall("call_1", "await tools.run({})")], { responseId: "resp_1" });
  const exec = turn.tool("call_1", { kind: { type: "code_cell_exec" }, label: "exec" });
  const cell = turn.cell("1", "call_1", "await tools.run({})");
  const nested = turn.tool("nested", { cell: "1", kind: { type: "exec_command" }, label: "run" });
  nested.runtimeStart({ type: "exec_command_begin", command: ["ls"], cwd: "/", process_id: "7" });
  nested.runtimeEnd({
    type: "exec_command_end",
    exit_code: 0,
    stdout: "out",
    stderr: "err",
    process_id: "7",
  });
  nested.end("completed", {});
  cell.respond("yielded");
  exec.end("completed", {});
  cell.wait("wait-1");
  cell.notify("call_1", "soon");
  cell.end();
  cell.waited("wait-1", "completed");
  const spawn = turn.tool("call_2", { kind: { type: "spawn_agent" }, label: "spawn_agent" });
  spawn.interact("spawn_agent", null, "look");
  const child = rollout.child("child");
  spawn.interacted("spawn_agent", "child");
  spawn.end("completed", {});
  const childTurn = child.turn("turn-2");
  childTurn.request([userMessage("look")]).respond([assistantMessage("seen")]);
  childTurn.end();
  child.end();
  turn.request([go, execCall("call_1", "await tools.run({})"), execOutput("call_1", "out")]).respond([]);
  turn.end();
  rollout.root.end();
  return rollout.end().complete();
}

describe("an exported bundle", () => {
  it("is made of every event type there is", () => {
    const types = everyEvent().events.map((event) => event.payload.type);
    expect(new Set(types)).toEqual(new Set(RAW_EVENT_TYPES));
  });

  it.each([1, 2] as const)("of version %i gives back the events that it was made of", (version) => {
    const source = everyEvent().source();
    const path = join(folder, "bundle");
    const exported = exportCodexBundle(source, path, { version });
    expect(exported).toMatchObject({ version, events: 40, losses: [] });
    using opened = openSource(path);
    expect(comparable(opened.rollout)).toEqual(comparable(source));
  });

  it.each([1, 2] as const)("of version %i reduces to the graph that its rollout reduces to", (version) => {
    const source = session().source();
    const path = join(folder, "bundle");
    exportCodexBundle(source, path, { version });
    using opened = openSource(path);
    expect(graphText(opened.rollout)).toBe(graphText(source));
  });

  it("exported again gives back the same events again", () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    exportCodexBundle(everyEvent().source(), first);
    using opened = openSource(first);
    exportCodexBundle(opened.rollout, second);
    using again = openSource(second);
    expect(comparable(again.rollout)).toEqual(comparable(opened.rollout));
  });

  it("has version 2 where the recording says what entered the history when, otherwise 1", () => {
    const path = join(folder, "bundle");
    expect(exportCodexBundle(session().source(), path).version).toBe(1);
    expect(exportCodexBundle(everyEvent().source(), `${path}-2`).version).toBe(2);
  });

  it("gives a request that continues an unrecorded response its prefix back", () => {
    const rollout = new RolloutBuilder();
    const prefix = rollout.payload("inference_request", { input: [userMessage("before")] });
    rollout.root.turn("turn").request([userMessage("after")], {
      mode: { type: "incremental_untraced", previous_response_id: "resp_0", prefix },
    });
    const path = join(folder, "bundle");
    exportCodexBundle(rollout.source(), path);
    using opened = openSource(path);
    const items = Object.values(reduceRollout(opened.rollout).conversation_items);
    expect(items.map((item) => item.body.parts)).toEqual([
      [{ type: "text", text: "before" }],
      [{ type: "text", text: "after" }],
    ]);
  });

  it("leaves out a payload that cannot be read, and says so", () => {
    const rollout = session();
    const [id = ""] = rollout.payloads.keys();
    rollout.payloads.delete(id);
    const path = join(folder, "bundle");
    const { losses } = exportCodexBundle(rollout.source(), path);
    expect(losses).toEqual([expect.stringContaining(id)]);
    using opened = openSource(path);
    expect(reduceRollout(opened.rollout).diagnostics.map(({ code }) => code)).toContain("missing_payload");
  });

  it("is there whole or not at all", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn("turn").request([], { dialect: "anthropic_messages" });
    const path = join(folder, "bundle");
    expect(() => exportCodexBundle(rollout.source(), path)).toThrow(
      /event 4: .*anthropic_messages; bundles have openai_responses only/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("never takes the place of anything", () => {
    const path = join(folder, "bundle");
    mkdirSync(path);
    expect(() => exportCodexBundle(session().source(), path)).toThrow(/is already there/);
    expect(readdirSync(path)).toEqual([]);
    expect(() => exportCodexBundle(session().source(), "/dev/null/bundle")).toThrow(/bundle: /);
    expect(existsSync("/dev/null/bundle")).toBe(false);
  });
});
