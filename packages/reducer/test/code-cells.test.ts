import { describe, expect, it } from "vitest";
import type { RolloutGraph } from "@rollout-trace/reducer";
import {
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

const CELL = "cell:root:x1";

describe("a code cell", () => {
  it("is joined with its source item, its exec call, its outputs and its nested calls", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = execCall("x1", "await tools.a()");
    turn.request([userMessage("hi")]).respond([call]);
    const exec = turn.tool("x1", { kind: { type: "code_cell_exec" }, label: "exec" });
    const cell = turn.cell("1", "x1", "await tools.a()");
    turn.tool("n1", { cell: "1" }).end();
    cell.respond("completed").end("completed");
    exec.end();
    turn.request([userMessage("hi"), call, execOutput("x1", "Script completed", "42")]);
    const graph = reduce(rollout);
    expect(graph.code_cells).toEqual({
      [CELL]: {
        code_cell_id: CELL,
        runtime_cell_id: "1",
        model_visible_call_id: "x1",
        exec_tool_call_id: "x1",
        thread_id: "root",
        turn_id: "turn-1",
        source_item_id: "item:2",
        output_item_ids: ["item:3"],
        execution: {
          started_at_us: 1_700_000_000_007_000,
          started_seq: 7,
          ended_at_us: 1_700_000_000_011_000,
          ended_seq: 11,
          status: "completed",
          end_cause: "observed",
        },
        runtime_status: "completed",
        source: "await tools.a()",
        initial_response: { at_us: 1_700_000_000_010_000, seq: 10, status: "completed", payload_id: null },
        yields: [],
        waits: [],
        cancellation: null,
        result_payload_id: null,
        journal_payload_id: null,
        caused_by: { thread_id: "root", model_visible_call_id: "x1", inference_call_id: "inference-1" },
        notifications: [],
        nested_tool_call_ids: ["n1"],
        evidence: { seqs: [5, 6, 7, 10, 11, 13], payload_ids: ["payload-2", "payload-3"] },
        provenance: "recorded",
      },
    });
    expect(graph.tool_calls["x1"]?.code_cell_id).toBe(CELL);
    expect(graph.tool_calls["n1"]).toMatchObject({
      requester: { type: "code_cell", code_cell_id: CELL, runtime_cell_id: "1" },
      caused_by: { model_visible_call_id: "x1", inference_call_id: "inference-1" },
      visibility: { seen_by_model: true },
    });
    expect(graph.inference_calls["inference-1"]?.code_cell_ids).toEqual([CELL]);
    expect(graph.conversation_items["item:3"]?.produced_by).toEqual([
      { type: "tool", tool_call_id: "x1" },
      { type: "code_cell", code_cell_id: CELL },
    ]);
  });

  it("shows the model a nested call's result only in what it sent after the call had ended", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const exec = execCall("x1", "1");
    turn.request([userMessage("hi")]).respond([exec]);
    const execTool = turn.tool("x1", { kind: { type: "code_cell_exec" } });
    const cell = turn.cell("1", "x1");
    turn.tool("early", { cell: "1" }).end();
    const late = turn.tool("late", { cell: "1" });
    const cancelled = turn.tool("cancelled", { cell: "1" });
    cell.respond("yielded");
    execTool.end();
    const waitCall = functionCall("w1", "wait", { cell_id: "1" });
    const first = [userMessage("hi"), exec, execOutput("x1", "early")];
    turn.request(first).respond([waitCall]);
    const wait = turn.tool("w1", { kind: { type: "code_cell_wait" }, input: { cell_id: "1" } });
    late.end();
    cancelled.end("cancelled");
    cell.end();
    wait.end();
    const seen = (graph: RolloutGraph) =>
      ["early", "late", "cancelled"].map((id) => graph.tool_calls[id]?.visibility.seen_by_model);
    expect(seen(reduce(rollout))).toEqual([true, false, false]);
    turn.request([...first, waitCall, functionOutput("w1", "late")]);
    expect(seen(reduce(rollout))).toEqual([true, true, false]);
  });

  it("that was stopped may have been awaiting the calls that it left open", () => {
    const record = (status: "completed" | "terminated") => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const cell = turn.cell("1", "x1").respond("yielded");
      turn.tool("n1", { cell: "1" });
      cell.end(status);
      return findingsOf(reduce(rollout));
    };
    expect(record("completed")).toContain("nested_call_not_awaited n1");
    expect(record("terminated")).not.toContain("nested_call_not_awaited n1");
  });

  it("needs no exec call beside it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([execCall("x1", "1")]);
    turn.cell("1", "x1", "1").respond("completed").end();
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]).toMatchObject({ exec_tool_call_id: null, source_item_id: "item:2" });
    expect(graph.diagnostics).toEqual([]);
  });

  it("may run before the response that asked for it is recorded", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const inference = turn.request([userMessage("hi")]);
    turn.cell("1", "x1", "1").respond("completed").end();
    inference.respond([execCall("x1", "1")]);
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]).toMatchObject({
      source_item_id: "item:2",
      caused_by: { inference_call_id: "inference-1" },
    });
    expect(graph.diagnostics).toEqual([]);
  });

  it("whose source item never comes stays without, with a warning", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).cancel("interrupted");
    turn.cell("1", "x1").end("terminated");
    const graph = reduce(rollout.end());
    expect(graph.code_cells[CELL]?.source_item_id).toBeNull();
    expect(codesOf(graph)).toEqual(["missing_source_item"]);
  });

  it("with the runtime id of one that has ended is a new cell, and takes the events that follow", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").end("failed");
    turn.cell("1", "x2").end("completed");
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.runtime_status).toBe("failed");
    expect(graph.code_cells["cell:root:x2"]?.runtime_status).toBe("completed");
  });

  it("with the runtime id of one that is running is an error", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1");
    turn.cell("1", "x2");
    expect(() => reduce(rollout)).toThrow(
      expect.objectContaining({ code: "duplicate_start", object: { type: "code_cell", id: CELL } }),
    );
  });

  it("of one thread has nothing to do with that of another with the same runtime id", () => {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    const child = rollout.child("child").turn();
    parent.cell("1", "x1");
    child.cell("1", "x1").end();
    child.tool("n1", { cell: "1" });
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.execution.status).toBe("running");
    expect(graph.code_cells["cell:child:x1"]).toMatchObject({
      execution: { status: "completed" },
      nested_tool_call_ids: ["n1"],
    });
  });

  it("takes the nested calls that were recorded before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("n1", { cell: "1" });
    turn.cell("1", "x1").end();
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.nested_tool_call_ids).toEqual(["n1"]);
    expect(graph.tool_calls["n1"]?.execution).toMatchObject({ status: "cancelled", end_cause: "cell_ended" });
  });

  it("that never started leaves its nested calls with an error", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("n1", { cell: "9" }).end();
    const graph = reduceLeniently(rollout);
    expect(graph.tool_calls["n1"]?.requester).toEqual({
      type: "code_cell",
      code_cell_id: null,
      runtime_cell_id: "9",
    });
    expect(graph.diagnostics).toMatchObject([
      { code: "unknown_reference", seq: 4, object: { type: "tool_call", id: "n1" } },
    ]);
  });

  it("closes the nested calls that nobody waited for", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("1", "x1");
    const call = turn.tool("n1", { cell: "1" });
    cell.end();
    call.end("completed", { result: { type: "code_mode", value: 1 } });
    const graph = reduce(rollout);
    expect(graph.tool_calls["n1"]).toMatchObject({
      execution: { status: "cancelled", end_cause: "cell_ended", ended_seq: 6 },
      result_payload_id: "payload-1",
      evidence: { seqs: [5, 6, 7] },
    });
    expect(findingsOf(graph)).toEqual(["nested_call_not_awaited n1"]);
  });

  it("links a notification to the output item that shows it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = execCall("x1", "notify('half way')");
    turn.request([userMessage("hi")]).respond([call]);
    const cell = turn.cell("1", "x1").notify("x1", "half way").notify("x1", "never shown");
    cell.respond("completed").end();
    turn.request([userMessage("hi"), call, execOutput("x1", "half way"), execOutput("x1", "done")]);
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      output_item_ids: ["item:3", "item:4"],
      notifications: [
        { text: "half way", output_item_id: "item:3" },
        { text: "never shown", output_item_id: null },
      ],
    });
  });

  it("keeps the first request to end it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").cancel("model", "w1").cancel("host").end("terminated");
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      cancellation: { cause: "model", limit: null, model_visible_call_id: "w1", seq: 5 },
      runtime_status: "terminated",
      execution: { status: "cancelled" },
    });
  });
});

