import { describe, expect, it } from "vitest";
import { checkGraph, expandRequest } from "@rollout-trace/reducer";
import { RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, reduce, reduceLeniently } from "./support.ts";

describe("a compaction whose installation names no thread", () => {
  /** An agent below the root asks for a summary, and the history that is installed says of nobody whose it is. */
  function record(options: { hasRequest: boolean }): RolloutBuilder {
    const rollout = new RolloutBuilder();
    const turn = rollout.child("child").turn();
    turn.request([userMessage("question")]);
    const request = rollout.payload("compaction_request", { input: [] });
    if (options.hasRequest) {
      turn.event({
        type: "compaction_request_started",
        compaction_id: "k",
        compaction_request_id: "k-1",
        thread_id: turn.thread.id,
        turn_id: turn.id,
        model: "m",
        provider: "p",
        request,
      });
    }
    const checkpoint = rollout.payload("compaction_checkpoint", {
      input_history: [userMessage("question")],
      replacement_history: [userMessage("summary")],
    });
    rollout.event({ type: "compaction_installed", compaction_id: "k", checkpoint });
    turn.request([userMessage("summary")]);
    return rollout;
  }

  it("is of the thread that its requests are of", () => {
    const graph = reduce(record({ hasRequest: true }));
    expect(graph.compactions).toMatchObject({
      k: {
        thread_id: "child",
        installed_seq: 7,
        request_ids: ["k-1"],
        input_item_ids: ["item:1"],
        replacement_item_ids: ["item:3"],
      },
    });
    expect(expandRequest(graph, "inference-2")).toEqual(["item:3"]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is an error, and none, where it has no request either", () => {
    const graph = reduceLeniently(record({ hasRequest: false }));
    expect(codesOf(graph)).toEqual(["unknown_reference"]);
    expect(graph.compactions).toEqual({});
    expect(expandRequest(graph, "inference-2")).toEqual(["item:2"]);
    expect(checkGraph(graph)).toEqual([]);
  });
});
