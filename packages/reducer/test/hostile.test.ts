import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import { checkGraph, createReducer, graphJson } from "@rollout-trace/reducer";
import { functionCall, functionOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { processorTimeRatio } from "../../../test/support/processor-time.ts";
import { growth, QUADRATIC } from "./growth.ts";
import { codesOf, reduce, reduceInSteps, reduceLeniently } from "./support.ts";

describe("a recording that is made to be slow", () => {
  it.each<[string, (size: number) => RolloutBuilder]>([
    [
      "uses one call id for every call, and answers none",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        for (let index = 0; index < size; index += 1) turn.tool(`c${index}`, { callId: "same" });
        turn.end("aborted");
        return rollout;
      },
    ],
    [
      "starts every call under one id, and leaves them to the end of the turn",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        for (let index = 0; index < size; index += 1) turn.tool("same", { input: { index } });
        turn.end("aborted");
        return rollout;
      },
    ],
    [
      "sends one message over and over, and answers at the end",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const child = rollout.child("child");
        for (let index = 0; index < size; index += 1) {
          turn
            .tool(`c${index}`, { host: true, kind: { type: "send_message" } })
            .interact("send_message", "child", "again")
            .end();
        }
        child.turn().request(Array.from({ length: size }, () => userMessage("again")));
        return rollout;
      },
    ],
    [
      "has every call spawn one child",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        rollout.child("child");
        for (let index = 0; index < size; index += 1) {
          turn
            .tool(`c${index}`, { host: true, kind: { type: "spawn_agent" } })
            .interacted("spawn_agent", "child")
            .end();
        }
        return rollout;
      },
    ],
    [
      "sends one message over and over, each time after an equal one that nobody sent",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const child = rollout.child("child").turn();
        const messages = Array.from({ length: size }, () => userMessage("again"));
        child.request(messages);
        for (let index = 0; index < size; index += 1) {
          turn
            .tool(`c${index}`, { host: true, kind: { type: "send_message" } })
            .interact("send_message", "child", "again")
            .end();
        }
        return rollout;
      },
    ],
    [
      "puts a long history into another order",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const messages = Array.from({ length: size }, () => userMessage("the same"));
        turn.request(messages);
        turn.request([userMessage("first"), ...messages]);
        return rollout;
      },
    ],
    [
      "notifies the same thing over and over",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const cell = turn.cell("1", "x");
        for (let index = 0; index < size; index += 1) cell.notify("x", "again");
        turn.request(
          Array.from({ length: size }, () => ({
            type: "custom_tool_call_output",
            call_id: "x",
            output: "again",
          })),
        );
        return rollout;
      },
    ],
    [
      "waits for every cell before it starts, and writes to every process before it is known",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const command = turn.tool("c", { host: true, kind: { type: "exec_command" } });
        command.runtimeStart({ type: "exec_command_begin", command: ["sh"], cwd: "/" });
        const input = { cell_id: "1", session_id: "7" };
        for (let index = 0; index < size; index += 1) {
          turn.tool(`w${index}`, { host: true, kind: { type: "code_cell_wait" }, input });
          turn.tool(`s${index}`, { host: true, kind: { type: "write_stdin" }, input });
          turn.event({ type: "stdin_target_resolved", tool_call_id: `s${index}`, exec_tool_call_id: "c" });
        }
        turn.cell("1", "x");
        command.runtimeEnd({
          type: "exec_command_end",
          exit_code: 0,
          stdout: "",
          stderr: "",
          process_id: "7",
        });
        return rollout;
      },
    ],
    [
      "has one cell that makes every call, and one turn that makes every request",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        turn.cell("1", "x");
        for (let index = 0; index < size; index += 1) {
          turn.tool(`n${index}`, { cell: "1" });
          turn.request([], { mode: { type: "incremental", previous_response_id: "no" } });
        }
        return rollout;
      },
    ],
  ])(
    "%s is not",
    (_what, record) => {
      expect(growth(record, 3000)).toBeLessThan(QUADRATIC);
    },
    120_000,
  );

  it("is checked in linear time too", () => {
    const graphOf = (size: number) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      turn.cell("1", "x");
      for (let index = 0; index < size; index += 1) {
        turn.tool(`n${index}`, { cell: "1" });
        turn.request([]);
      }
      return reduceLeniently(rollout);
    };
    const [small, large] = [graphOf(3000), graphOf(12_000)];
    const ratio = processorTimeRatio({
      small: () => expect(checkGraph(small)).toEqual([]),
      large: () => expect(checkGraph(large)).toEqual([]),
      bound: QUADRATIC,
    });
    expect(ratio).toBeLessThan(QUADRATIC);
  });
});

