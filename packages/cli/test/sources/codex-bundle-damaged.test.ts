/** Bundles that the original reducer gives up on: each reduces, and a diagnostic names the event. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { BundleBuilder, CHILD, ROOT } from "./bundle-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "damaged-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function reduce(bundle: BundleBuilder, end?: string): RolloutGraph {
  using source = openSource(bundle.write(end));
  return reduceRollout(source.rollout);
}

function said(graph: RolloutGraph): readonly (readonly [string, number | null])[] {
  return graph.diagnostics.map(({ code, seq }) => [code, seq] as const);
}

/** A session with one turn, not ended: 3 events. */
function begun(): BundleBuilder {
  return new BundleBuilder(folder)
    .event({ type: "rollout_started", trace_id: "trace", root_thread_id: ROOT }, { thread: null, turn: null })
    .event({ type: "thread_started", thread_id: ROOT, agent_path: "/root" }, { turn: null })
    .event({ type: "codex_turn_started", codex_turn_id: "turn-1", thread_id: ROOT });
}

function ended(bundle: BundleBuilder): BundleBuilder {
  return bundle
    .event({ type: "codex_turn_ended", codex_turn_id: "turn-1", status: "completed" })
    .event({ type: "rollout_ended", status: "completed" }, { thread: null, turn: null })
    .event({ type: "recording_completed" }, { thread: null, turn: null });
}

/** A request and its response: 2 events. */
function inference(
  bundle: BundleBuilder,
  id: string,
  input: unknown,
  output: unknown,
  thread = ROOT,
  turn = "turn-1",
) {
  return bundle
    .event(
      {
        type: "inference_started",
        inference_call_id: id,
        thread_id: thread,
        codex_turn_id: turn,
        model: "m",
        provider_name: "p",
        request_payload: bundle.payload("inference_request", { input }),
      },
      { thread, turn },
    )
    .event(
      {
        type: "inference_completed",
        inference_call_id: id,
        response_id: `resp-${id}`,
        upstream_request_id: null,
        response_payload: bundle.payload("inference_response", {
          response_id: `resp-${id}`,
          output_items: output,
        }),
      },
      { thread, turn },
    );
}

/** A dispatch that returns at once: 2 events. */
function call(bundle: BundleBuilder, id: string, thread = ROOT, turn = "turn-1") {
  return bundle
    .event(
      {
        type: "tool_call_started",
        tool_call_id: id,
        model_visible_call_id: id,
        code_mode_runtime_tool_id: null,
        requester: { type: "model" },
        kind: { type: "other", name: "look" },
        summary: { type: "generic", label: "look", input_preview: null, output_preview: null },
        invocation_payload: null,
      },
      { thread, turn },
    )
    .event(
      { type: "tool_call_ended", tool_call_id: id, status: "completed", result_payload: null },
      { thread, turn },
    );
}

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "go" }] };
const said1 = { type: "function_call", name: "look", arguments: '{"at":1}', call_id: "call_1" };
const said2 = { type: "function_call", name: "look", arguments: '{"at":2}', call_id: "call_1" };
const output = { type: "function_call_output", call_id: "call_1", output: "seen" };

