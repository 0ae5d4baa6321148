/** Answers that come when their thread has asked something else, or has been compacted. */
import { describe, expect, it } from "vitest";
import { expandRequest } from "@rollout-trace/reducer";
import { assistantMessage, reasoning, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, reduce, textsOf } from "./support.ts";

describe("a response", () => {
  it("whose thread has asked something else since is in its own context, and not in that", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [look, again] = [assistantMessage("let me look"), userMessage("go on")];
    turn.request([userMessage("q")]).respond([look]);
    const main = turn.request([userMessage("q"), look, again]);
    const title = turn.request([userMessage("find a title")]);
    main.respond([look]);
    title.respond([look]);
    turn.request([userMessage("q"), look, again, look, again]);
    turn.request([userMessage("find a title"), look, userMessage("a better one")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:1", "item:2", "item:3", "item:5", "item:7"]);
    expect(expandRequest(graph, "inference-5")).toEqual(["item:4", "item:6", "item:8"]);
    expect(graph.inference_calls["inference-4"]?.request).toEqual({
      base_inference_call_id: "inference-2",
      keep: 4,
      item_ids: ["item:7"],
    });
    expect(codesOf(graph)).toEqual([]);
  });

  it("whose thread has asked something else since is no answer to that, whatever that goes on with", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const look = assistantMessage("let me look");
    const main = turn.request([userMessage("q")]);
    turn.request([userMessage("find a title")]);
    main.respond([look]);
    turn.request([userMessage("find a title"), look]);
    expect(expandRequest(reduce(rollout), "inference-3")).toEqual(["item:2", "item:4"]);
  });

  it("whose context a compaction has replaced since follows what took its place", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [answer, summary] = [assistantMessage("answer"), userMessage("in short")];
    const asked = turn.request([userMessage("q")]);
    turn.compact("k", { input: [userMessage("q")], replacement: [summary] });
    asked.respond([answer]);
    turn.request([summary, answer, userMessage("more")]);
    const graph = reduce(rollout);
    const [said] = graph.inference_calls["inference-1"]?.response_item_ids ?? [];
    expect(expandRequest(graph, "inference-2")[1]).toBe(said);
    expect(graph.conversation_items[String(said)]?.produced_by).toEqual([
      { type: "inference", inference_call_id: "inference-1" },
    ]);
    expect(expandRequest(graph, "inference-1")).toEqual(["item:1"]);
  });

  it("that follows what took the place of its context is not what the request after it is answered with", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [early, late] = [assistantMessage("early"), assistantMessage("late")];
    const summary = userMessage("in short");
    const asked = turn.request([userMessage("q")]);
    turn.compact("k", { input: [userMessage("q")], replacement: [summary] });
    const askedAgain = turn.request([summary]);
    asked.respond([early]);
    askedAgain.respond([late]);
    turn.request([summary, early, userMessage("more")]);
    turn.request([summary, late, userMessage("more")]);
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual(["in short", "early", "more"]);
    expect(textsOf(graph, expandRequest(graph, "inference-4"))).toEqual(["in short", "late", "more"]);
    expect(Object.keys(graph.conversation_items)).toHaveLength(6);
  });

  it("of the request that was sent again is what is repeated, and not what the failed one said of it, whatever is left out", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [look, thought] = [assistantMessage("let me look"), reasoning({ encrypted: "hm" })];
    turn.request([userMessage("q")]).fail("connection reset", [look]);
    turn.request([userMessage("q")]).respond([thought, look]);
    turn.request([userMessage("q"), look, userMessage("go on")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-2"]?.response_item_ids).toEqual(["item:3", "item:4"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:4", "item:5"]);
  });
});
