import { describe, expect, it } from "vitest";
import type { Dialect, JsonObject } from "@rollout-trace/protocol";
import { expandRequest } from "@rollout-trace/reducer";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { findingsOf, reduce, reduceInSteps } from "./support.ts";

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

  it("that is shorter is no finding once a compaction goes on from what was before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = [userMessage("a"), assistantMessage("b"), userMessage("c")];
    turn.request(said).respond([assistantMessage("d")]);
    turn.request([userMessage("find a title"), userMessage("for this")]);
    turn.request([userMessage("a title")]);
    expect(findingsOf(reduce(rollout))).toHaveLength(2);
    turn.compact("k", { input: [...said, assistantMessage("d")], replacement: [userMessage("in short")] });
    turn.request([userMessage("in short")]);
    const graph = reduce(rollout);
    expect(findingsOf(graph)).toEqual([]);
    expect(graph.compactions["k"]?.input_item_ids).toEqual(["item:1", "item:2", "item:3", "item:4"]);
    expect(reduceInSteps(rollout)).toEqual(graph);
  });

  it("that is shorter is no finding once a later one goes on in other words from what was before it, and that is one where it is shorter", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = ["a", "b", "c", "d", "e"].map((text) => userMessage(text));
    turn.request([userMessage("it is Monday"), ...said]);
    turn.request([userMessage("find a title")]);
    turn.request([userMessage("it is Tuesday"), ...said, userMessage("f")]);
    expect(findingsOf(reduce(rollout))).toEqual([]);
    turn.request([userMessage("find a title"), userMessage("for this")]);
    turn.request([userMessage("it is Tuesday"), ...said.slice(2), userMessage("g")]);
    expect(findingsOf(reduce(rollout))).toEqual(["context_shrank_without_compaction inference-5"]);
  });

  it("comes back to what was said before by the ids of that, in whatever words", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = (how: string) =>
      [1, 2, 3].map((number) => userMessage(`${number} ${how}`, { id: `msg_${number}` }));
    turn.request([userMessage("it is Monday"), ...said("whole"), userMessage("without an id")]);
    turn.request([userMessage("find a title"), userMessage("for this")]);
    turn.request([userMessage("it is Tuesday"), ...said("cut"), userMessage("without an id")]);
    const shown = expandRequest(reduce(rollout), "inference-3");
    expect(shown).toEqual(["item:8", "item:2", "item:3", "item:4", "item:5"]);
  });

  it("does not come back to what was said before a compaction", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = [userMessage("a"), userMessage("b"), userMessage("c")];
    turn.request(said);
    turn.request([userMessage("find a title")]);
    turn.compact("k", { input: said, replacement: [userMessage("in short")] });
    turn.request([userMessage("in short")]);
    turn.request(said);
    expect(expandRequest(reduce(rollout), "inference-4")).toEqual(["item:7", "item:8", "item:9"]);
  });

  it("that is shorter is a finding where a compaction goes on from that, or from something else", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const said = [userMessage("a"), assistantMessage("b"), userMessage("c")];
    const shrank = ["context_shrank_without_compaction inference-2"];
    turn.request(said);
    turn.request([userMessage("a"), userMessage("c")]);
    turn.compact("k", { input: [userMessage("a"), userMessage("c")], replacement: [userMessage("short")] });
    expect(findingsOf(reduce(rollout))).toEqual(shrank);
    turn.compact("l", { input: [userMessage("short"), ...said], replacement: [userMessage("shorter")] });
    expect(findingsOf(reduce(rollout))).toEqual(shrank);
  });

  it.each<[Dialect, JsonObject, JsonObject]>([
    [
      "openai_responses",
      { type: "compaction", id: "cmp_1", encrypted_content: "blob" },
      { type: "compaction", id: "cmp_1", encrypted_content: "blob" },
    ],
    [
      "anthropic_messages",
      { type: "compaction", content: "in short" },
      { role: "assistant", content: [{ type: "compaction", content: "in short" }] },
    ],
  ])("that is shorter is no finding where the provider has compacted, once (%s)", (dialect, said, again) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ask = (...texts: string[]) => texts.map((content) => ({ role: "user", content }));
    turn.request(ask("a", "b", "c", "d"), { dialect }).respond([said]);
    turn.request([again, ...ask("e", "f")], { dialect });
    expect(findingsOf(reduce(rollout))).toEqual([]);
    turn.request([again, ...ask("f")], { dialect });
    expect(findingsOf(reduce(rollout))).toEqual(["context_shrank_without_compaction inference-3"]);
  });

  it("that is shorter is no finding once a later one goes on from the provider's summary of what was before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const summary = { type: "compaction", id: "cmp_1", encrypted_content: "blob" };
    const thought = { type: "reasoning", id: "rs_1", encrypted_content: "hm" };
    turn.request([userMessage("a"), userMessage("b"), userMessage("c")]).respond([thought, summary]);
    turn.request([userMessage("a title")]);
    expect(findingsOf(reduce(rollout))).toEqual(["context_shrank_without_compaction inference-2"]);
    turn.request([summary, userMessage("d")]);
    expect(findingsOf(reduce(rollout))).toEqual([]);
  });
});
