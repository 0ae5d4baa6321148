/** Interactions with threads that are not in the recording. */
import { expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { reduce, reduceLeniently } from "./support.ts";

const closing = () => {
  const rollout = new RolloutBuilder();
  const call = rollout.root.turn().tool("c1", { host: true, kind: { type: "close_agent" } });
  call.interact("close_agent", "child", null);
  return rollout;
};

it("says of an interaction with a thread that never started that there is none", () => {
  const graph = reduceLeniently(closing());
  expect(Object.keys(graph.interaction_edges)).toEqual([]);
  expect(graph.diagnostics).toMatchObject([
    {
      code: "unknown_reference",
      seq: 5,
      message: 'close_agent of tool call "c1": thread "child" never started',
      object: { type: "tool_call", id: "c1" },
    },
  ]);
  expect(checkGraph(graph)).toEqual([]);
  expect(() => reduce(closing())).toThrow(expect.objectContaining({ code: "unknown_reference", seq: 5 }));
});

it("says nothing where the model was told that there is none", () => {
  const rollout = new RolloutBuilder();
  const close = { host: true, kind: { type: "close_agent" } } as const;
  rollout.root.turn().tool("c1", close).interacted("close_agent", "child", "failed");
  expect(reduce(rollout).diagnostics).toEqual([]);
});

it("says nothing of a thread that starts later", () => {
  const rollout = closing();
  rollout.child("child");
  const graph = reduce(rollout);
  expect(graph.diagnostics).toEqual([]);
  expect(Object.values(graph.interaction_edges)).toMatchObject([{ kind: "close_agent" }]);
});
