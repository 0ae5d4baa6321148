import { describe, expect, it } from "vitest";
import { checkGraph, createReducer, type RolloutGraph } from "@rollout-trace/reducer";
import { execCall, execOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { reduce, reduceLeniently } from "./support.ts";

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

  it("has all waits that the runtime told of before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x1").wait("wait-1", { callId: "w1" }).wait("wait-2", { callId: "w1" });
    turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1" } });
    expect(waitsOf(rollout, CELL)).toEqual([
      ["wait-1", "w1"],
      ["wait-2", "w1"],
    ]);
  });
});

describe("a call id under which the runtime waits for two cells", () => {
  /** The runtime waits for cell 1 and then for cell 2. One that is early is before its cell, and is answered or not. */
  const record = ({ isCallFirst = true, early = null as "missing" | "yielded" | null }) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const options = { ...wait, callId: "w", input: {} };
    if (early === null) turn.cell("1", "x1");
    turn.cell("2", "x2");
    if (isCallFirst) turn.tool("w1", options);
    for (const id of ["1", "2"]) {
      const names = { wait_id: `wait-${id}`, runtime_cell_id: id, model_visible_call_id: "w" };
      turn.event({ type: "code_cell_wait_started", mode: "yield", ...names });
      if (id === "1" && early !== null)
        turn.event({ type: "code_cell_wait_ended", wait_id: "wait-1", outcome: early });
    }
    if (!isCallFirst) turn.tool("w1", options);
    if (early !== null) turn.cell("1", "x1");
    return { rollout, another: () => turn.tool("w2", options) };
  };
  const conflict = {
    code: "call_id_conflict",
    object: { type: "tool_call", id: "w1" },
    message: 'call "w1" waited for two cells: "1" and "2"',
  };

  it("has a call that waited for the first alone, with an error, whichever is recorded first", () => {
    for (const isCallFirst of [true, false]) {
      for (const early of [null, "yielded"] as const) {
        const graph = reduceLeniently(record({ isCallFirst, early }).rollout);
        expect(graph.diagnostics).toMatchObject([conflict]);
        expect(checkGraph(graph)).toEqual([]);
        expect(graph.tool_calls["w1"]?.code_cell_id).toBe("cell:root:x1");
        expect(graph.code_cells["cell:root:x1"]?.waits).toMatchObject([{ tool_call_id: "w1" }]);
        expect(graph.code_cells["cell:root:x2"]?.waits).toMatchObject([{ tool_call_id: null }]);
      }
    }
  });

  it("gives the second to the next call with that id", () => {
    for (const isCallFirst of [true, false]) {
      const { rollout, another } = record({ isCallFirst });
      another();
      const graph = reduceLeniently(rollout);
      expect(graph.diagnostics).toMatchObject([conflict, { code: "call_id_reused" }]);
      expect(checkGraph(graph)).toEqual([]);
      expect(graph.tool_calls["w2"]?.code_cell_id).toBe("cell:root:x2");
      expect(graph.code_cells["cell:root:x2"]?.waits).toMatchObject([{ tool_call_id: "w2" }]);
    }
  });

  it("gives all waits of the second to that call, and those of a third to the one after", () => {
    for (const isCallFirst of [true, false]) {
      for (const second of ["early", "there"]) {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const call = (id: string) => turn.tool(id, { ...wait, callId: "w", input: {} });
        const cells = { "1": "x1", "2": "x2", "3": "x3" };
        const start = (id: keyof typeof cells) => turn.cell(id, cells[id]);
        start("1");
        if (second === "there") start("2");
        start("3");
        if (isCallFirst) call("w1");
        for (const [index, id] of ["1", "2", "3", "2"].entries()) {
          const names = { wait_id: `wait-${index}`, runtime_cell_id: id, model_visible_call_id: "w" };
          turn.event({ type: "code_cell_wait_started", mode: "yield", ...names });
        }
        if (!isCallFirst) call("w1");
        if (second === "early") start("2");
        call("w2");
        call("w3");
        const graph = reduceLeniently(rollout);
        expect(checkGraph(graph)).toEqual([]);
        const conflicts = graph.diagnostics.filter(({ code }) => code === "call_id_conflict");
        expect(conflicts.map(({ object }) => object?.id)).toEqual(["w1", "w1", "w1"]);
        const waitsOf = (id: string) => graph.code_cells[id]?.waits.map((each) => each.tool_call_id);
        expect(waitsOf("cell:root:x2")).toEqual(["w2", "w2"]);
        expect(waitsOf("cell:root:x3")).toEqual(["w3"]);
      }
    }
  });

  it("has a call that waited for the first alone, though it was told in between that it is not there", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", { ...wait, callId: "w", input: {} });
    const start = (waitId: string, cellId: string) => {
      const names = { wait_id: waitId, runtime_cell_id: cellId, model_visible_call_id: "w" };
      turn.event({ type: "code_cell_wait_started", mode: "yield", ...names });
    };
    start("wait-1", "1");
    start("wait-2", "1");
    turn.event({ type: "code_cell_wait_ended", wait_id: "wait-2", outcome: "missing" });
    start("wait-3", "2");
    turn.cell("1", "x1");
    turn.cell("2", "x2");
    const graph = reduceLeniently(rollout);
    expect(checkGraph(graph)).toEqual([]);
    expect(graph.diagnostics).toMatchObject([conflict]);
    expect(graph.tool_calls["w1"]?.code_cell_id).toBe("cell:root:x1");
  });

  it("has a call that waited for the second where the first was not there", () => {
    const graph = reduce(record({ early: "missing" }).rollout);
    expect(checkGraph(graph)).toEqual([]);
    expect(graph.tool_calls["w1"]?.code_cell_id).toBe("cell:root:x2");
    expect(graph.code_cells["cell:root:x1"]?.waits).toEqual([]);
  });
});

