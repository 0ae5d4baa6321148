import { describe, expect, it } from "vitest";
import type { RawEvent } from "@rollout-trace/protocol";
import {
  createReducer,
  DIAGNOSTIC_CODES,
  FINDING_CODES,
  graphJson,
  severityOf,
} from "@rollout-trace/reducer";
import { MemoryPayloads, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, reduce, reduceLeniently } from "./support.ts";

function lenient(events: readonly unknown[]) {
  const reducer = createReducer({ payloads: new MemoryPayloads(new Map()) });
  for (const event of events) reducer.apply(event);
  return reducer.finish();
}

function without(events: readonly RawEvent[], seq: number): readonly RawEvent[] {
  return events.filter((event) => event.seq !== seq);
}

describe("a recording of nothing", () => {
  it("is an error", () => {
    const empty = { json: none, items: none, stat: () => null };
    expect(createReducer({ payloads: empty }).finish().diagnostics).toMatchObject([
      { code: "missing_rollout_start", severity: "error", seq: null },
    ]);
    expect(() => createReducer({ payloads: empty, mode: "strict" }).finish()).toThrow(/no event/);
  });
});

function none() {
  return { ok: false, code: "missing_payload", message: "there is none" } as const;
}

describe("the codes", () => {
  it("are a closed list, each with its severity", () => {
    expect(DIAGNOSTIC_CODES.map((code) => `${severityOf(code)} ${code}`)).toMatchInlineSnapshot(`
      [
        "error invalid_event",
        "error source_problem",
        "error missing_rollout_start",
        "error sequence_gap",
        "error sequence_regressed",
        "error rollout_mismatch",
        "error event_after_completion",
        "error duplicate_start",
        "error duplicate_end",
        "error unknown_reference",
        "error missing_payload",
        "error invalid_payload",
        "error call_id_conflict",
        "error edge_conflict",
        "error turn_thread_mismatch",
        "warning unknown_event_type",
        "warning recorder_gap",
        "warning call_id_reused",
        "warning unknown_item_type",
        "warning empty_reasoning",
        "warning misplaced_system_item",
        "warning missing_source_item",
      ]
    `);
    expect(FINDING_CODES).toMatchInlineSnapshot(`
      [
        "cell_never_observed",
        "tool_result_never_seen",
        "nested_call_not_awaited",
        "tool_call_never_ended",
        "edge_never_delivered",
        "accepted_item_never_seen",
        "output_truncated",
        "repeated_identical_call",
        "context_shrank_without_compaction",
      ]
    `);
  });
});

describe("an event that is none", () => {
  it("is a diagnostic, and an error in strict mode", () => {
    const rollout = new RolloutBuilder();
    rollout.event({ type: "thread_ended", thread_id: "root", status: "sleeping" });
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics).toMatchObject([
      {
        code: "invalid_event",
        severity: "error",
        seq: 3,
        message: expect.stringContaining("payload.status"),
      },
    ]);
    expect(() => reduce(rollout)).toThrow(
      expect.objectContaining({ name: "ReduceError", code: "invalid_event", seq: 3 }),
    );
  });

  it.each([
    ["no payload", undefined],
    ["a payload without a type", { x: 1 }],
    ["a payload that is no object", "x"],
  ])("is told of at its own place, and leaves no gap there, if it has %s", (_name, payload) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().end();
    const events = rollout.events.map((event) => (event.seq === 3 ? { ...event, payload } : event));
    const { diagnostics } = lenient(events);
    expect(diagnostics[0]).toMatchObject({ code: "invalid_event", seq: 3 });
    expect(diagnostics.map(({ code }) => code)).not.toContain("sequence_gap");
  });

  it("may be anything, of any depth", () => {
    let deep: unknown = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
    const event = { type: "other", kind: "k", summary: "s", payloads: [], metadata: deep };
    const values = [
      null,
      3,
      "x",
      [],
      {},
      deep,
      Symbol("s"),
      { ...new RolloutBuilder().events[0], payload: event },
    ];
    const graph = lenient(values);
    expect(new Set(codesOf(graph))).toEqual(new Set(["invalid_event", "missing_rollout_start"]));
    expect(graph).toMatchObject({ trace_id: null, status: "running", threads: {} });
  });
});

describe("an event of a type that is not known", () => {
  it("is a warning, and counts as an event", () => {
    const rollout = new RolloutBuilder();
    rollout.event({ type: "moon_phase_changed" });
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.diagnostics).toMatchObject([{ code: "unknown_event_type", severity: "warning", seq: 3 }]);
    expect(graph.status).toBe("completed");
  });
});

describe("the sequence", () => {
  const whole = () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().end();
    return rollout.events;
  };

  it("with a gap is an error, and goes on", () => {
    const graph = lenient(without(whole(), 2));
    expect(graph.diagnostics).toMatchObject([
      { code: "sequence_gap", seq: 3, message: "event 2 is missing before event 3" },
      { code: "unknown_reference", object: { type: "thread", id: "root" } },
    ]);
    expect(graph.threads["root"]?.origin).toEqual({ type: "unknown" });
    expect(lenient(without(without(whole(), 2), 3)).diagnostics[0]?.message).toBe(
      "events 2 to 3 are missing before event 4",
    );
    expect(graph.turns["turn-1"]?.execution.status).toBe("completed");
  });

  it("that goes back is an error, and the event is left out", () => {
    const [first, second, third, fourth] = whole();
    const graph = lenient([first, second, third, second, fourth]);
    expect(graph.diagnostics).toMatchObject([{ code: "sequence_regressed", seq: 2 }]);
  });

  it("that does not begin with the start of a rollout is an error", () => {
    expect(codesOf(lenient(without(whole(), 1)))).toEqual(["sequence_gap", "missing_rollout_start"]);
  });

  it("leaves out events of another rollout", () => {
    const [first, second, third] = whole();
    const graph = lenient([first, second, { ...third, rollout_id: "other" }]);
    expect(codesOf(graph)).toEqual(["rollout_mismatch"]);
    expect(graph.turns).toEqual({});
  });

  it("that goes on after its completion is an error", () => {
    const rollout = new RolloutBuilder();
    rollout.end().complete();
    rollout.root.turn();
    expect(codesOf(reduceLeniently(rollout))).toEqual(["event_after_completion"]);
  });
});

