/** Which of several items that say the same an element is. */
import { expect, it } from "vitest";
import { expandRequest } from "@rollout-trace/reducer";
import { RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

it("is one that another element, with another id of the provider's, was not", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const [a, b] = [userMessage("a"), userMessage("b")];
  turn.request([a, b, userMessage("hi", { id: "A" })]);
  turn.request([userMessage("hi", { id: "X" }), userMessage("hi"), b]);
  expect(expandRequest(reduce(rollout), "inference-2")).toEqual(["item:4", "item:3", "item:2"]);
});