describe("a wait call with the call id of a cell", () => {
  const facts = ["call", "cell", "runtime"] as const;

  it("is another use of that id, and of the cell that it waits for, whichever is recorded first", () => {
    for (const order of ordersOf(facts)) {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const other = turn.cell("2", "x2");
      for (const fact of order) {
        if (fact === "call") turn.tool("w1", { ...wait, callId: "x1", input: { cell_id: "2" } });
        else if (fact === "cell") turn.cell("1", "x1");
        else other.wait("wait-1", { callId: "x1" });
      }
      const graph = reduceLeniently(rollout);
      expect(graph.diagnostics).toMatchObject([{ code: "call_id_reused" }]);
      expect(checkGraph(graph)).toEqual([]);
      expect(graph.tool_calls["w1"]?.code_cell_id).toBe("cell:root:x2");
      expect(graph.code_cells[CELL]).toMatchObject({ exec_tool_call_id: null, waits: [] });
      expect(graph.code_cells["cell:root:x2"]?.waits).toMatchObject([{ tool_call_id: "w1" }]);
    }
  });

  it("leaves the cell to the call that runs it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("w1", { ...wait, callId: "x1", input: {} });
    turn.tool("x1", { kind: { type: "code_cell_exec" }, label: "exec", host: true, callId: "x1" });
    turn.cell("1", "x1");
    expect(reduce(rollout).code_cells[CELL]).toMatchObject({ exec_tool_call_id: "x1" });
  });
});

describe("a wait whose call has an id that another had", () => {
  it("is of the next call where the wait of the one before is over, whichever is recorded first", () => {
    const graphs = ordersOf(["call", "runtime"] as const).map((order) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const cell = turn.cell("1", "x1");
      const options = { ...wait, callId: "w", input: { cell_id: "1" } };
      const first = turn.tool("w1", options);
      cell.wait("wait-1", { callId: "w" }).waited("wait-1", "yielded");
      first.end();
      for (const fact of order) {
        if (fact === "call") turn.tool("w2", options);
        else cell.wait("wait-2", { callId: "w" });
      }
      const graph = reduce(rollout);
      expect(checkGraph(graph)).toEqual([]);
      expect(graph.code_cells[CELL]?.waits).toMatchObject([
        { wait_id: "wait-1", tool_call_id: "w1" },
        { wait_id: "wait-2", tool_call_id: "w2" },
      ]);
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });

  it("is of the call before where that has returned and the runtime has not told of its wait", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const cell = turn.cell("1", "x1");
    turn.tool("w1", { ...wait, callId: "w", input: { cell_id: "1" } }).end();
    cell.wait("wait-1", { callId: "w" });
    expect(reduce(rollout).code_cells[CELL]?.waits).toMatchObject([
      { wait_id: "wait-1", tool_call_id: "w1" },
    ]);
  });
});