describe("a payload", () => {
  it("that is missing is reported once, and listed without a size", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([]);
    rollout.payloads.delete("payload-1");
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics).toMatchObject([
      { code: "missing_payload", seq: 4, object: { type: "payload", id: "payload-1" } },
    ]);
    expect(graph.payloads["payload-1"]).toEqual({ kind: "inference_request", size_bytes: null });
    expect(graph.inference_calls["inference-1"]).toMatchObject({
      request: { base_inference_call_id: null, keep: 0, item_ids: [] },
      execution: { status: "completed" },
    });
  });

  it("that is missing is reported once, however often it is named", () => {
    const rollout = new RolloutBuilder();
    const ref = rollout.payload("other", {}, "lost");
    for (let time = 0; time < 3; time += 1) {
      rollout.event({ type: "other", kind: "note", summary: "s", payloads: [ref, ref], metadata: {} });
    }
    rollout.payloads.delete("lost");
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics).toMatchObject([
      { code: "missing_payload", seq: 3, object: { type: "payload", id: "lost" } },
    ]);
    expect(Object.entries(graph.payloads)).toEqual([["lost", { kind: "other", size_bytes: null }]]);
  });

  it("is what it was first said to be, also where thousands of others were named in between", () => {
    const rollout = new RolloutBuilder();
    const first = rollout.payload("tool_result", {}, "first");
    const others = Array.from({ length: 3000 }, (_, index) => rollout.payload("other", {}, `p-${index}`));
    const name = (payloads: readonly (typeof first)[]): void => {
      rollout.event({ type: "other", kind: "note", summary: "s", payloads, metadata: {} });
    };
    name([first]);
    name(others);
    name([{ ...first, kind: "other" }]);
    const { payloads } = reduce(rollout);
    expect(payloads["first"]?.kind).toBe("tool_result");
    expect(Object.keys(payloads)).toEqual(["first", ...others.map(({ payload_id }) => payload_id)]);
  });

  it("is listed once, in the order of being first named, however often it is named", () => {
    const rollout = new RolloutBuilder();
    const [a, b, c] = ["a", "b", "c"].map((id) => rollout.payload("other", { id }, id));
    for (const payloads of [[b, a], [a], [c, b, c], [a, b, c]]) {
      rollout.event({ type: "other", kind: "note", summary: "s", payloads, metadata: {} });
    }
    const graph = reduce(rollout);
    expect(Object.entries(graph.payloads)).toEqual([
      ["b", { kind: "other", size_bytes: 10 }],
      ["a", { kind: "other", size_bytes: 10 }],
      ["c", { kind: "other", size_bytes: 10 }],
    ]);
    expect(Object.keys((JSON.parse(graphJson(graph)) as typeof graph).payloads)).toEqual(["b", "a", "c"]);
  });

  it("of the wrong shape is an error", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([userMessage("a")]);
    rollout.payloads.set("payload-1", { kind: "inference_request", value: { messages: [] } });
    expect(codesOf(reduceLeniently(rollout))).toEqual(["invalid_payload"]);
  });
});

describe("a start", () => {
  it("of something that is running is an error, and changes nothing", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn("t");
    turn.request([], { id: "i" });
    turn.tool("c", { host: true });
    const before = Object.keys(reduce(rollout).tool_calls).length;
    rollout.root.turn("t");
    turn.request([], { id: "i" });
    turn.tool("c", { host: true });
    rollout.child("root");
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(Array(4).fill("duplicate_start"));
    expect(Object.keys(graph.tool_calls)).toHaveLength(before);
    expect(Object.keys(graph.turns)).toEqual(["t"]);
  });

  it("of something that has ended is a new object", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn("t").end("failed");
    rollout.root.turn("t").end("completed");
    const { turns } = reduce(rollout);
    expect([turns["t"]?.execution.status, turns["t#2"]?.execution.status]).toEqual(["failed", "completed"]);
    expect(turns["t#2"]?.recorded_id).toBe("t");
  });
});

describe("a turn", () => {
  it("that belongs to another thread is an error", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn("t");
    const child = rollout.child("child");
    rollout.event({ type: "history_item_accepted", item_id: "x" }, { thread: child.id, turn: turn.id });
    expect(reduceLeniently(rollout).diagnostics).toMatchObject([
      { code: "turn_thread_mismatch", object: { type: "turn", id: "t" } },
    ]);
  });
});

describe("losses", () => {
  it("that the recorder counted are a warning", () => {
    const rollout = new RolloutBuilder();
    rollout.event({ type: "recorder_gap", dropped_events: 3, dropped_payload_bytes: 9, reason: "disk full" });
    expect(reduce(rollout).diagnostics).toMatchObject([
      { code: "recorder_gap", message: "the recorder lost 3 events and 9 bytes of payloads: disk full" },
    ]);
  });

  it("that the source reports are an error", () => {
    const reducer = createReducer({ payloads: new MemoryPayloads(new Map()) });
    reducer.report({ where: "trace.jsonl:7", message: "torn line" });
    expect(reducer.finish().diagnostics).toMatchObject([
      { code: "source_problem", message: "trace.jsonl:7: torn line" },
    ]);
  });
});
