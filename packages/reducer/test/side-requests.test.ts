import { describe, expect, it } from "vitest";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { findingsOf, reduce } from "./support.ts";

describe("a request", () => {
  it("that is shorter than the one before it without a compaction is a finding", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a"), userMessage("b"), userMessage("c")]);
    turn.request([userMessage("a")]);
    turn.request([userMessage("d"), userMessage("e")]);
    expect(findingsOf(reduce(rollout))).toEqual(["context_shrank_without_compaction inference-2"]);
  });

  it("that is shorter is no finding once a later one goes on from what was before it: it was a side request", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = [userMessage("a"), assistantMessage("b"), userMessage("c")];
    turn.request(said);
    turn.request([userMessage("find a title"), userMessage("for this")]);
    turn.request([userMessage("a title")]);
    const findings = () => findingsOf(reduce(rollout));
    const shrank = (call: number) => `context_shrank_without_compaction inference-${call}`;
    expect(findings()).toEqual([shrank(2), shrank(3)]);
    turn.request([...said, assistantMessage("d")]);
    expect(findings()).toEqual([]);
    turn.request([userMessage("a"), userMessage("c")]);
    turn.request([userMessage("find a title")]);
    turn.request([userMessage("a"), userMessage("c"), userMessage("e")]);
    expect(findings()).toEqual([shrank(5)]);
  });
});
