import { describe, expect, it } from "vitest";
import {
  checkGraph,
  createReducer,
  graphJson,
  type ReducerCheckpoint,
  resumeReducer,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import {
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  RolloutBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

const CELL = "cell:root:x1";
const exec = { kind: { type: "exec_command" }, label: "exec_command", host: true } as const;
const write = { kind: { type: "write_stdin" }, label: "write_stdin", host: true } as const;
const wait = { kind: { type: "code_cell_wait" }, label: "wait" } as const;

function waitStarted(turn: TurnBuilder, waitId: string, callId: string | null = null): void {
  turn.event({
    type: "code_cell_wait_started",
    wait_id: waitId,
    runtime_cell_id: "1",
    model_visible_call_id: callId,
    mode: "yield",
  });
}

function waitEnded(turn: TurnBuilder, waitId: string, outcome: string): void {
  turn.event({ type: "code_cell_wait_ended", wait_id: waitId, outcome });
}

describe("a wait that is recorded before its cell", () => {
  const input = { cell_id: "1" };

  it("is a wait of the cell, with its call, its outcome and its yield", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("w1", { ...wait, input });
    waitStarted(turn, "wait-1", "w1");
    waitEnded(turn, "wait-1", "yielded");
    call.end();
    const cell = turn.cell("1", "x1").respond("yielded");
    cell.end();
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]).toMatchObject({
      waits: [
        {
          wait_id: "wait-1",
          tool_call_id: "w1",
          model_visible_call_id: "w1",
          mode: "yield",
          outcome: "yielded",
          execution: { started_seq: 5, ended_seq: 6, status: "completed" },
        },
      ],
      yields: [{ seq: 6, wait_id: "wait-1" }, { wait_id: null }],
      evidence: { seqs: [4, 5, 6, 8, 9, 10], payload_ids: ["payload-1"] },
    });
    expect(graph.tool_calls["w1"]?.code_cell_id).toBe(CELL);
    expect(findingsOf(graph)).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("may be told of by its call alone, and ask for the end of the cell", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("w1", { ...wait, input: { cell_id: "1", terminate: true } });
    turn.cell("1", "x1").end("terminated");
    call.end();
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      waits: [{ wait_id: null, tool_call_id: "w1", outcome: "terminated", execution: { ended_seq: 7 } }],
      cancellation: { cause: "model", model_visible_call_id: "w1", seq: 4 },
    });
  });

  it("and whose call comes after it is one wait with that", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    waitStarted(turn, "wait-1", "w1");
    turn.tool("w1", { ...wait, input });
    turn.cell("1", "x1");
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.waits).toMatchObject([{ wait_id: "wait-1", tool_call_id: "w1" }]);
    expect(graph.tool_calls["w1"]?.code_cell_id).toBe(CELL);
  });

  it("and that got nothing of it has its end and its response in the evidence of the cell", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    waitStarted(turn, "wait-1");
    const response = rollout.payload("code_cell_response", "busy");
    turn.event({ type: "code_cell_wait_ended", wait_id: "wait-1", outcome: "busy", response });
    turn.cell("1", "x1");
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.waits).toMatchObject([{ outcome: "busy", payload_id: "payload-1" }]);
    expect(graph.code_cells[CELL]?.evidence).toEqual({ seqs: [4, 5, 6], payload_ids: ["payload-1"] });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is none of a cell that starts after the model was told that there is no such cell", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("w1", { ...wait, input });
    waitStarted(turn, "wait-1", "w1");
    waitEnded(turn, "wait-1", "missing");
    call.end("failed");
    turn.tool("w2", { ...wait, input }).end("failed");
    turn.cell("1", "x1");
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.waits).toEqual([]);
    expect(graph.tool_calls["w1"]?.code_cell_id).toBeNull();
    expect(graph.diagnostics).toEqual([]);
  });

  it("of a cell that never starts is an error of its own place, where its outcome needs one", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    waitStarted(turn, "wait-1");
    waitEnded(turn, "wait-1", "completed");
    expect(reduceLeniently(rollout).diagnostics).toMatchObject([
      { code: "unknown_reference", seq: 5, message: 'code_cell_wait_ended: code cell "1" never started' },
    ]);
  });

  it("and starts twice is an error, and one wait", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (let time = 0; time < 2; time += 1) waitStarted(turn, "wait-1");
    turn.cell("1", "x1");
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics).toMatchObject([{ code: "duplicate_start", seq: 5, object: null }]);
    expect(graph.code_cells[CELL]?.waits).toHaveLength(1);
  });
});

