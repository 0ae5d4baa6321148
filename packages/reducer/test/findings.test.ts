import { describe, expect, it } from "vitest";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { findingsOf, reduce } from "./support.ts";

describe("a call that a turn makes again and again", () => {
  const nested = (inputs: readonly string[]) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const [index, input_preview] of inputs.entries()) {
      turn.cell(`r${index}`, `x${index}`).respond("completed");
      turn.event({
        type: "tool_call_started",
        tool_call_id: `n${index}`,
        requester: { type: "code_cell", runtime_cell_id: `r${index}` },
        kind: { type: "other", name: "lookup" },
        label: "lookup",
        input_preview,
      });
      turn.event({ type: "tool_call_ended", tool_call_id: `n${index}`, status: "completed" });
      turn.event({ type: "code_cell_ended", runtime_cell_id: `r${index}`, status: "completed" });
    }
    return findingsOf(reduce(rollout));
  };

  it("is a finding also where each of its cells makes it once", () => {
    expect(nested(["{}", "{}", "{}", "{}"])).toEqual(["repeated_identical_call n3"]);
  });

  it("is none where the inputs differ, or are not known to their end", () => {
    expect(nested(["1", "2", "3", "4"])).toEqual([]);
    expect(nested(["same…", "same…", "same…"])).toEqual([]);
  });
});
