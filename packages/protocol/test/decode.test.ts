import { describe, expect, it } from "vitest";
import { decodeRawEvent, RAW_EVENT_TYPES } from "@rollout-trace/protocol";

const envelope = {
  schema_version: 1,
  seq: 7,
  time_unix_us: 1_700_000_000_000_000,
  rollout_id: "r",
  thread_id: "t",
  turn_id: null,
};

describe("decodeRawEvent", () => {
  it("gives back an event that fits the schema", () => {
    const event = { ...envelope, payload: { type: "turn_started", turn_id: "u", thread_id: "t" } };
    expect(decodeRawEvent(event)).toEqual({ ok: true, event });
  });

  it("names the path, within the event, of every field that does not fit", () => {
    const result = decodeRawEvent({
      ...envelope,
      payload: {
        type: "tool_call_started",
        tool_call_id: "",
        requester: { type: "code_cell" },
        kind: { type: "mcp", server: "s", tool: 3 },
        label: "x",
      },
    });
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: "invalid_event_payload",
        message: expect.stringContaining("event 7"),
        envelope,
        issues: [
          { path: "payload.tool_call_id" },
          { path: "payload.requester.runtime_cell_id" },
          { path: "payload.kind.tool" },
        ],
      },
    });
  });

  it("keeps the envelope of an event type that it does not know", () => {
    const result = decodeRawEvent({ ...envelope, payload: { type: "moon_phase_changed" } });
    expect(result).toMatchObject({
      ok: false,
      error: { code: "unknown_event_type", eventType: "moon_phase_changed", envelope },
    });
  });

  it("does not take an inherited property of the schema table for an event type", () => {
    for (const type of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(decodeRawEvent({ ...envelope, payload: { type } })).toMatchObject({
        ok: false,
        error: { code: "unknown_event_type" },
      });
    }
  });

  it("refuses an event of a newer schema by naming both versions", () => {
    const result = decodeRawEvent({
      ...envelope,
      schema_version: 2,
      payload: { type: "recording_completed" },
    });
    expect(result).toMatchObject({
      ok: false,
      error: { code: "unsupported_schema_version", message: expect.stringMatching(/version 1.*version 2/) },
    });
  });

  it.each([
    ["nothing", undefined],
    ["a string", "x"],
    ["an array", []],
    ["a missing payload", envelope],
    ["a payload without a type", { ...envelope, payload: {} }],
    ["seq 0", { ...envelope, seq: 0, payload: { type: "recording_completed" } }],
    ["a fractional seq", { ...envelope, seq: 1.5, payload: { type: "recording_completed" } }],
    [
      "a seq beyond the safe integers",
      { ...envelope, seq: 2 ** 60, payload: { type: "recording_completed" } },
    ],
    ["an empty rollout id", { ...envelope, rollout_id: "", payload: { type: "recording_completed" } }],
  ])("refuses %s as an invalid envelope", (_name, value) => {
    expect(decodeRawEvent(value)).toMatchObject({ ok: false, error: { code: "invalid_envelope" } });
  });

  it.each([
    ["no payload", {}],
    ["a payload without a type", { payload: { x: 1 } }],
    ["a payload that is no object", { payload: "x" }],
  ])("gives the envelope of an event with %s, and names its seq", (_name, rest) => {
    expect(decodeRawEvent({ ...envelope, ...rest })).toMatchObject({
      ok: false,
      error: {
        code: "invalid_envelope",
        envelope,
        message: expect.stringMatching(`^event ${envelope.seq}: payload`),
      },
    });
    const newer = decodeRawEvent({ ...envelope, ...rest, schema_version: 2 });
    expect(newer).toMatchObject({ ok: false, error: { envelope: null } });
  });

  it("says one thing of what does not fit, however deep or long that is", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = depth % 2 === 0 ? [deep] : { deep };
    const other = { type: "other", kind: "k", summary: "", payloads: [], metadata: null };
    const span = {
      type: "span_ended",
      otel_trace_id: "0".repeat(32),
      span_id: "0".repeat(16),
      name: "n",
      attributes: {},
      links: [],
      status: { code: "ok" },
      end_time_unix_us: 1,
    };
    const paths = [
      { ...other, metadata: deep },
      { ...other, metadata: [{ when: new Date(0) }] },
      { ...other, payloads: Array.from({ length: 100_000 }, () => 3) },
      { ...span, attributes: { deep } },
      { ...span, attributes: ["no object"] },
      { ...span, links: Array.from({ length: 100_000 }, () => null) },
    ].map((payload) => {
      const result = decodeRawEvent({ ...envelope, payload });
      return result.ok ? null : result.error.issues.map(({ path }) => path);
    });
    expect(paths).toEqual([
      ["payload.metadata"],
      ["payload.metadata"],
      ["payload.payloads.0"],
      ["payload.attributes"],
      ["payload.attributes"],
      ["payload.links.0"],
    ]);
    expect([other, span].map((payload) => decodeRawEvent({ ...envelope, payload }))).toEqual([
      { ok: true, event: { ...envelope, payload: other } },
      { ok: true, event: { ...envelope, payload: span } },
    ]);
  });

  it("takes absent and null for the same in optional fields", () => {
    for (const extra of [{}, { host: null }, { host: { name: "h", version: "1" } }]) {
      const payload = { type: "rollout_started", trace_id: "a", root_thread_id: "t", ...extra };
      expect(decodeRawEvent({ ...envelope, payload })).toMatchObject({ ok: true });
    }
  });

  it("has a schema for each of the event types of the contract", () => {
    expect(RAW_EVENT_TYPES.toSorted()).toMatchInlineSnapshot(`
      [
        "agent_interaction_ended",
        "agent_interaction_started",
        "agent_result_observed",
        "code_cell_cancel_requested",
        "code_cell_ended",
        "code_cell_initial_response",
        "code_cell_notification",
        "code_cell_started",
        "code_cell_wait_ended",
        "code_cell_wait_started",
        "compaction_installed",
        "compaction_request_completed",
        "compaction_request_failed",
        "compaction_request_started",
        "history_item_accepted",
        "inference_cancelled",
        "inference_completed",
        "inference_failed",
        "inference_started",
        "mcp_call_assigned",
        "other",
        "protocol_event_observed",
        "recorder_gap",
        "recording_completed",
        "recording_stopped",
        "rollout_ended",
        "rollout_started",
        "span_ended",
        "span_started",
        "stdin_target_resolved",
        "thread_ended",
        "thread_resumed",
        "thread_started",
        "tool_call_ended",
        "tool_call_runtime_ended",
        "tool_call_runtime_started",
        "tool_call_started",
        "turn_ended",
        "turn_started",
      ]
    `);
  });
});
