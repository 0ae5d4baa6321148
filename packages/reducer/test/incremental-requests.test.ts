import { describe, expect, it } from "vitest";
import { expandRequest } from "@rollout-trace/reducer";
import { assistantMessage, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently, textsOf } from "./support.ts";

describe("an incremental request", () => {
  const incremental = (id: string) => ({ mode: { type: "incremental", previous_response_id: id } });

  it("continues the request and response of the call that it names", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_1")).respond([], { responseId: "resp_2" });
    const graph = reduce(rollout);
    expect(graph.inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: ["item:3"],
    });
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(["a", "b", "c"]);
  });

  it("may go back to an earlier response", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn
      .request([userMessage("c")], incremental("resp_1"))
      .respond([assistantMessage("d")], { responseId: "resp_2" });
    turn.request([userMessage("e")], incremental("resp_1"));
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual(["a", "b", "e"]);
  });

  it("may go back to any response, of those before it was last asked for an old one and of those after", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q0")]).respond([assistantMessage("a0")], { responseId: "resp_0" });
    // Each continues the response that is named, and has the response that its own name says.
    for (const [from, to] of [
      ["0", "1"],
      ["1", "2"],
      ["2", "3"],
      ["1", "4"],
      ["4", "5"],
      ["4", "6"],
      ["0", "7"],
      ["3", "8"],
      ["6", "9"],
    ]) {
      turn
        .request([userMessage(`q${to}`)], incremental(`resp_${from}`))
        .respond([assistantMessage(`a${to}`)], { responseId: `resp_${to}` });
    }
    const graph = reduce(rollout);
    const shown = Object.keys(graph.inference_calls).map((id) => textsOf(graph, expandRequest(graph, id)));
    expect(shown.map((texts) => texts.join(" "))).toEqual([
      "q0",
      "q0 a0 q1",
      "q0 a0 q1 a1 q2",
      "q0 a0 q1 a1 q2 a2 q3",
      "q0 a0 q1 a1 q4",
      "q0 a0 q1 a1 q4 a4 q5",
      "q0 a0 q1 a1 q4 a4 q6",
      "q0 a0 q7",
      "q0 a0 q1 a1 q2 a2 q3 a3 q8",
      "q0 a0 q1 a1 q4 a4 q6 a6 q9",
    ]);
  });

  it("continues the later of two responses with one id, whether or not the earlier was continued before", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const say = (text: string, responseId: string, options = {}) =>
      turn.request([userMessage(`ask ${text}`)], options).respond([assistantMessage(text)], { responseId });
    say("one", "again");
    say("two", "other");
    say("three", "again");
    turn.request([userMessage("after the latest")], incremental("again"));
    say("four", "other");
    turn.request([userMessage("after an older")], incremental("again"));
    say("five", "again");
    turn.request([userMessage("after a newer one")], incremental("again"));
    say("six", "other");
    turn.request([userMessage("after that once more")], incremental("again"));
    const graph = reduce(rollout);
    const shown = ["inference-4", "inference-6", "inference-8", "inference-10"].map((id) =>
      textsOf(graph, expandRequest(graph, id)),
    );
    expect(shown).toEqual([
      ["ask three", "three", "after the latest"],
      ["ask three", "three", "after an older"],
      ["ask five", "five", "after a newer one"],
      ["ask five", "five", "after that once more"],
    ]);
  });

  it("that names a response of another thread is an error like any other unknown one", () => {
    const rollout = new RolloutBuilder();
    rollout.root
      .turn()
      .request([userMessage("a")])
      .respond([assistantMessage("b")], { responseId: "resp_1" });
    const turn = rollout.child("child").turn();
    turn.request([userMessage("c")]).respond([assistantMessage("d")], { responseId: "resp_2" });
    turn.request([userMessage("e")], incremental("resp_1"));
    turn.request([userMessage("f")], incremental("resp_2"));
    const graph = reduceLeniently(rollout);
    expect(graph.diagnostics).toMatchObject([
      { code: "unknown_reference", object: { type: "inference_call", id: "inference-3" } },
    ]);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual(["c", "d", "e"]);
    expect(textsOf(graph, expandRequest(graph, "inference-4"))).toEqual(["c", "d", "f"]);
  });

  it("that is sent again shows the same items", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_1")).fail("reset");
    turn.request([userMessage("c")], incremental("resp_1"));
    expect(expandRequest(reduce(rollout), "inference-3")).toEqual(["item:1", "item:2", "item:3"]);
  });

  it("that is sent again after another branch went on shows the same items, and so does what it repeats whole", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [a, b, c] = [userMessage("a"), assistantMessage("b"), userMessage("c")];
    turn.request([a]).respond([b], { responseId: "resp_1" });
    turn.request([c], incremental("resp_1")).fail("reset");
    turn
      .request([userMessage("x")], incremental("resp_1"))
      .respond([assistantMessage("y")], { responseId: "resp_2" });
    turn.request([userMessage("z")], incremental("resp_2"));
    turn.request([c], incremental("resp_1")).respond([assistantMessage("d")]);
    turn.request([a, b, c, assistantMessage("d"), userMessage("e")]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-5")).toEqual(["item:1", "item:2", "item:3"]);
    expect(graph.inference_calls["inference-6"]?.request).toEqual({
      base_inference_call_id: "inference-5",
      keep: 4,
      item_ids: ["item:8"],
    });
  });

  it("that goes on from an earlier response and repeats an item id of it has a new item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const named = userMessage("a", { id: "msg_a" });
    turn.request([named]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("other")]).respond([assistantMessage("branch")]);
    turn.request([named, userMessage("c")], incremental("resp_1"));
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2", "item:5", "item:6"]);
  });

  it("leaves its context where it was, also when other requests have reordered the items", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const [a, b, c] = [userMessage("a", { id: "msg_a" }), userMessage("b"), assistantMessage("c")];
    turn.request([a, b]).respond([c], { responseId: "resp_1" });
    turn.request([b, a]);
    turn.request([userMessage("d")], incremental("resp_1"));
    turn.request([a, b, c, userMessage("d"), a]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:2", "item:1"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2", "item:3", "item:4"]);
    expect(expandRequest(graph, "inference-4")).toEqual(["item:1", "item:2", "item:3", "item:4", "item:5"]);
  });

  it("whose response was not recorded starts from the recorded prefix", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const prefix = rollout.payload("inference_request", { input: [userMessage("a"), assistantMessage("b")] });
    const mode = { type: "incremental_untraced", previous_response_id: "resp_0", prefix };
    turn.request([userMessage("c")], { mode });
    const graph = reduce(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-1"))).toEqual(["a", "b", "c"]);
  });

  it("that names an unknown response is an error, and falls back to the live context", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("a")]).respond([assistantMessage("b")], { responseId: "resp_1" });
    turn.request([userMessage("c")], incremental("resp_x"));
    const graph = reduceLeniently(rollout);
    expect(codesOf(graph)).toEqual(["unknown_reference"]);
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(["a", "b", "c"]);
    expect(() => reduce(rollout)).toThrow(expect.objectContaining({ code: "unknown_reference", seq: 6 }));
  });

  it.each<[string, string, readonly string[]]>([
    ["shows", "resp_0", ["q0", "a0"]],
    ["falls back, from a response that is not known, to", "resp_x", ["q0", "a0"]],
  ])("that cannot be read %s what it continues", (_what, previous, context) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q0")]).respond([assistantMessage("a0")], { responseId: "resp_0" });
    turn
      .request([userMessage("q1")], incremental(previous))
      .respond([assistantMessage("a1")], { responseId: "resp_1" });
    rollout.payloads.delete("payload-3");
    turn.request([userMessage("q2")], incremental("resp_1"));
    const graph = reduceLeniently(rollout);
    expect(graph.inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 2,
      item_ids: [],
    });
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(context);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual([...context, "a1", "q2"]);
    expect(codesOf(graph).filter((code) => code !== "unknown_reference")).toEqual(["missing_payload"]);
  });

  it("that cannot be read shows the recorded prefix, where its response was not recorded", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const prefix = rollout.payload("inference_request", { input: [userMessage("a"), assistantMessage("b")] });
    const mode = { type: "incremental_untraced", previous_response_id: "resp_0", prefix };
    turn.request([userMessage("c")], { mode }).respond([assistantMessage("d")], { responseId: "resp_1" });
    rollout.payloads.delete("payload-2");
    turn.request([userMessage("e")], incremental("resp_1"));
    const graph = reduceLeniently(rollout);
    expect(textsOf(graph, expandRequest(graph, "inference-1"))).toEqual(["a", "b"]);
    expect(textsOf(graph, expandRequest(graph, "inference-2"))).toEqual(["a", "b", "d", "e"]);
  });

  it("goes on from no context where a whole request cannot be read", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q0")]).respond([assistantMessage("a0")], { responseId: "resp_0" });
    turn.request([userMessage("q1")]).respond([assistantMessage("a1")], { responseId: "resp_1" });
    rollout.payloads.delete("payload-3");
    turn.request([userMessage("q2")], incremental("resp_1"));
    const graph = reduceLeniently(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual([]);
    expect(textsOf(graph, expandRequest(graph, "inference-3"))).toEqual(["a1", "q2"]);
  });
});