describe("a nested call", () => {
  it("that starts when its cell is over is closed by what closes direct calls", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x").end();
    turn.tool("late", { cell: "1" });
    turn.end("aborted");
    const graph = reduce(rollout);
    expect(graph.tool_calls["late"]).toMatchObject({
      requester: { code_cell_id: "cell:root:x" },
      execution: { status: "cancelled", end_cause: "turn_ended" },
    });
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("two calls that are said to have spawned one thread", () => {
  it("have an edge each", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    rollout.child("child");
    for (const id of ["a", "b"]) {
      turn
        .tool(id, { host: true, kind: { type: "spawn_agent" } })
        .interact("spawn_agent", "child", "go")
        .interacted("spawn_agent", "child")
        .end();
    }
    const { interaction_edges: edges } = reduce(rollout);
    expect(Object.values(edges).map(({ edge_id, source }) => [edge_id, source.id])).toEqual([
      ["edge:spawn:root:child", "a"],
      ["edge:spawn:root:child#2", "b"],
    ]);
  });
});

describe("a number that no double is large enough for", () => {
  const many = JSON.parse('{"n": 1e999}') as { n: JsonValue };
  const user = userMessage("hi");
  const text = '{"n": 1e999}';

  it.each<[string, JsonObject, string | undefined]>([
    ["an element that nobody knows", { type: "moon", ...many }, '{"n":1e999,"type":"moon"}'],
    ["what a tool returned", { type: "function_call_output", call_id: "c", output: many }, '{"n":1e999}'],
    ["arguments", { type: "function_call", call_id: "c", name: "f", arguments: many }, '{"n":1e999}'],
    ["arguments as text", { type: "function_call", call_id: "c", name: "f", arguments: text }, text],
    ["a picture", { type: "message", role: "user", content: [{ type: "input_image", ...many }] }, undefined],
  ])("is shown as it is in %s", (_what, element, preview) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([user, element]);
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph).filter((code) => code !== "unknown_item_type")).toEqual([]);
    const [part] = graph.conversation_items["item:2"]?.body.parts ?? [];
    expect(part?.type === "json" ? part.preview : undefined).toBe(preview);
    expect(graphJson(reduceInSteps(rollout))).toBe(graphJson(graph));
  });

  it("may be in instructions beside the history, and in any other field that is read", () => {
    const system = [{ type: "text", text: "be kind", ...many }];
    const usage = { input_tokens: many["n"], output_tokens: 5 };
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const blocks = [{ type: "text", text: "hi", ...many }];
    const dialect = "anthropic_messages";
    turn.request([{ role: "user", content: blocks }], { id: "i", dialect, fields: { system } });
    turn.event({
      type: "inference_completed",
      inference_call_id: "i",
      response: rollout.payload("inference_response", { content: [], usage }),
    });
    const graph = reduce(rollout);
    expect(Object.values(graph.conversation_items).map(({ role }) => role)).toEqual(["system", "user"]);
    expect(graph.usage.total).toMatchObject({ input_tokens: 0, output_tokens: 5 });
  });
});

describe("an event with fields that are worked out when they are read", () => {
  const broken = (): never => {
    throw new Error("again");
  };
  const second = (value: unknown): object => {
    let reads = 0;
    return {
      get a() {
        reads += 1;
        return reads === 1 ? 1 : typeof value === "function" ? broken() : value;
      },
    };
  };

  it.each<[string, () => object]>([
    ["is no number any more", () => second(5n)],
    ["cannot be read again", () => second(broken)],
  ])("is told of where an attribute of a span %s", (_what, attributes) => {
    const rollout = new RolloutBuilder();
    const place = { span_id: "a".repeat(16), otel_trace_id: "b".repeat(32), name: "s", kind: "internal" };
    const started = { parent_span_id: null, start_time_unix_us: 1, links: [] };
    rollout.event({ type: "span_started", ...place, ...started, attributes: attributes() });
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["invalid_event"]);
    expect(Object.values(graph.spans)).toMatchObject([{ name: "s", attributes: {} }]);
  });

  it.each<[string, PropertyDescriptor]>([
    ["cannot be read", { get: broken }],
    ["are no text", { value: Symbol("no text") }],
  ])("is told of where what they throw has words that %s", (_what, message) => {
    const reducer = createReducer({ payloads: new RolloutBuilder().source().payloads });
    reducer.apply({
      get seq() {
        throw Object.defineProperty(new Error("x"), "message", message);
      },
    });
    expect(codesOf(reducer.finish())).toEqual(["invalid_event"]);
  });
});

describe("a call with two MCP ids", () => {
  it("keeps the first, with an error", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c", { host: true });
    turn.event({ type: "mcp_call_assigned", tool_call_id: "c", mcp_call_id: "one" });
    turn.event({ type: "mcp_call_assigned", tool_call_id: "c", mcp_call_id: "one" });
    turn.event({ type: "mcp_call_assigned", tool_call_id: "c", mcp_call_id: "two" });
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["call_id_conflict"]);
    expect(graph.tool_calls["c"]?.mcp_call_id).toBe("one");
  });
});

describe("ends in any order", () => {
  it("of calls with one recorded id go to the latest that has not ended", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q")]).respond(["a", "b", "c"].map((id) => functionCall(id, "f", { id })));
    const tools = ["a", "b", "c"].map((id) => turn.tool("t", { callId: id, input: { id } }));
    for (const [index, tool] of tools.entries()) {
      tool.end("completed", { sizes: { produced_bytes: index, to_requester_bytes: index } });
    }
    turn.request([userMessage("q"), functionOutput("a", "1")]);
    const produced = Object.values(reduce(rollout).tool_calls).map((call) => call.visibility.produced_bytes);
    expect(produced).toEqual([2, 1, 0]);
  });
});

describe("diagnostics", () => {
  it("are at most a few for each event, and say nothing that is longer than what it is about", () => {
    const rollout = new RolloutBuilder();
    for (let index = 0; index < 1000; index += 1) {
      rollout.event({ type: "tool_call_ended", tool_call_id: `t${index}` }, { thread: "nobody", turn: "no" });
    }
    const reducer = createReducer({ payloads: rollout.source().payloads });
    for (const event of rollout.events) reducer.apply(event);
    const { diagnostics } = reducer.finish();
    expect(diagnostics.length).toBeLessThanOrEqual(rollout.events.length);
    const size = JSON.stringify(diagnostics).length / JSON.stringify(rollout.events).length;
    expect(size).toBeLessThan(3);
  });
});