describe("a start that is recorded after the request with its output", () => {
  const record = (start: (turn: TurnBuilder) => void): RolloutGraph => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const calls = [functionCall("c1", "tool", {}), execCall("x1", "1")];
    turn.request([userMessage("hi")]).respond(calls);
    turn.request([userMessage("hi"), ...calls, functionOutput("c1", "done"), execOutput("x1", "1")]);
    start(turn);
    rollout.end();
    return reduce(rollout);
  };

  it("is linked to its items", () => {
    const graph = record((turn) => turn.tool("c1").end());
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2"],
      output_item_ids: ["item:4"],
      caused_by: { inference_call_id: "inference-1" },
      visibility: { seen_by_model: true },
    });
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["c1"]);
    expect(graph.conversation_items["item:4"]?.produced_by).toEqual([{ type: "tool", tool_call_id: "c1" }]);
    expect(graph.diagnostics).toEqual([]);
    expect(findingsOf(graph)).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("of a cell and of its exec call are joined all the same", () => {
    const graph = record((turn) => {
      turn.cell("1", "x1").respond("completed").end();
      turn.tool("x1", { kind: { type: "code_cell_exec" } }).end();
    });
    expect(graph.code_cells[CELL]).toMatchObject({
      exec_tool_call_id: "x1",
      source_item_id: "item:3",
      output_item_ids: ["item:5"],
    });
    expect(graph.conversation_items["item:5"]?.produced_by).toEqual([
      { type: "tool", tool_call_id: "x1" },
      { type: "code_cell", code_cell_id: CELL },
    ]);
    expect(graph.diagnostics).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is a new call when something has started for that call already", () => {
    const graph = record((turn) => {
      turn.tool("c1", { input: 1 }).end();
      turn.tool("c1", { input: 2 }).end();
    });
    expect(codesOf(graph)).toEqual(["call_id_reused", "missing_source_item"]);
    expect(graph.tool_calls["c1#2"]).toMatchObject({ call_item_ids: [], output_item_ids: [] });
  });

  it("is a new call when no recorded response asked for the one that was answered", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const old = [functionCall("c1", "tool", { old: true }), functionOutput("c1", "old")];
    const inference = turn.request([userMessage("hi"), ...old]);
    turn.tool("c1", { input: { old: false } });
    inference.respond([functionCall("c1", "tool", { old: false })]);
    expect(reduce(rollout).tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:4"],
      output_item_ids: [],
    });
  });
});

describe("a write that is recorded before the process id of its command", () => {
  const begin = (process_id: string | null) => ({
    type: "exec_command_begin",
    command: ["sh"],
    cwd: "/",
    process_id,
  });
  const end = (process_id: string) => ({ type: "exec_command_end", stdout: "", stderr: "", process_id });
  const sessionsOf = (graph: RolloutGraph) =>
    Object.values(graph.terminal_sessions).map((session) => ({
      id: session.terminal_session_id,
      opener: graph.terminal_operations[session.created_by_operation_id]?.tool_call_id,
      calls: session.operation_ids.map((id) => graph.terminal_operations[id]?.tool_call_id),
    }));
  const ONE = [{ id: "7", opener: "c1", calls: ["c1", "w1"] }];

  it.each<[string, (turn: TurnBuilder) => void]>([
    [
      "by the host's word",
      (turn) => {
        turn.tool("w1", write);
        target(turn);
      },
    ],
    [
      "by its arguments",
      (turn) => {
        turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } });
      },
    ],
    [
      "by its runtime",
      (turn) => {
        turn.tool("w1", write).runtimeStart({ type: "write_stdin_begin", stdin: "y", process_id: 7 });
      },
    ],
  ])("joins its session, %s", (_how, record) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const command = turn.tool("c1", exec).runtimeStart(begin(null));
    record(turn);
    command.runtimeEnd(end("7"));
    const graph = reduce(rollout);
    expect(sessionsOf(graph)).toEqual(ONE);
    expect(graph.terminal_sessions["7"]?.execution.started_seq).toBe(5);
    const { seqs } = graph.terminal_sessions["7"]?.evidence ?? {};
    expect(seqs?.at(-1)).toBe(rollout.events.length);
    expect(seqs).toHaveLength(2);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("and before its command joins its session by the host's word", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", write);
    target(turn);
    turn.tool("c1", exec).runtimeStart(begin("7"));
    const graph = reduce(rollout);
    expect(sessionsOf(graph)).toEqual(ONE);
    expect(graph.tool_calls["w1"]?.evidence.seqs).toContain(5);
  });

  it("went to an older process when its command started after it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } }).end();
    turn.tool("c1", exec).runtimeStart(begin("7"));
    const graph = reduce(rollout);
    expect(sessionsOf(graph)).toEqual([{ id: "7", opener: "c1", calls: ["c1"] }]);
    expect(graph.terminal_operations["terminal_operation:1"]?.terminal_session_id).toBeNull();
  });

  it("and opened the session of an older process leaves its command one of its own", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } }).end();
    const other = turn.tool("w2", write);
    other.runtimeStart({ type: "write_stdin_begin", stdin: "y", process_id: 7 });
    turn.tool("c1", exec).runtimeStart(begin("7"));
    expect(sessionsOf(reduce(rollout))).toEqual([
      { id: "7", opener: "w2", calls: ["w2", "w1"] },
      { id: "7#2", opener: "c1", calls: ["c1"] },
    ]);
  });

  it("to another process than it wrote to by the host's word is an error, whichever came first", () => {
    for (const isEarly of [true, false]) {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      turn.tool("c0", exec).runtimeStart(begin("6"));
      const command = turn.tool("c1", exec).runtimeStart(begin(isEarly ? null : "7"));
      turn.tool("w1", { ...write, input: { session_id: 6, chars: "y" } });
      target(turn);
      if (isEarly) command.runtimeEnd(end("7"));
      const graph = reduceLeniently(rollout);
      expect(graph.diagnostics).toMatchObject([
        { code: "call_id_conflict", object: { type: "tool_call", id: "w1" } },
      ]);
      expect(sessionsOf(graph)).toEqual([
        { id: "6", opener: "c0", calls: ["c0", "w1"] },
        { id: "7", opener: "c1", calls: ["c1"] },
      ]);
    }
  });

  it("and names a call that never starts is an error", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", write);
    target(turn);
    expect(reduceLeniently(rollout).diagnostics).toMatchObject([
      { code: "unknown_reference", seq: 5, message: 'stdin_target_resolved: tool call "c1" never started' },
    ]);
  });

  function target(turn: TurnBuilder): void {
    turn.event({ type: "stdin_target_resolved", tool_call_id: "w1", exec_tool_call_id: "c1" });
  }
});