describe("a damaged or odd bundle", () => {
  it("with a torn last line reduces to everything before it, and says where it was torn", () => {
    const graph = reduce(inference(begun(), "i1", [user], []).line('{"schema_version":2,"seq":6,"pay'), "");
    expect(Object.keys(graph.inference_calls)).toEqual(["i1"]);
    expect(graph.status).toBe("running");
    expect(graph.diagnostics).toMatchObject([
      { code: "source_problem", message: expect.stringMatching(/trace\.jsonl:6.*cut off/) },
    ]);
  });

  it("with two lines swapped keeps what comes in order, and names the event that came late and the gap", () => {
    const bundle = begun();
    const event = (seq: number, payload: object) =>
      JSON.stringify({
        schema_version: 2,
        seq,
        wall_time_unix_ms: 2_000,
        rollout_id: ROOT,
        thread_id: ROOT,
        codex_turn_id: "turn-1",
        payload,
      });
    bundle
      .line(event(5, { type: "codex_turn_ended", codex_turn_id: "turn-1", status: "completed" }))
      .line(event(4, { type: "thread_resumed", thread_id: ROOT }));
    const graph = reduce(bundle);
    expect(graph.turns["turn-1"]?.execution.status).toBe("completed");
    expect(said(graph)).toEqual([
      ["sequence_regressed", 4],
      ["sequence_gap", 5],
    ]);
  });

  it("with a payload file that is gone keeps the call, and names the event that needed it", () => {
    const bundle = ended(inference(begun(), "i1", [user], []));
    rmSync(join(folder, "payloads/1.json"));
    const graph = reduce(bundle);
    expect(graph.inference_calls["i1"]?.execution.status).toBe("completed");
    expect(said(graph)).toEqual([["missing_payload", 4]]);
    expect(graph.diagnostics[0]?.message).toContain("raw_payload:1");
  });

  it("with an event after its end takes that event too, and names it", () => {
    const bundle = ended(begun()).event({ type: "thread_ended", thread_id: ROOT, status: "completed" });
    const graph = reduce(bundle);
    expect(graph.threads[ROOT]?.execution.status).toBe("completed");
    expect(said(graph)).toEqual([["event_after_completion", 7]]);
  });

  it("with an item of an unknown type keeps it as JSON, and names the event that carries it", () => {
    const graph = reduce(
      ended(inference(begun(), "i1", [user, { type: "moon_phase", phase: "full" }], [{ type: "other" }])),
    );
    expect(Object.values(graph.conversation_items).map((item) => item.body.parts[0]?.type)).toEqual([
      "text",
      "json",
      "json",
    ]);
    expect(said(graph)).toEqual([
      ["unknown_item_type", 4],
      ["unknown_item_type", 5],
    ]);
  });

  it("with a configuration update in its input reduces with every item of the transcript", () => {
    const update = { type: "configuration_update", reasoning: { effort: "low" } };
    const graph = reduce(ended(inference(begun(), "i1", [user, update], [said1])));
    expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(graph.inference_calls["i1"]?.response_item_ids).toHaveLength(1);
  });

  it("with reasoning that has no content keeps the item, and names the event", () => {
    const graph = reduce(ended(inference(begun(), "i1", [user], [{ type: "reasoning", summary: [] }])));
    expect(Object.values(graph.conversation_items).map((item) => item.kind)).toEqual([
      "message",
      "reasoning",
    ]);
    expect(said(graph)).toEqual([["empty_reasoning", 5]]);
  });

  it.each([
    ["the same arguments", said1],
    ["other arguments", said2],
  ])(
    "with a call id used twice in one thread, with %s, has two calls, each with its own output",
    (_name, again) => {
      const bundle = call(inference(begun(), "i1", [user], [said1]), "call_1");
      inference(bundle, "i2", [user, said1, output], [again]);
      const second = { ...output, output: "seen again" };
      const graph = reduce(
        ended(inference(call(bundle, "call_1"), "i3", [user, said1, output, again, second], [])),
      );
      expect(Object.keys(graph.tool_calls)).toEqual(["call_1", "call_1#2"]);
      const outputs = Object.values(graph.tool_calls).map(({ output_item_ids: ids }) =>
        ids.map((id) => graph.conversation_items[id]?.body.parts),
      );
      expect(outputs).toEqual([[[{ type: "text", text: "seen" }]], [[{ type: "text", text: "seen again" }]]]);
      expect(graph.diagnostics.map(({ code, seq }) => [code, seq])).toContainEqual(["call_id_reused", 9]);
      expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    },
  );

  it("with one call id in two threads has a call of each, and nothing to complain about", () => {
    const bundle = call(inference(begun(), "i1", [user], [said1]), "call_1");
    bundle
      .event(
        { type: "thread_started", thread_id: CHILD, agent_path: "/root/scout" },
        { thread: CHILD, turn: null },
      )
      .event(
        { type: "codex_turn_started", codex_turn_id: "turn-2", thread_id: CHILD },
        { thread: CHILD, turn: "turn-2" },
      );
    inference(bundle, "i2", [user], [said2], CHILD, "turn-2");
    const graph = reduce(ended(call(bundle, "call_1", CHILD, "turn-2")));
    expect(
      Object.values(graph.tool_calls).map(({ thread_id, recorded_id }) => [thread_id, recorded_id]),
    ).toEqual([
      [ROOT, "call_1"],
      [CHILD, "call_1"],
    ]);
    expect(said(graph)).toEqual([]);
  });

  it("with a child that has its parent's history and repeats its call id keeps both calls apart", () => {
    const bundle = call(inference(begun(), "i1", [user], [said1]), "call_1");
    bundle
      .event(
        { type: "thread_started", thread_id: CHILD, agent_path: "/root/scout" },
        { thread: CHILD, turn: null },
      )
      .event(
        { type: "codex_turn_started", codex_turn_id: "turn-2", thread_id: CHILD },
        { thread: CHILD, turn: "turn-2" },
      );
    inference(bundle, "i2", [user, said1, output], [said2], CHILD, "turn-2");
    const graph = reduce(ended(call(bundle, "call_1", CHILD, "turn-2")));
    const argumentsOf = (ids: readonly string[]) =>
      ids.map((id) => JSON.stringify(graph.conversation_items[id]?.body.parts));
    const calls = Object.values(graph.tool_calls);
    expect(calls.map(({ thread_id }) => thread_id)).toEqual([ROOT, CHILD]);
    expect(calls.map(({ call_item_ids: ids }) => argumentsOf(ids).length)).toEqual([1, 1]);
    const [ofParent, ofChild] = calls.map(({ call_item_ids: ids }) => argumentsOf(ids)[0]);
    expect(ofParent).not.toBe(ofChild);
    expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("with a turn that ends under another id leaves both turns known, and names the end", () => {
    const bundle = begun().event({ type: "codex_turn_ended", codex_turn_id: "turn-x", status: "completed" });
    const graph = reduce(ended(bundle));
    expect(graph.turns["turn-1"]?.execution.status).toBe("completed");
    expect(said(graph)).toEqual([["unknown_reference", 4]]);
    expect(graph.diagnostics[0]?.message).toContain("turn-x");
  });

  it("whose lines contradict the manifest is read, and says where: once for each wrong value", () => {
    const bundle = new BundleBuilder(folder);
    const line = (seq: number, more: object, payload: object) =>
      bundle.line(
        JSON.stringify({
          schema_version: 2,
          seq,
          wall_time_unix_ms: 1_000,
          rollout_id: ROOT,
          thread_id: null,
          codex_turn_id: null,
          payload,
          ...more,
        }),
      );
    line(1, {}, { type: "rollout_started", trace_id: "another", root_thread_id: CHILD });
    for (const seq of [2, 3, 4]) {
      line(
        seq,
        { schema_version: 1 },
        { type: "other", kind: "k", summary: "s", payloads: [], metadata: {} },
      );
    }
    line(5, { rollout_id: "elsewhere" }, { type: "rollout_ended", status: "completed" });
    const path = bundle.write();
    using source = openSource(path);
    const problems = [...source.rollout.events()].flatMap((record) =>
      record.type === "problem" ? [record.problem] : [],
    );
    const at = (number: number) => join(path, `trace.jsonl:${number}`);
    expect(problems).toEqual([
      { where: at(1), message: 'trace_id is "another"; the manifest says "trace"' },
      { where: at(1), message: `root_thread_id is "${CHILD}"; the manifest says "${ROOT}"` },
      { where: at(2), message: "schema_version is 1; the manifest says 2" },
      { where: at(5), message: `rollout_id is "elsewhere"; the manifest says "${ROOT}"` },
    ]);
    expect(() => reduceRollout(source.rollout, { mode: "strict" })).toThrow(
      expect.objectContaining({ code: "source_problem", message: expect.stringContaining("trace_id") }),
    );
  });

  it("cut off after any line reduces without an error", () => {
    const bundle = ended(call(inference(begun(), "i1", [user], [said1]), "call_1"));
    bundle.write();
    for (let lines = 1; lines <= 10; lines += 1) {
      const graph = reduce(bundle.cutAfter(lines));
      expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(graph.recording_complete).toBe(lines === 10);
    }
  });
});
