/** What starts again under an id whose object has not ended, as far as the recording knows. */
import { expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { assistantMessage, functionCall, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, reduceLeniently } from "./support.ts";

it("makes a cell of each of two calls that share a runtime cell id, with the nested calls that come after each", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.cell("1", "first");
  turn.tool("n1", { cell: "1" }).end();
  const second = turn.cell("1", "second");
  turn.tool("n2", { cell: "1" }).end();
  second.end();
  turn.end("aborted");
  const graph = reduceLeniently(rollout);
  expect(codesOf(graph)).toEqual(["duplicate_start"]);
  expect(
    Object.values(graph.code_cells).map((cell) => [
      cell.model_visible_call_id,
      cell.nested_tool_call_ids,
      cell.execution.end_cause,
    ]),
  ).toEqual([
    ["first", ["n1"], "turn_ended"],
    ["second", ["n2"], "observed"],
  ]);
  expect(graph.tool_calls["n2"]?.caused_by?.model_visible_call_id).toBe("second");
  expect(checkGraph(graph)).toEqual([]);
});

it("makes a call of each of two requests with one id, of which the second has the response", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("one")], { id: "same" });
  turn.request([userMessage("one"), userMessage("two")], { id: "same" }).respond([assistantMessage("yes")]);
  turn.end("failed");
  const graph = reduceLeniently(rollout);
  expect(codesOf(graph)).toEqual(["duplicate_start"]);
  expect(
    Object.values(graph.inference_calls).map((call) => [
      call.inference_call_id,
      call.response_item_ids.length,
      call.execution.status,
    ]),
  ).toEqual([
    ["same", 0, "failed"],
    ["same#2", 1, "completed"],
  ]);
  expect(checkGraph(graph)).toEqual([]);
});

it("makes one call of a start that is recorded twice, also where no invocation is", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  for (let times = 0; times < 2; times += 1) {
    turn.event({
      type: "tool_call_started",
      tool_call_id: "c1",
      model_visible_call_id: "c1",
      requester: { type: "model" },
      kind: { type: "other", name: "look" },
      label: "look",
    });
  }
  const graph = reduceLeniently(rollout);
  expect(codesOf(graph)).toEqual(["duplicate_start"]);
  expect(Object.keys(graph.tool_calls)).toEqual(["c1"]);
});

it("makes a call of each of two cells' calls with one id, also where no invocation is recorded", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  for (const id of ["1", "2"]) turn.cell(id, `x${id}`);
  for (const cell of ["1", "2"]) turn.tool("n", { cell });
  const nested = Object.values(reduceLeniently(rollout).code_cells).map((cell) => cell.nested_tool_call_ids);
  expect(nested).toEqual([["n"], ["n#2"]]);
});

it("joins a cell with the call that runs, and not with one of its call id that was interrupted", () => {
  const rollout = new RolloutBuilder();
  const interrupted = rollout.root.turn();
  interrupted.request([userMessage("hi")]).respond([functionCall("x", "look", {})]);
  interrupted.tool("first", { callId: "x" });
  interrupted.end("aborted");
  const turn = rollout.root.turn();
  const exec = { type: "custom_tool_call", call_id: "x", name: "exec", input: "…" };
  turn.request([userMessage("hi"), userMessage("again")]).respond([exec]);
  turn.tool("second", { callId: "x", kind: { type: "code_cell_exec" } });
  turn.cell("1", "x").end();
  const graph = reduceLeniently(rollout);
  expect(Object.values(graph.code_cells)).toMatchObject([
    { exec_tool_call_id: "second", source_item_id: "item:4" },
  ]);
  expect(graph.tool_calls["first"]?.code_cell_id).toBeNull();
  expect(checkGraph(graph)).toEqual([]);
});
