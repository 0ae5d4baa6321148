import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce, reduceLeniently } from "./support.ts";

const bytes = (value: JsonValue): number => Buffer.byteLength(JSON.stringify(value));

describe("a value that is recorded", () => {
  it("of the host is its name and version, and null where the host said neither", () => {
    const start = { type: "rollout_started", trace_id: "trace-1", root_thread_id: "root" };
    const rollout = new RolloutBuilder();
    expect(reduce(rollout).host).toBeNull();
    const named = new RolloutBuilder();
    named.events.length = 0;
    named.event({ ...start, host: { name: "agent", version: "1.2.3" } });
    expect(reduce(named).host).toEqual({ name: "agent", version: "1.2.3" });
  });

  it("of a thread is its nickname, its model and the task and role that it was spawned with", () => {
    const rollout = new RolloutBuilder();
    const origin = { type: "spawned", parent_thread_id: "root", task_name: "look", agent_role: "reviewer" };
    const said = { type: "thread_started", agent_path: "/root/a", nickname: "Ada", model: "model-7" };
    rollout.event({ ...said, thread_id: "a", origin });
    rollout.child("b");
    const { a, b } = reduce(rollout).threads;
    expect(a).toMatchObject({
      nickname: "Ada",
      model: "model-7",
      origin: { ...origin, spawn_edge_id: null },
    });
    expect(b).toMatchObject({ nickname: null, model: null, origin: { task_name: null, agent_role: null } });
  });

  it.each([
    ["inference_completed", { response_id: null }],
    ["inference_failed", { error: "overloaded" }],
    ["inference_cancelled", { reason: "interrupted" }],
  ])(
    "of a request that ended (%s) is the id that its provider gave it, the first where it ends twice",
    (type, how) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const { id } = turn.request([userMessage("hi")]);
      const other = turn.request([userMessage("hi")]);
      const end = { type, ...how, inference_call_id: id };
      const response =
        type === "inference_completed" ? rollout.payload("inference_response", { output_items: [] }) : null;
      const ended = response === null ? end : { ...end, response };
      turn
        .event({ ...ended, upstream_request_id: "req-1" })
        .event({ ...ended, upstream_request_id: "req-2" });
      other.fail("gone");
      const calls = reduceLeniently(rollout).inference_calls;
      expect(calls[id]?.upstream_request_id).toBe("req-1");
      expect(calls[other.id]?.upstream_request_id).toBeNull();
    },
  );

  it("of a call is the preview of its input and of its output, the first where it ends more than once", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const start = { type: "tool_call_started", requester: { type: "host" }, label: "look" };
    turn.event({
      ...start,
      tool_call_id: "c",
      kind: { type: "other", name: "look" },
      input_preview: "where",
      invocation: null,
    });
    const end = { type: "tool_call_ended", tool_call_id: "c", status: "completed" };
    turn.event({ ...end, output_preview: "here" }).event({ ...end, output_preview: "there" });
    turn.tool("d", { host: true }).end();
    turn.tool("e", { host: true });
    turn.end("aborted");
    for (const output_preview of ["late", "later"]) turn.event({ ...end, tool_call_id: "e", output_preview });
    const { c, d, e } = reduceLeniently(rollout).tool_calls;
    expect(e).toMatchObject({ output_preview: "late", execution: { end_cause: "turn_ended" } });
    expect(c).toMatchObject({ input_preview: "where", output_preview: "here" });
    expect(d).toMatchObject({ input_preview: null, output_preview: null });
  });

  it("of a call is the id that its cell has for it, and why it ended, as the first of several ends says", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1");
    turn.event({
      type: "tool_call_started",
      tool_call_id: "c",
      requester: { type: "code_cell", runtime_cell_id: "1" },
      runtime_tool_call_id: "tool-7",
      kind: { type: "other", name: "look" },
      label: "look",
    });
    turn.end("aborted");
    const end = { type: "tool_call_ended", tool_call_id: "c", status: "completed" };
    turn.event({ ...end, end_cause: "rejected" }).event({ ...end, end_cause: "returned" });
    turn.tool("d", { host: true }).end("completed", { cause: "returned" });
    const { c, d } = reduce(rollout).tool_calls;
    expect(c).toMatchObject({ runtime_tool_call_id: "tool-7", recorded_end_cause: "rejected" });
    expect(d).toMatchObject({ runtime_tool_call_id: null, recorded_end_cause: "returned" });
  });

  it("of a command is all that the runtime has of its output, under whichever name", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const kind = { type: "exec_command" } as const;
    const end = { type: "exec_command_end", exit_code: 1, stderr: "err", formatted_output: "exit 1\nout" };
    const outputs = [
      { stdout: "out" },
      { aggregated_output: "all" },
      { stdout: "out", aggregated_output: "all" },
    ];
    for (const [index, output] of outputs.entries()) {
      turn.tool(`c${index}`, { kind, host: true }).runtimeEnd({ ...end, ...output }, "failed");
    }
    const results = Object.values(reduce(rollout).terminal_operations).map(({ result }) => result);
    expect(results).toEqual(
      ["out", "all", "out"].map((stdout) => ({
        exit_code: 1,
        stdout,
        stderr: "err",
        formatted_output: "exit 1\nout",
      })),
    );
  });

  it("of a wait is until when it was to last", () => {
    const rollout = new RolloutBuilder();
    const cell = rollout.root.turn().cell("1", "x1").respond("yielded");
    cell.wait("w1", { mode: "pending" }).waited("w1", "pending").wait("w2", { mode: "yield" });
    const { waits } = reduce(rollout).code_cells["cell:root:x1"] ?? {};
    expect(waits?.map(({ mode }) => mode)).toEqual(["pending", "yield"]);
  });

  it("of a cell that went over a limit is which limit that was", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cancel = { type: "code_cell_cancel_requested", runtime_cell_id: "1", cause: "limit" };
    turn.cell("1", "x1");
    turn.event({ ...cancel, limit: "memory" }).event({ ...cancel, limit: "cpu" });
    turn.cell("2", "x2").cancel("host");
    const cells = reduce(rollout).code_cells;
    expect(cells["cell:root:x1"]?.cancellation).toMatchObject({ cause: "limit", limit: "memory" });
    expect(cells["cell:root:x2"]?.cancellation).toMatchObject({ cause: "host", limit: null });
  });
});

