import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue, PayloadReader } from "@rollout-trace/protocol";
import { checkGraph, reduceRollout, type RolloutGraph, type TerminalOperation } from "@rollout-trace/reducer";
import { RolloutBuilder, type ToolCallBuilder, type TurnBuilder } from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;

it("an event of the host's own protocol leaves its payload in the list of payloads, and makes nothing", () => {
  const rollout = new RolloutBuilder();
  const before = reduce(rollout);
  const event = rollout.payload("protocol_event", { method: "initialize" });
  rollout.root.turn().event({ type: "protocol_event_observed", event_type: "initialize", event });
  const graph = reduce(rollout);
  expect(graph.payloads).toEqual({ "payload-1": { kind: "protocol_event", size_bytes: 23 } });
  expect({ ...graph, payloads: {}, turns: {} }).toEqual({
    ...before,
    threads: { root: { ...before.threads["root"], turn_ids: ["turn-1"] } },
  });
});

it("payloads that are named again and again, in turn, are each asked for once, and listed once", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const events = Array.from({ length: 20 }, (_each, number) => rollout.payload("protocol_event", { number }));
  for (let time = 0; time < 3; time += 1)
    for (const event of events) turn.event({ type: "protocol_event_observed", event_type: "note", event });
  const { payloads } = rollout.source();
  const asked: string[] = [];
  const counting: PayloadReader = {
    json: (id) => payloads.json(id),
    items: (id, key) => payloads.items(id, key),
    stat(id) {
      asked.push(id);
      return payloads.stat(id);
    },
  };
  const graph = reduceRollout({ ...rollout.source(), payloads: counting }, { mode: "strict" });
  expect(asked).toEqual(events.map(({ payload_id }) => payload_id));
  expect(Object.keys(graph.payloads)).toEqual(asked);
});

/** A write that a host dispatches with this as its invocation. */
function startWrite(turn: TurnBuilder, invocation: JsonValue): void {
  turn.event({
    type: "tool_call_started",
    tool_call_id: "w1",
    requester: { type: "host" },
    kind: { type: "write_stdin" },
    label: "write_stdin",
    invocation: turn.thread.rollout.payload("tool_invocation", invocation),
  });
}

function firstOperation(graph: RolloutGraph): TerminalOperation | undefined {
  expect(checkGraph(graph)).toEqual([]);
  return graph.terminal_operations["terminal_operation:1"];
}

