import { describe, expect, it } from "vitest";
import type { JsonValue, ToolKind } from "@rollout-trace/protocol";
import { functionCall, functionOutput, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { findingsOf, reduce } from "./support.ts";

describe("a call that a turn makes again and again", () => {
  /** Three calls of one sort, each of a model that is told something else. */
  const asked = (kind: ToolKind, input: JsonValue) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.cell("1", "x").respond("yielded");
    const history: JsonValue[] = [userMessage("hi")];
    for (const id of ["c1", "c2", "c3"]) {
      const call = functionCall(id, "tool", input);
      turn.request(history).respond([call]);
      turn.tool(id, { kind, input, label: "tool" }).end();
      history.push(call, functionOutput(id, `what ${id} saw`));
    }
    turn.request(history);
    return findingsOf(reduce(rollout));
  };

  it.each<[string, ToolKind, JsonValue]>([
    ["a terminal, by writing nothing to it", { type: "write_stdin" }, { session_id: 7, chars: "" }],
    ["a terminal, by not saying what to write to it", { type: "write_stdin" }, { session_id: 7 }],
    ["a cell", { type: "code_cell_wait" }, { cell_id: "1" }],
    ["a cell, by another name", { type: "other", name: "wait" }, { cell_id: "1" }],
    ["an agent", { type: "wait_agent" }, { agent: "child" }],
  ])("is none where it only looks after %s", (_, kind, input) => {
    expect(asked(kind, input)).toEqual([]);
  });

  it.each<[string, ToolKind, JsonValue]>([
    ["writes the same to a terminal", { type: "write_stdin" }, { session_id: 7, chars: "y" }],
    ["runs the same command", { type: "exec_command" }, { cmd: "ls" }],
  ])("is a finding where it %s", (_, kind, input) => {
    expect(asked(kind, input)).toEqual(["repeated_identical_call c3"]);
  });

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
