/** Events that name their turn and not its thread, and events that name neither. */
import { expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { codesOf, reduce, reduceLeniently } from "./support.ts";

it("are of the thread of their turn, from start to end", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn("T");
  const event = (payload: Parameters<RolloutBuilder["event"]>[0]) =>
    rollout.event(payload, { turn: turn.id });
  event({ type: "code_cell_started", runtime_cell_id: "1", model_visible_call_id: "x", source: "1" });
  event({ type: "code_cell_ended", runtime_cell_id: "1", status: "completed" });
  rollout.child("child").turn().tool("n", { host: true, input: 1 });
  event({
    type: "tool_call_started",
    tool_call_id: "n",
    requester: { type: "host" },
    kind: { type: "other", name: "n" },
    label: "n",
  });
  event({ type: "tool_call_ended", tool_call_id: "n", status: "completed" });
  const graph = reduce(rollout);
  expect(Object.values(graph.code_cells)).toMatchObject([
    { thread_id: "root", execution: { status: "completed" } },
  ]);
  expect(Object.values(graph.tool_calls).map((call) => [call.thread_id, call.execution.status])).toEqual([
    ["child", "running"],
    ["root", "completed"],
  ]);
  expect(checkGraph(graph)).toEqual([]);
});

it.each([
  ["never started", () => {}],
  [
    "is one of several",
    (rollout: RolloutBuilder) => {
      for (const id of ["one", "two"]) rollout.child(id).turn("T");
    },
  ],
])("are of none, and told of, where their turn %s", (what, before) => {
  const rollout = new RolloutBuilder();
  before(rollout);
  const call = { requester: { type: "host" }, kind: { type: "other", name: "n" }, label: "n" };
  rollout.event({ type: "tool_call_started", tool_call_id: "n", ...call }, { turn: "T" });
  const graph = reduceLeniently(rollout);
  expect(codesOf(graph)).toEqual(["unknown_reference"]);
  expect(graph.diagnostics[0]?.message).toContain(what);
  expect(graph.tool_calls["n"]).toMatchObject({ thread_id: null, turn_id: null });
});

it("of a cell or a wait in no thread is an error of its own place, and of none that starts later", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  rollout.event({ type: "code_cell_ended", runtime_cell_id: "1", status: "failed" });
  rollout.event({ type: "code_cell_wait_ended", wait_id: "wait-1", outcome: "yielded" });
  turn.cell("1", "x").wait("wait-1");
  const graph = reduceLeniently(rollout);
  expect(graph.diagnostics).toMatchObject([
    { code: "unknown_reference", seq: 4, message: 'code_cell_ended: cell "1" is in no thread' },
    { code: "unknown_reference", seq: 5, message: 'code_cell_wait_ended: wait "wait-1" is in no thread' },
  ]);
  expect(Object.values(graph.code_cells)).toMatchObject([
    { execution: { status: "running" }, waits: [{ outcome: null }] },
  ]);
});