describe("the invocation of a write", () => {
  const named = { session_id: "7", chars: "y\n" };

  it.each<[string, JsonValue]>([
    ["as text", { type: "function", arguments: JSON.stringify(named) }],
    ["as they are", { type: "json", value: named }],
    ["as text under other names", { type: "function", arguments: '{"process_id":7,"stdin":"y\\n"}' }],
    ["as they are under other names", { type: "json", value: { process_id: 7, stdin: "y\n" } }],
  ])("says what is written, and where, with its arguments %s", (_, payload) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", exec).runtimeStart({ type: "exec_command_begin", command: ["sh"], process_id: "7" });
    startWrite(turn, { tool_name: "write_stdin", payload });
    const graph = reduce(rollout);
    expect(graph.terminal_operations["terminal_operation:2"]).toMatchObject({
      terminal_session_id: "7",
      request: { type: "write_stdin", stdin: "y\n" },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it.each<[string, JsonValue]>([
    ["no JSON", { type: "function", arguments: "y" }],
    ["no object", { type: "json", value: ["y"] }],
  ])("that is %s leaves it to the runtime to say what was written", (_, payload) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    startWrite(turn, { tool_name: "write_stdin", payload });
    expect(firstOperation(reduce(rollout))?.request).toEqual({ type: "write_stdin", stdin: "" });
    const runtime = rollout.payload("tool_runtime_event", { type: "write_stdin_begin", stdin: "z" });
    turn.event({ type: "tool_call_runtime_started", tool_call_id: "w1", runtime });
    expect(firstOperation(reduce(rollout))?.request).toEqual({ type: "write_stdin", stdin: "z" });
  });
});

describe("what a command returned", () => {
  const begin = (id: string | null) => ({ type: "exec_command_begin", command: ["sh"], process_id: id });

  function reduced(record: (call: ToolCallBuilder) => void): RolloutGraph {
    const rollout = new RolloutBuilder();
    record(rollout.root.turn().tool("c1", exec));
    return reduce(rollout);
  }

  it("is an error on the error output where that is all there is", () => {
    const graph = reduced((call) => {
      call.runtimeStart(begin("7")).end("failed", { result: { type: "error", error: "no such shell" } });
    });
    expect(firstOperation(graph)?.result).toEqual({
      exit_code: null,
      stdout: "",
      stderr: "no such shell",
      formatted_output: null,
    });
  });

  const told: JsonObject = { exit_code: 3, stdout: "told", stderr: "", formatted_output: null };
  const returned = (fields: JsonObject) => ({ result: { type: "code_mode", value: fields } });

  it("is its result as long as the runtime tells of no end, also where the process is known", () => {
    const graph = reduced((call) => {
      call.runtimeStart(begin("7")).end("completed", returned({ exit_code: 0, output: "returned" }));
    });
    expect(firstOperation(graph)?.result).toMatchObject({ exit_code: 0, stdout: "returned" });
    expect(graph.terminal_sessions["7"]?.execution.ended_seq).toBe(6);
  });

  it("names its process where the runtime, which told of its end, does not, and the rest is as that told", () => {
    const graph = reduced((call) => {
      call.runtimeEnd({ type: "exec_command_end", ...told });
      call.end("completed", returned({ exit_code: 0, output: "returned", session_id: 7 }));
    });
    expect(firstOperation(graph)).toMatchObject({ terminal_session_id: "7", result: told });
  });

  it("is not asked where the runtime has told of its end and of its process", () => {
    const graph = reduced((call) => {
      call.runtimeEnd({ type: "exec_command_end", ...told, process_id: "7" });
      call.end("completed", returned({ exit_code: 0, output: "returned", session_id: 8 }));
    });
    expect(firstOperation(graph)).toMatchObject({ terminal_session_id: "7", result: told });
    expect(Object.keys(graph.terminal_sessions)).toEqual(["7"]);
  });
});

describe("an interaction that never ended", () => {
  it("has the end of the rollout, which closes it, in its evidence", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    rollout.child("child");
    const call = turn.tool("m1", { kind: { type: "send_message" }, host: true });
    call.interact("send_message", "child", "go");
    const before = reduce(rollout).interaction_edges["edge:tool:m1"];
    expect(before).toMatchObject({ status: "running", ended_at_us: null, evidence: { seqs: [5, 6] } });
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.interaction_edges["edge:tool:m1"]).toEqual({
      ...before,
      status: "aborted",
      ended_at_us: graph.ended_at_us,
      evidence: { ...before?.evidence, seqs: [5, 6, 7] },
    });
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("calls that say nearly the same", () => {
  const start: JsonObject = {
    type: "tool_call_started",
    requester: { type: "code_cell", runtime_cell_id: "1" },
    kind: { type: "other", name: "look" },
    label: "look",
    input_preview: "here",
    runtime_tool_call_id: "tool-1",
    invocation: null,
  };

  /** What becomes of calls that start with these. */
  function started(...starts: readonly JsonObject[]): RolloutGraph {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1");
    turn.cell("2", "x2");
    for (const each of starts)
      turn.event({ ...start, tool_call_id: "c", ...each, type: "tool_call_started" });
    return reduceLeniently(rollout);
  }

  it.each<[string, JsonObject]>([
    ["id in its cell", { runtime_tool_call_id: "tool-2" }],
    ["id in its cell, which has none", { runtime_tool_call_id: null }],
    ["input", { input_preview: "there" }],
    ["input, of which nothing is known", { input_preview: null }],
    ["label", { label: "seek" }],
    ["call id with the model", { model_visible_call_id: "call-2" }],
    ["cell", { requester: { type: "code_cell", runtime_cell_id: "2" } }],
    ["requester", { requester: { type: "host" } }],
  ])("are two where they have one id and another %s", (_, other) => {
    const graph = started({}, other);
    expect(Object.keys(graph.tool_calls)).toEqual(["c", "c#2"]);
    expect(codesOf(graph)).toEqual([]);
  });

  it("are one, recorded twice, where they say the same", () => {
    const graph = started({}, {});
    expect(Object.keys(graph.tool_calls)).toEqual(["c"]);
    expect(codesOf(graph)).toEqual(["duplicate_start"]);
  });

  const ids = ["a", "b", "c"];
  const mcp = (server: string, tool: string) => ({ type: "mcp", server, tool });

  it.each<[string, readonly JsonObject[]]>([
    ["names", ids.map((name) => ({ type: "other", name }))],
    ["servers", ids.map((server) => mcp(server, "look"))],
    ["tools of a server", ids.map((tool) => mcp("docs", tool))],
    ["servers and tools that are one text", [mcp("a", "bc"), mcp("ab", "c"), mcp("abc", "")]],
  ])("are no repetition of one call where they are of tools with other %s", (_, kinds) => {
    const of = (all: readonly JsonObject[]) =>
      findingsOf(started(...all.map((kind, index) => ({ kind, tool_call_id: ids[index] ?? "" }))));
    expect(of(kinds)).toEqual([]);
    expect(of(kinds.map(() => kinds[0] ?? {}))).toEqual(["repeated_identical_call c"]);
  });
});
