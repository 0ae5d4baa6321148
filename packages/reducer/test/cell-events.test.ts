import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { execCall, execOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const CELL = "cell:root:x1";
const wait = { kind: { type: "code_cell_wait" }, label: "wait", host: true } as const;

describe("what a cell says of itself", () => {
  it("is shown by an output item that may be recorded before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = execCall("x1", "notify('half way')");
    turn.request([userMessage("hi")]).respond([call]);
    const cell = turn.cell("1", "x1");
    turn.request([userMessage("hi"), call, execOutput("x1", "half way"), execOutput("x1", "half way")]);
    for (let time = 0; time < 3; time += 1) cell.notify("x1", "half way");
    const { notifications } = reduce(rollout).code_cells[CELL] ?? {};
    expect(notifications?.map(({ output_item_id }) => output_item_id)).toEqual(["item:3", "item:4", null]);
  });

  it("first is what it first returned", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().cell("1", "x1").respond("yielded").respond("completed").respond("yielded");
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      initial_response: { seq: 5, status: "yielded" },
      runtime_status: "yielded",
      yields: [{ seq: 5 }],
      evidence: { seqs: [4, 5, 6, 7] },
    });
  });

  it("was asked for by the item of the response, not by what a compaction repeats", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = execCall("x1", "1");
    turn.request([userMessage("hi")]).respond([call]);
    turn.cell("1", "x1");
    turn.compact("k1", { input: [userMessage("hi"), call], replacement: [call] });
    const graph = reduce(rollout);
    expect(graph.code_cells[CELL]?.source_item_id).toBe("item:2");
    expect(checkGraph(graph)).toEqual([]);
  });
});

describe("a wait call", () => {
  const waitsOf = (rollout: RolloutBuilder, id: string) =>
    reduce(rollout).code_cells[id]?.waits.map((each) => [each.wait_id, each.tool_call_id]);

  it("that does not ask for the end of its cell did not cancel it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("1", "x1").respond("yielded");
    const call = turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1", terminate: false } });
    cell.end("terminated");
    call.end();
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({
      cancellation: null,
      waits: [{ tool_call_id: "w1", outcome: null }],
    });
  });

  it("may wait twice, as the runtime says, which is two waits", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("1", "x1");
    turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1" } });
    cell.wait("wait-1", { callId: "w1" }).waited("wait-1", "yielded");
    cell.wait("wait-2", { callId: "w1" }).waited("wait-2", "completed");
    expect(waitsOf(rollout, CELL)).toEqual([
      ["wait-1", "w1"],
      ["wait-2", "w1"],
    ]);
  });

  it("has the wait of the cell that has its runtime id when the runtime waits", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").end();
    turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1" } });
    turn.cell("1", "x2").wait("wait-1", { callId: "w1" });
    expect(waitsOf(rollout, "cell:root:x2")).toEqual([["wait-1", "w1"]]);
  });

  it("has the wait of the cell that the the runtime says it waited for, whatever its arguments say", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1");
    const other = turn.cell("2", "x2");
    turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1" } });
    other.wait("wait-1", { callId: "w1" });
    expect(waitsOf(rollout, "cell:root:x2")).toEqual([["wait-1", "w1"]]);
    expect(reduce(rollout).tool_calls["w1"]?.code_cell_id).toBe("cell:root:x2");
  });
});