describe("a wait", () => {
  it("told of by the runtime and by a tool call is one wait, whichever comes first", () => {
    const kind = { type: "code_cell_wait" } as const;
    const record = (callFirst: boolean) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const cell = turn.cell("1", "x1").respond("yielded");
      const start = () => turn.tool("w1", { kind, label: "wait", input: { cell_id: "1", terminate: true } });
      const early = callFirst ? start() : null;
      cell.wait("wait-1", { callId: "w1" });
      const call = early ?? start();
      cell.waited("wait-1", "yielded");
      call.end();
      return reduce(rollout);
    };
    for (const graph of [record(true), record(false)]) {
      expect(graph.tool_calls["w1"]?.code_cell_id).toBe(CELL);
      expect(graph.code_cells[CELL]?.waits).toMatchObject([
        {
          wait_id: "wait-1",
          tool_call_id: "w1",
          model_visible_call_id: "w1",
          mode: "yield",
          outcome: "yielded",
          execution: { status: "completed", ended_seq: 8 },
        },
      ]);
      expect(graph.code_cells[CELL]?.yields).toMatchObject([{ wait_id: null }, { wait_id: "wait-1" }]);
      expect(graph.code_cells[CELL]).toMatchObject({
        runtime_status: "yielded",
        // It asked for the end of the cell, and the cell did not end.
        cancellation: null,
      });
    }
  });

  it("of which only the tool call was recorded is found by the cell id in its arguments", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("7", "x1").respond("yielded");
    const call = turn.tool("w1", { label: "wait", input: { cell_id: 7, terminate: true } });
    cell.end("terminated");
    call.end();
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      waits: [
        {
          wait_id: null,
          tool_call_id: "w1",
          outcome: "terminated",
          execution: { status: "completed", ended_seq: 8 },
        },
      ],
      cancellation: { cause: "model", model_visible_call_id: "w1", seq: 6 },
    });
  });

  it("that asks for the end of a cell which was over already cancels nothing", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("7", "x1").respond("yielded").end("completed");
    turn.tool("w1", { label: "wait", input: { cell_id: 7, terminate: true } }).end("failed");
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]).toMatchObject({ runtime_status: "completed", cancellation: null });
    expect(graph.tool_calls["w1"]?.code_cell_id).toBe(CELL);
  });

  it("that ends a cell leaves the cancellation to what the runtime says of it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("7", "x1").respond("yielded");
    const call = turn.tool("w1", { label: "wait", input: { cell_id: 7, terminate: true } });
    cell.cancel("model", "w1").end("terminated");
    call.end();
    expect(reduce(rollout).code_cells[CELL]?.cancellation).toMatchObject({ cause: "model", seq: 7 });
  });

  it("for a cell that there is not is no error when its outcome says so", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = turn.tool("w1", { kind: { type: "code_cell_wait" }, input: { cell_id: "999" } });
    turn.event({
      type: "code_cell_wait_started",
      wait_id: "wait-1",
      runtime_cell_id: "999",
      model_visible_call_id: "w1",
      mode: "yield",
    });
    turn.event({ type: "code_cell_wait_ended", wait_id: "wait-1", outcome: "missing" });
    call.end("failed");
    const graph = reduce(rollout);
    expect(graph.tool_calls["w1"]?.code_cell_id).toBeNull();
    expect(graph.diagnostics).toEqual([]);
  });

  it("that nobody made for a cell that yielded is a finding once the rollout is over", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().cell("1", "x1").respond("yielded").end();
    rollout.end();
    expect(findingsOf(reduce(rollout))).toEqual([`cell_never_observed ${CELL}`]);
  });

  it("and its output are part of the transcript like any call", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").respond("yielded");
    const call = functionCall("w1", "wait", { cell_id: "1" });
    turn.request([userMessage("hi")]).respond([call]);
    turn.tool("w1", { kind: { type: "code_cell_wait" }, input: { cell_id: "1" } }).end();
    turn.request([userMessage("hi"), call, functionOutput("w1", "Script completed")]);
    expect(reduce(rollout).tool_calls["w1"]).toMatchObject({
      code_cell_id: CELL,
      call_item_ids: ["item:2"],
      output_item_ids: ["item:3"],
    });
  });
});