describe("a write to a process id that its thread does not have", () => {
  const record = (threads: readonly string[]) => {
    const rollout = new RolloutBuilder();
    for (const id of threads) {
      const command = rollout.child(id).turn().tool(`c-${id}`, exec);
      command.runtimeStart({ type: "exec_command_begin", command: ["sh"], cwd: "/", process_id: "7" });
    }
    const turn = rollout.root.turn();
    turn.tool("w1", { ...write, input: { session_id: 7, chars: "y" } });
    const second = turn.tool("w2", write);
    second.runtimeStart({ type: "write_stdin_begin", stdin: "y", process_id: 7 });
    const { terminal_operations: operations } = reduce(rollout);
    return Object.values(operations)
      .filter(({ kind }) => kind === "write_stdin")
      .map(({ terminal_session_id }) => terminal_session_id);
  };

  it("goes to the process of the only thread that has it", () => {
    expect(record(["a"])).toEqual(["7", "7"]);
  });

  it("goes to none that is known where several have it", () => {
    expect(record(["a", "b"])).toEqual([null, null]);
  });
});

describe("what waits for what it belongs to", () => {
  it("goes on waiting in a reducer that is saved and resumed after every event", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const command = turn.tool("c1", exec);
    turn.tool("s1", { ...write, input: { session_id: 7, chars: "y" } });
    turn.tool("s2", write);
    turn.event({ type: "stdin_target_resolved", tool_call_id: "s2", exec_tool_call_id: "c1" });
    turn.tool("w1", { ...wait, input: { cell_id: "1", terminate: true } });
    waitStarted(turn, "wait-1", "w1");
    waitEnded(turn, "wait-1", "terminated");
    const child = rollout.child("child").turn();
    child.request([userMessage("go"), userMessage("go")]);
    for (const id of ["m1", "m2"]) {
      const send = turn.tool(id, { kind: { type: "send_message" }, host: true });
      send.interact("send_message", "child", "go");
    }
    child.request([userMessage("go"), userMessage("go"), userMessage("go")]);
    turn.cell("1", "x1").end("terminated");
    command.runtimeStart({ type: "exec_command_begin", command: ["sh"], cwd: "/", process_id: "7" });
    const { payloads } = rollout.source();
    let reducer = createReducer({ payloads, mode: "strict" });
    for (const event of rollout.events) {
      reducer.apply(event);
      reducer = resumeReducer(JSON.parse(JSON.stringify(reducer.save())) as ReducerCheckpoint, { payloads });
    }
    const graph = reducer.finish();
    expect(graphJson(graph)).toBe(graphJson(reduce(rollout)));
    expect(graph.terminal_sessions["7"]?.operation_ids).toHaveLength(3);
    expect(graph.code_cells[CELL]?.waits).toMatchObject([{ tool_call_id: "w1", outcome: "terminated" }]);
  });
});