describe("a short request in a long context that goes on from earlier responses", () => {
  const LONG = 100;
  const mode = (previous: string) => ({ mode: { type: "incremental", previous_response_id: previous } });
  const id = (index: number) => ({ id: `msg_${index}` });

  /** A hundred messages that go on one from another, after a request that made another context the live one. */
  function longContext() {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (let index = 0; index < LONG; index += 1) {
      const asked = userMessage(`ask ${index}`, index % 2 === 0 ? id(index) : {});
      turn
        .request([asked], index === 0 ? {} : mode(`resp_${index - 1}`))
        .respond([assistantMessage("yes")], { responseId: `resp_${index}` });
    }
    turn.request([userMessage("find a title")]);
    turn.request([userMessage("go on")], mode(`resp_${LONG - 1}`));
    return { rollout, turn };
  }
  const asked = (index: number) => `item:${2 * index + 1}`;
  const answered = (index: number) => `item:${2 * index + 2}`;

  function shown(request: (turn: ReturnType<typeof longContext>["turn"]) => void): readonly string[] {
    const { rollout, turn } = longContext();
    request(turn);
    const graph = reduce(rollout);
    const last = Object.keys(graph.inference_calls).at(-1) ?? "";
    expect(expandRequest(graph, last).length).toBe(new Set(expandRequest(graph, last)).size);
    return expandRequest(graph, last);
  }

  it("has the items of that context that it begins with, that it names, and that say the same, the first first", () => {
    const items = shown((turn) =>
      turn.request([
        userMessage("ask 0", id(0)),
        userMessage("ask 50, cut", id(50)),
        assistantMessage("yes"),
        userMessage("ask 71"),
        assistantMessage("yes"),
      ]),
    );
    expect(items).toEqual([asked(0), asked(50), answered(0), asked(71), answered(1)]);
  });

  it("has the items of its beginning, however many", () => {
    const rounds = Array.from({ length: 20 }, (_each, index) => index);
    const said = (index: number) => [
      userMessage(`ask ${index}`, index % 2 === 0 ? id(index) : {}),
      assistantMessage("yes"),
    ];
    const items = shown((turn) => turn.request(rounds.flatMap(said)));
    expect(items).toEqual(rounds.flatMap((index) => [asked(index), answered(index)]));
  });

  it("has a new item for what it has had already", () => {
    const items = shown((turn) =>
      turn.request([userMessage("ask 0", id(0)), userMessage("ask 0", id(0)), userMessage("ask 0")]),
    );
    const [first, second, third] = items;
    expect(first).toBe(asked(0));
    expect([second, third].map((item) => Number(item?.slice("item:".length)) > 2 * LONG)).toEqual([
      true,
      true,
    ]);
  });

  it("leaves it to a later request to go on from where that context ended", () => {
    const items = shown((turn) => {
      turn.request([userMessage("ask 50", id(50))]);
      turn.request([userMessage("and now?")], mode(`resp_${LONG - 1}`));
    });
    expect(items.slice(0, 2 * LONG)).toEqual(
      Array.from({ length: LONG }, (_, index) => [asked(index), answered(index)]).flat(),
    );
    expect(items).toHaveLength(2 * LONG + 1);
  });

  it("keeps what a compaction finds in it, and replaces all of it", () => {
    const { rollout, turn } = longContext();
    turn.compact("c", {
      input: [
        userMessage("ask 0", id(0)),
        assistantMessage("yes"),
        userMessage("ask 71"),
        userMessage("new"),
      ],
      replacement: [userMessage("in short")],
    });
    turn.request([userMessage("in short"), userMessage("ask 50", id(50))]);
    const graph = reduce(rollout);
    const { input_item_ids: input, replacement_item_ids: replacement } = graph.compactions["c"] ?? {};
    expect(input?.slice(0, 3)).toEqual([asked(0), answered(0), asked(71)]);
    expect(textsOf(graph, input ?? [])).toEqual(["ask 0", "yes", "ask 71", "new"]);
    const last = Object.keys(graph.inference_calls).at(-1) ?? "";
    expect(expandRequest(graph, last)).toEqual([...(replacement ?? []), asked(50)]);
    expect(findingsOf(graph)).toEqual([]);
  });
});