describe("what a model was shown of a call's output", () => {
  const image: JsonObject = { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(900)}` };
  const note = "a note with é";
  const result: JsonObject = { rows: ["é", "b"], total: 2 };

  it.each<[string, JsonValue, number]>([
    ["an image", [image], bytes(image)],
    [
      "a text and an image",
      [{ type: "input_text", text: note }, image],
      Buffer.byteLength(note) + bytes(image),
    ],
    ["an object", result, bytes(result)],
    [
      "an encrypted text",
      [
        { type: "input_text", text: note },
        { type: "encrypted_content", encrypted_content: "c2VjcmV0" },
      ],
      Buffer.byteLength(note) + Buffer.byteLength("c2VjcmV0"),
    ],
  ])("counts all bytes of %s", (_what, output, size) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "look", {});
    turn.request([userMessage("hi")]).respond([call]);
    turn.tool("c1", { label: "look" }).end("completed", {
      sizes: { produced_bytes: 5000, to_requester_bytes: 4000 },
    });
    turn.request([userMessage("hi"), call, functionOutput("c1", output)]);
    expect(reduce(rollout).tool_calls["c1"]?.visibility).toEqual({
      produced_bytes: 5000,
      to_requester_bytes: 4000,
      to_model_bytes: size,
      seen_by_model: true,
    });
  });
});

describe("the spans of a host", () => {
  const TRACES = ["a", "b"].map((digit) => digit.repeat(32));
  const id = (digit: string): string => digit.repeat(16);

  interface SpanFields {
    readonly trace?: string | undefined;
    readonly parent?: string;
    readonly call?: string;
    readonly thread?: string;
  }

  function span(rollout: RolloutBuilder, digit: string, fields: SpanFields = {}): void {
    const { trace = TRACES[0], parent, call, thread = "root" } = fields;
    rollout.event(
      {
        type: "span_started",
        otel_trace_id: trace,
        span_id: id(digit),
        parent_span_id: parent === undefined ? null : id(parent),
        name: "GET",
        kind: "client",
        attributes: call === undefined ? {} : { "rollout_trace.tool_call_id": call },
        links: [],
        start_time_unix_us: 1_700_000_000_900_000,
      },
      { thread },
    );
  }

  it("have the links of their start, and at their end those of their end, with attributes in the order of their keys", () => {
    const rollout = new RolloutBuilder();
    const ids = { otel_trace_id: TRACES[0], span_id: id("1"), name: "GET", attributes: {} };
    const link = { trace_id: TRACES[1], span_id: id("9") };
    const linked = { ...link, attributes: { b: 1, a: { d: 2, c: 3 } } };
    const links = () => JSON.stringify(Object.values(reduce(rollout).spans).map((each) => each.links));
    rollout.event({ ...ids, type: "span_started", kind: "client", start_time_unix_us: 5, links: [linked] });
    const sorted = { ...link, attributes: { a: { c: 3, d: 2 }, b: 1 } };
    expect(links()).toBe(JSON.stringify([[sorted]]));
    const status = { code: "ok" };
    rollout.event({ ...ids, type: "span_ended", status, end_time_unix_us: 9, links: [linked, link] });
    expect(links()).toBe(JSON.stringify([[sorted, { ...link, attributes: {} }]]));
  });

  it("have the name and the words of their status that they end with", () => {
    const rollout = new RolloutBuilder();
    span(rollout, "1");
    rollout.event({
      type: "span_ended",
      otel_trace_id: TRACES[0],
      span_id: id("1"),
      name: "GET /users",
      attributes: {},
      links: [],
      status: { code: "error", message: "timed out" },
      end_time_unix_us: 1_700_000_000_950_000,
    });
    expect(reduce(rollout).spans[id("1")]).toMatchObject({
      name: "GET /users",
      status: { code: "error", message: "timed out" },
    });
  });

  it("are below a span of their own trace only, whatever another trace calls its spans", () => {
    const rollout = new RolloutBuilder();
    const call = rollout.root.turn().tool("c", { host: true });
    span(rollout, "1", { call: "c" });
    span(rollout, "2", { trace: TRACES[1], parent: "1" });
    span(rollout, "3", { parent: "1" });
    call.end();
    const { spans, tool_calls: calls } = reduce(rollout);
    expect(calls["c"]?.span_ids).toEqual([id("1"), id("3")]);
    expect(spans[id("2")]).toMatchObject({ parent_span_id: id("1"), tool_call_id: null });
  });

  it("ran in a call of their own thread only, whatever another thread calls its calls", () => {
    const rollout = new RolloutBuilder();
    const [first, second] = ["first", "second"].map((name) => rollout.child(name));
    first?.turn().tool("c", { host: true }).end();
    span(rollout, "1", { call: "c", thread: "second" });
    expect(reduce(rollout).spans[id("1")]?.tool_call_id).toBeNull();
    second?.turn().tool("c", { host: true }).end();
    span(rollout, "2", { call: "c", thread: "first" });
    span(rollout, "3", { call: "c", thread: "second" });
    const { spans } = reduce(rollout);
    expect(spans[id("2")]?.tool_call_id).toBe("c");
    expect(spans[id("3")]?.tool_call_id).toBe("c#2");
  });
});

describe("a mark of the provider's cache", () => {
  const marked = (block: JsonObject): JsonObject => ({ ...block, cache_control: { type: "ephemeral" } });
  const result = (content: JsonValue): JsonObject => ({ type: "tool_result", tool_use_id: "t", content });
  const source = { type: "base64", media_type: "image/png", data: "AAAA" };
  const image = { type: "image", source };
  const use = { type: "tool_use", id: "t", name: "f", input: { a: 1 } };

  it.each<[string, string, JsonObject, JsonObject]>([
    ["an image", "user", image, marked(image)],
    ["a document", "user", { type: "document", source }, marked({ type: "document", source })],
    ["a call", "assistant", use, marked(use)],
    ["a result", "user", result("r"), marked(result("r"))],
    ["an image in a result", "user", result([image]), result([marked(image)])],
    [
      "a text in a result",
      "user",
      result([{ type: "text", text: "r" }]),
      result([marked({ type: "text", text: "r" })]),
    ],
    ["a thought without a text", "assistant", { type: "thinking" }, marked({ type: "thinking" })],
    ["a compaction without a text", "assistant", { type: "compaction" }, marked({ type: "compaction" })],
    ["a block that nobody knows", "user", { type: "hologram", n: 1 }, marked({ type: "hologram", n: 1 })],
  ])("on %s makes no other item of it, whichever request has it", (_what, role, plain, cached) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const block of [plain, cached, plain]) {
      turn.request(
        [
          { role: "user", content: "hi" },
          { role, content: [block] },
        ],
        {
          dialect: "anthropic_messages",
        },
      );
    }
    expect(Object.keys(reduce(rollout).conversation_items)).toEqual(["item:1", "item:2"]);
  });

  it("is no part of what tells two blocks apart, and everything else is", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ask = (block: JsonObject) =>
      turn.request([{ role: "user", content: [block] }], { dialect: "anthropic_messages" });
    for (const data of ["AAAA", "BBBB"]) ask(marked({ type: "image", source: { ...source, data } }));
    const call = { type: "mcp_tool_use", id: "m", name: "f", input: {} };
    for (const server of ["one", "two"]) {
      turn.request([{ role: "assistant", content: [marked({ ...call, server_name: server })] }], {
        dialect: "anthropic_messages",
      });
    }
    turn.request([assistantMessage("done")]);
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(5);
  });
});