describe("a wait that ends twice", () => {
  const facts = ["cell", "first", "second"] as const;

  it("ended as it first did, be that before or after its cell is recorded", () => {
    const orders = ordersOf(facts).filter((order) => order.indexOf("first") < order.indexOf("second"));
    for (const [first, second] of [
      ["completed", "missing"],
      ["completed", "yielded"],
      ["yielded", "busy"],
    ] as const) {
      for (const order of orders) {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const place = { wait_id: "wait-1", model_visible_call_id: null };
        turn.event({ type: "code_cell_wait_started", ...place, runtime_cell_id: "1", mode: "yield" });
        for (const fact of order) {
          if (fact === "cell") turn.cell("1", "x1");
          else {
            const outcome = fact === "first" ? first : second;
            turn.event({ type: "code_cell_wait_ended", wait_id: "wait-1", outcome });
          }
        }
        const graph = reduceLeniently(rollout);
        expect(graph.code_cells[CELL]?.waits).toMatchObject([{ wait_id: "wait-1", outcome: first }]);
        expect(graph.diagnostics).toMatchObject([
          {
            code: "duplicate_end",
            seq: 5 + order.indexOf("second"),
            object: { type: "code_cell", id: CELL },
          },
        ]);
        expect(checkGraph(graph)).toEqual([]);
      }
    }
  });
});

describe("a wait call that names another cell than the runtime waited for", () => {
  const facts = ["cell 1", "cell 2", "call", "runtime"] as const;
  type Fact = (typeof facts)[number];
  const record = (order: readonly Fact[]) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const fact of order) {
      if (fact === "call")
        turn.tool("w1", { ...wait, callId: "w1", input: { cell_id: "1", terminate: true } });
      else if (fact === "runtime")
        turn.event({
          type: "code_cell_wait_started",
          wait_id: "wait-1",
          runtime_cell_id: "2",
          model_visible_call_id: "w1",
          mode: "yield",
        });
      else turn.cell(fact.slice(-1), `x${fact.slice(-1)}`);
    }
    for (const cell of ["1", "2"])
      turn.event({ type: "code_cell_ended", runtime_cell_id: cell, status: "terminated" });
    return { rollout, conflictSeq: 4 + Math.max(order.indexOf("call"), order.indexOf("runtime")) };
  };

  it("is one wait, of the runtime's cell, with an error, whatever is recorded first", () => {
    const graphs = ordersOf(facts).map((order) => {
      const { rollout, conflictSeq } = record(order);
      expect(() => reduce(rollout)).toThrow(expect.objectContaining({ code: "call_id_conflict" }));
      const graph = reduceLeniently(rollout);
      expect(graph.diagnostics).toMatchObject([
        { code: "call_id_conflict", seq: conflictSeq, object: { type: "tool_call", id: "w1" } },
      ]);
      expect(checkGraph(graph)).toEqual([]);
      return graph;
    });
    expect(graphs).toHaveLength(24);
    for (const graph of graphs) {
      expect(graph.code_cells["cell:root:x1"]).toMatchObject({ waits: [], cancellation: null });
      expect(graph.code_cells["cell:root:x2"]).toMatchObject({
        waits: [{ wait_id: "wait-1", tool_call_id: "w1", model_visible_call_id: "w1" }],
        cancellation: { cause: "model", model_visible_call_id: "w1" },
      });
      expect(graph.tool_calls["w1"]?.code_cell_id).toBe("cell:root:x2");
    }
    expect(new Set(graphs.map((graph) => withoutOrder(graph))).size).toBe(1);
  });

  it("has no wait of the cell that it names where the runtime's is not there", () => {
    for (const order of ordersOf(["cell 1", "call", "runtime"] as const)) {
      const graph = reduceLeniently(record(order).rollout);
      expect(graph.code_cells["cell:root:x1"]?.waits).toEqual([]);
      expect(graph.tool_calls["w1"]?.code_cell_id).toBeNull();
    }
  });

  it("is shown with that cell until the runtime tells of the wait", () => {
    const { rollout } = record(["cell 1", "cell 2", "call", "runtime"]);
    const reducer = createReducer({ payloads: rollout.source().payloads });
    for (const event of rollout.events.slice(0, 6)) reducer.apply(event);
    const waitsOf = (graph: RolloutGraph) =>
      Object.values(graph.code_cells).map(({ waits }) => waits.map((each) => each.wait_id));
    expect(waitsOf(reducer.snapshot())).toEqual([[null], []]);
    for (const event of rollout.events.slice(6)) reducer.apply(event);
    expect(waitsOf(reducer.finish())).toEqual([[], ["wait-1"]]);
  });
});
