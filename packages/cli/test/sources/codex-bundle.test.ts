import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId, decodeRawEvent, type PayloadId, type RolloutSource } from "@rollout-trace/protocol";
import { openSource } from "@rollout-trace/cli";
import { BundleBuilder, CHILD, ROOT } from "./bundle-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(path: string): RolloutSource {
  return openSource(path).rollout;
}

/** The payloads of the translated events; an event that does not decode fails the test with the reason. */
function payloads(path: string): readonly unknown[] {
  return [...open(path).events()].map((record) => {
    if (record.type === "problem") return { problem: record.problem.message };
    const decoded = decodeRawEvent(record.value);
    return decoded.ok ? decoded.event.payload : { error: decoded.error.message };
  });
}

const payloadId = (number: number) => asId<PayloadId>(`raw_payload:${number}`);

describe("a Codex bundle", () => {
  it("gives the events of a session in our words, with the seq that they had", () => {
    const bundle = new BundleBuilder(folder);
    bundle
      .event(
        { type: "rollout_started", trace_id: "trace", root_thread_id: ROOT },
        { thread: null, turn: null },
      )
      .event({ type: "codex_turn_started", codex_turn_id: "turn-1", thread_id: ROOT })
      .event({
        type: "inference_started",
        inference_call_id: "i1",
        thread_id: ROOT,
        codex_turn_id: "turn-1",
        model: "m",
        provider_name: "p",
        request_payload: bundle.payload("inference_request", { input: [] }),
      })
      .event({ type: "codex_turn_ended", codex_turn_id: "turn-1", status: "completed" })
      .event({ type: "recording_completed" }, { thread: null, turn: null });
    expect(payloads(bundle.write())).toEqual([
      { type: "rollout_started", trace_id: "trace", root_thread_id: ROOT },
      { type: "turn_started", turn_id: "turn-1", thread_id: ROOT },
      {
        type: "inference_started",
        inference_call_id: "i1",
        thread_id: ROOT,
        turn_id: "turn-1",
        model: "m",
        provider: "p",
        dialect: "openai_responses",
        input_mode: { type: "full" },
        request: { payload_id: "raw_payload:1", kind: "inference_request" },
      },
      { type: "turn_ended", turn_id: "turn-1", status: "completed" },
      { type: "recording_completed" },
    ]);
    const seqs = [...open(folder).events(4)].map((record) => record.type === "event" && record.value);
    expect(seqs).toMatchObject([{ seq: 4 }, { seq: 5 }]);
  });

  it("reads the request to see that it continues another one", () => {
    const bundle = new BundleBuilder(folder);
    bundle.event({
      type: "inference_started",
      inference_call_id: "i2",
      thread_id: ROOT,
      codex_turn_id: "turn-1",
      model: "m",
      provider_name: "p",
      request_payload: bundle.payload("inference_request", { input: [], previous_response_id: "resp_1" }),
    });
    expect(payloads(bundle.write())).toMatchObject([
      { input_mode: { type: "incremental", previous_response_id: "resp_1" } },
    ]);
  });

  it("takes a child's parent from its metadata, and an unset role for none", () => {
    const bundle = new BundleBuilder(folder);
    bundle.event({
      type: "thread_started",
      thread_id: CHILD,
      agent_path: "/root/scout",
      metadata_payload: bundle.payload("session_metadata", {
        nickname: "Nick",
        model: "m",
        task_name: "scout",
        agent_role: "",
        session_source: { subagent: { thread_spawn: { parent_thread_id: ROOT } } },
      }),
    });
    expect(payloads(bundle.write())).toEqual([
      {
        type: "thread_started",
        thread_id: CHILD,
        agent_path: "/root/scout",
        origin: { type: "spawned", parent_thread_id: ROOT, task_name: "scout", agent_role: null },
        nickname: "Nick",
        model: "m",
        metadata: { payload_id: "raw_payload:1", kind: "thread_metadata" },
      },
    ]);
  });

  it("hangs a child without metadata under the agent that its path is under", () => {
    const bundle = new BundleBuilder(folder)
      .event({ type: "thread_started", thread_id: ROOT, agent_path: "/root" })
      .event({ type: "thread_started", thread_id: "middle", agent_path: "/root/a" })
      .event({ type: "thread_started", thread_id: CHILD, agent_path: "/root/a/b" });
    expect(payloads(bundle.write())).toMatchObject([
      { origin: { type: "root" } },
      { origin: { type: "spawned", parent_thread_id: ROOT } },
      { origin: { type: "spawned", parent_thread_id: "middle" } },
    ]);
  });

  it("turns what the runtime says of a spawn into an interaction that carries the call's message", () => {
    const bundle = new BundleBuilder(folder);
    bundle
      .event({
        type: "tool_call_started",
        tool_call_id: "call_1",
        model_visible_call_id: "call_1",
        code_mode_runtime_tool_id: null,
        requester: { type: "model" },
        kind: { type: "spawn_agent" },
        summary: { type: "generic", label: "spawn_agent", input_preview: "{}", output_preview: null },
        invocation_payload: bundle.payload("tool_invocation", {
          tool_name: "spawn_agent",
          tool_namespace: null,
          payload: { type: "function", arguments: JSON.stringify({ task_name: "scout", message: "look" }) },
        }),
      })
      .event({
        type: "tool_call_runtime_ended",
        tool_call_id: "call_1",
        status: "completed",
        runtime_payload: bundle.payload("tool_runtime_event", {
          event_id: "call_1",
          agent_thread_id: CHILD,
          agent_path: "/root/scout",
          kind: "started",
        }),
      });
    expect(payloads(bundle.write())).toEqual([
      {
        type: "tool_call_started",
        tool_call_id: "call_1",
        model_visible_call_id: "call_1",
        runtime_tool_call_id: null,
        requester: { type: "model" },
        kind: { type: "spawn_agent" },
        label: "spawn_agent",
        input_preview: "{}",
        invocation: { payload_id: "raw_payload:1", kind: "tool_invocation" },
      },
      {
        type: "agent_interaction_ended",
        tool_call_id: "call_1",
        kind: "spawn_agent",
        target_thread_id: CHILD,
        message: "look",
        status: "completed",
        runtime: { payload_id: "raw_payload:2", kind: "tool_runtime_event" },
      },
    ]);
  });

  it("knows exec and wait by their names where the recorder dispatches them like any tool", () => {
    const bundle = new BundleBuilder(folder);
    for (const name of ["exec", "wait", "other"]) {
      bundle.event({
        type: "tool_call_started",
        tool_call_id: name,
        requester: { type: "model" },
        kind: { type: "other", name },
        summary: { label: name },
      });
    }
    expect(payloads(bundle.write())).toMatchObject([
      { kind: { type: "code_cell_exec" } },
      { kind: { type: "code_cell_wait" } },
      { kind: { type: "other", name: "other" } },
    ]);
  });

  it("gives tool results and terminal events in our shapes, and keeps every field they had", () => {
    const bundle = new BundleBuilder(folder);
    const end = {
      call_id: "c",
      command: ["ls"],
      cwd: "/",
      exit_code: 0,
      aggregated_output: "out",
      process_id: "7",
    };
    bundle
      .event({
        type: "tool_call_ended",
        tool_call_id: "c",
        status: "completed",
        result_payload: bundle.payload("tool_result", { type: "direct_response", response_item: { a: 1 } }),
      })
      .event({
        type: "tool_call_runtime_ended",
        tool_call_id: "c",
        status: "completed",
        runtime_payload: bundle.payload("tool_runtime_event", end),
      });
    const { payloads: reader } = open(bundle.write());
    expect(reader.json(payloadId(1))).toEqual({ ok: true, value: { type: "direct", item: { a: 1 } } });
    expect(reader.json(payloadId(2))).toEqual({
      ok: true,
      value: { ...end, type: "exec_command_end", stdout: "out", stderr: "" },
    });
  });

  it("gives the same content id for equal elements of different payloads", () => {
    const bundle = new BundleBuilder(folder);
    const first = { type: "message", content: "x" };
    for (const input of [[first], [first, { type: "message", content: "y" }]]) {
      bundle.event({
        type: "protocol_event_observed",
        event_type: "e",
        event_payload: bundle.payload("other", { input }),
      });
    }
    const { payloads: reader } = open(bundle.write());
    const [one, two] = [1, 2].map((number) => {
      const read = reader.items(payloadId(number), "input");
      return read.ok ? read.value.map((item) => item.contentId) : [];
    });
    expect(two).toHaveLength(2);
    expect(two?.[0]).toBe(one?.[0]);
    expect(two?.[1]).not.toBe(one?.[0]);
    expect(reader.items(payloadId(1), "messages")).toMatchObject({ ok: false, code: "no_such_array" });
  });

  it("reports a torn last line and a bad line in the middle, and reads on", () => {
    const bundle = new BundleBuilder(folder)
      .event({ type: "recording_completed" })
      .line("{not json")
      .event({ type: "recording_completed" })
      .line('{"schema_version":2,"seq":4,"payl');
    expect(payloads(bundle.write(""))).toEqual([
      { type: "recording_completed" },
      { problem: expect.stringMatching(/JSON/) },
      { type: "recording_completed" },
      { problem: expect.stringMatching(/cut off while it was being written/) },
    ]);
  });

  it("lets an event type that it does not know through, for the reader to report", () => {
    const bundle = new BundleBuilder(folder).event({ type: "moon_phase_changed", phase: "full" });
    expect(payloads(bundle.write())).toEqual([{ error: expect.stringContaining("moon_phase_changed") }]);
  });

  it("never lets time go back, whatever the recorder's clock did", () => {
    const bundle = new BundleBuilder(folder);
    for (const ms of [5_000, 4_000, 6_000]) bundle.event({ type: "recording_completed" }, { ms });
    const times = [...open(bundle.write()).events()].map((record) => record.type === "event" && record.value);
    expect(times).toMatchObject([
      { time_unix_us: 5_000_000 },
      { time_unix_us: 5_000_000 },
      { time_unix_us: 6_000_000 },
    ]);
  });

  it("says of a missing, a torn and an unnamed payload which it is", () => {
    const bundle = new BundleBuilder(folder);
    const gone = bundle.payload("other", {});
    const torn = bundle.payload("other", {});
    bundle
      .event({ type: "protocol_event_observed", event_type: "e", event_payload: gone })
      .event({ type: "protocol_event_observed", event_type: "e", event_payload: torn });
    rmSync(join(folder, "payloads/1.json"));
    writeFileSync(join(folder, "payloads/2.json"), '{"half":');
    const { payloads: reader } = open(bundle.write());
    expect(reader.json(payloadId(1))).toMatchObject({ ok: false, code: "missing_payload" });
    expect(reader.json(payloadId(2))).toMatchObject({ ok: false, code: "invalid_payload" });
    expect(reader.json(payloadId(3))).toMatchObject({ ok: false, code: "missing_payload" });
    expect(reader.stat(payloadId(1))).toBeNull();
  });

  it("reads no file outside the bundle, neither by path nor by link", () => {
    const inner = join(folder, "bundle");
    mkdirSync(inner);
    writeFileSync(join(folder, "secret.json"), '{"secret":true}');
    const bundle = new BundleBuilder(inner);
    symlinkSync(join(folder, "secret.json"), join(inner, "payloads/link.json"));
    const paths = [
      "../secret.json",
      join(folder, "secret.json"),
      "payloads/link.json",
      "payloads/../../secret.json",
    ];
    paths.forEach((path, index) => {
      bundle.event({
        type: "protocol_event_observed",
        event_type: "e",
        event_payload: { raw_payload_id: `raw_payload:${index + 1}`, kind: { type: "other" }, path },
      });
    });
    const { payloads: reader } = open(bundle.write());
    for (const [index] of paths.entries()) {
      expect(reader.json(payloadId(index + 1))).toMatchObject({ ok: false, code: "missing_payload" });
      expect(reader.stat(payloadId(index + 1))).toBeNull();
    }
  });

  it("refuses a manifest whose event log is outside the bundle", () => {
    writeFileSync(join(folder, "elsewhere.jsonl"), "");
    const inner = join(folder, "bundle");
    new BundleBuilder(inner).write();
    const ids = { schema_version: 2, trace_id: "t", rollout_id: "r", root_thread_id: "r" };
    for (const path of ["../elsewhere.jsonl", join(folder, "elsewhere.jsonl"), "payloads"]) {
      writeFileSync(join(inner, "manifest.json"), JSON.stringify({ ...ids, raw_event_log: path }));
      expect(() => open(inner)).toThrow(/no such file in the bundle/);
    }
  });

  it.each([
    ["no JSON", "not json", /JSON/],
    ["no manifest", "{}", /not a bundle manifest/],
    [
      "a version that nobody has seen",
      JSON.stringify({ schema_version: 9, trace_id: "t", rollout_id: "r", root_thread_id: "r" }),
      /version 9.*1 and 2/,
    ],
  ])("refuses a manifest that is %s by saying so", (_name, text, message) => {
    new BundleBuilder(folder).write();
    writeFileSync(join(folder, "manifest.json"), text);
    expect(() => open(folder)).toThrow(message);
  });
});
