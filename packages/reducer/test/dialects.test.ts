import { describe, expect, it } from "vitest";
import type { Dialect, JsonObject, JsonValue } from "@rollout-trace/protocol";
import { expandRequest } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { chatCall as call, codesOf, findingsOf, linesOf, reduce } from "./support.ts";

describe("instructions beside the history", () => {
  const system = (value: JsonValue) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const messages = [{ role: "user", content: "hi" }];
    turn.request(messages, { dialect: "anthropic_messages", fields: { system: value } });
    turn.request(messages, { dialect: "anthropic_messages", fields: { system: value } });
    return rollout;
  };

  it.each<[string, JsonValue, readonly string[]]>([
    ["one string", "be good", ["system/-/message | text be good"]],
    [
      "blocks",
      [
        { type: "text", text: "be" },
        { type: "text", text: "good", cache_control: { type: "ephemeral" } },
      ],
      ["system/-/message | text be", "system/-/message | text good"],
    ],
  ])("are system items when they are %s, the same ones in each request", (_what, value, lines) => {
    const graph = reduce(system(value));
    expect(linesOf(graph, "inference-1")).toEqual([...lines, "user/-/message | text hi"]);
    expect(expandRequest(graph, "inference-2")).toEqual(expandRequest(graph, "inference-1"));
    expect(codesOf(graph)).toEqual([]);
  });

  it("are new items when they change, before the same history", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const messages = [{ role: "user", content: "hi" }];
    turn.request(messages, { dialect: "anthropic_messages", fields: { system: "Monday" } });
    turn.request(messages, { dialect: "anthropic_messages", fields: { system: "Tuesday" } });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-1")).toEqual(["item:1", "item:2"]);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:3", "item:2"]);
    expect(codesOf(graph)).toEqual([]);
  });

  it("outlast a compaction of the history", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ask = (messages: JsonObject[]) =>
      turn.request(messages, { dialect: "anthropic_messages", fields: { system: "be good" } });
    const question = { role: "user", content: "question" };
    ask([question]).respond([{ type: "text", text: "answer" }]);
    const answer = { role: "assistant", content: "answer" };
    const summary = { role: "user", content: "summary" };
    turn.compact("k", { input: [question, answer], replacement: [summary] });
    ask([summary, { role: "user", content: "more" }]);
    const graph = reduce(rollout);
    expect(graph.compactions["k"]).toMatchObject({
      input_item_ids: ["item:2", "item:3"],
      marker_item_id: "item:4",
      replacement_item_ids: ["item:5"],
    });
    expect(graph.inference_calls["inference-2"]?.request).toEqual({
      base_inference_call_id: "inference-1",
      keep: 1,
      item_ids: ["item:5", "item:6"],
    });
    expect(findingsOf(graph)).toEqual([]);
  });
});

describe("instructions that come and go", () => {
  it("leave messages of many blocks what they are, each block one item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const history: JsonObject[] = [{ role: "user", content: "q" }];
    const rounds = 16;
    for (let round = 0; round < rounds; round += 1) {
      const system = ["reminder", "be good"].slice(round % 2).map((text) => ({ type: "text", text }));
      const ids = Array.from({ length: 30 }, (_, index) => `toolu_${round}_${index}`);
      const uses = ids.map((id) => ({ type: "tool_use", id, name: "look", input: {} }));
      const results = ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: `seen by ${id}` }));
      turn.request(history, { dialect: "anthropic_messages", fields: { system } }).respond(uses);
      history.push({ role: "assistant", content: uses }, { role: "user", content: results });
    }
    // Two instructions and a question, and what was called in each round and came of it, but for the last.
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(3 + 60 * rounds - 30);
  });
});

describe("instructions that a side request does without", () => {
  it("are the same afterwards, and what a compaction has dropped since is not", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ask = (messages: readonly string[], fields: JsonObject = { system: "be good" }) =>
      turn.request(
        messages.map((content) => ({ role: "user", content })),
        { dialect: "anthropic_messages", fields },
      );
    ask(["question", "more"]);
    turn.compact("k", { input: [], replacement: [] });
    ask(["find a title"], {});
    ask(["more"]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-1")).toEqual(["item:1", "item:2", "item:3"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:6"]);
  });
});

describe("instructions of branches that are continued in turn", () => {
  it("outlast a compaction of the history", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "anthropic_messages";
    const fields = { system: "be good" };
    const user = (content: string) => ({ role: "user", content });
    const say = (text: string, responseId: string, previous: string) =>
      turn
        .request([user(text)], { dialect, mode: { type: "incremental", previous_response_id: previous } })
        .respond([{ type: "text", text: `to ${text}` }], { responseId });
    turn
      .request([user("q")], { dialect, fields })
      .respond([{ type: "text", text: "a" }], { responseId: "r0" });
    say("one", "r1", "r0");
    say("two", "r2", "r0");
    say("more of one", "r3", "r1");
    turn.compact("k", { input: [user("q")], replacement: [user("summary")] });
    turn.request([user("summary")], { dialect, fields });
    const graph = reduce(rollout);
    expect(linesOf(graph, "inference-5")).toEqual([
      "system/-/message | text be good",
      "user/-/message | text summary",
    ]);
    expect(expandRequest(graph, "inference-5")[0]).toBe("item:1");
    expect(graph.compactions["k"]?.input_item_ids).toEqual(["item:2"]);
    expect(expandRequest(graph, "inference-5")[1]).toBe(graph.compactions["k"]?.replacement_item_ids[0]);
  });
});

describe("a conversation that each request repeats", () => {
  const thought = { type: "thinking", thinking: "hmm", signature: "sig" };
  const use = { type: "tool_use", id: "t1", name: "f", input: { a: 1 } };

  it("keeps its items in openai_chat, calls and answers joined to the tool calls", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "openai_chat";
    const question = { role: "user", content: "q" };
    const message = {
      role: "assistant",
      reasoning_content: "hmm",
      content: "let me see",
      tool_calls: [call("c1", "f", '{"a":1}')],
    };
    turn.request([question], { dialect }).respond([{ index: 0, message }]);
    turn.tool("c1", { label: "f" }).end();
    // Providers ask hosts to leave the reasoning of earlier answers out.
    const { reasoning_content: _thought, ...replayed } = message;
    const output = { role: "tool", tool_call_id: "c1", content: "42" };
    turn.request([question, replayed, output], { dialect }).respond([]);
    turn.request([question, replayed, output, { role: "user", content: "and?" }], { dialect });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:3", "item:4", "item:5"]);
    expect(graph.inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: "inference-2",
      keep: 4,
      item_ids: ["item:6"],
    });
    expect(graph.tool_calls["c1"]).toMatchObject({ call_item_ids: ["item:4"], output_item_ids: ["item:5"] });
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });

  it("keeps what it said aloud in openai_chat, which is sent again by its id alone", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "openai_chat";
    const question = { role: "user", content: "q" };
    const say = (id: string) => ({
      role: "assistant",
      content: null,
      audio: { id, data: "UklG", expires_at: 1, transcript: "yes" },
    });
    const again = (id: string) => ({ role: "assistant", audio: { id } });
    turn.request([question], { dialect }).respond([{ index: 0, message: say("audio_1") }]);
    turn.request([question, again("audio_1"), question, again("audio_2")], { dialect });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3", "item:4"]);
    expect(graph.conversation_items["item:2"]?.produced_by).toMatchObject([{ type: "inference" }]);
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });

  it("keeps its items in anthropic_messages, whether blocks came alone or in a message", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "anthropic_messages";
    const marked = (text: string) => [{ type: "text", text, cache_control: { type: "ephemeral" } }];
    turn.request([{ role: "user", content: marked("q") }], { dialect }).respond([thought, use]);
    turn.tool("t1", { label: "f" }).end();
    const replay = [
      { role: "user", content: "q" },
      { role: "assistant", content: [{ ...thought, thinking: "" }, use] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "42" }] },
    ];
    turn.request(replay, { dialect }).respond([{ type: "text", text: "a" }]);
    turn.request([...replay, { role: "assistant", content: "a" }], { dialect });
    const graph = reduce(rollout);
    expect(linesOf(graph, "inference-3")).toEqual([
      "user/-/message | text q",
      "assistant/analysis/reasoning | text hmm | signature sig",
      'assistant/commentary/function_call t1 | json {"a":1}',
      "tool/commentary/function_call_output t1 | text 42",
      "assistant/-/message | text a",
    ]);
    expect(Object.keys(graph.conversation_items)).toHaveLength(5);
    expect(graph.inference_calls["inference-3"]?.request).toEqual({
      base_inference_call_id: "inference-2",
      keep: 5,
      item_ids: [],
    });
    expect(graph.tool_calls["t1"]).toMatchObject({ call_item_ids: ["item:3"], output_item_ids: ["item:4"] });
  });

  it("tells the result of an error from the same text without one", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const result = { type: "tool_result", tool_use_id: "t1", content: "x" };
    turn.request([{ role: "user", content: [result] }], { dialect: "anthropic_messages" });
    const failed = { role: "user", content: [{ ...result, is_error: true }] };
    turn.request([failed], { dialect: "anthropic_messages" });
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(2);
  });

  it("gives the id that a host gave a message to its first item, and keeps both when the text is cut", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "openai_chat";
    const message = (content: string) => ({
      id: "m1",
      role: "assistant",
      content,
      tool_calls: [call("c1", "f", "{}")],
    });
    turn.request([message("a long answer")], { dialect });
    turn.request([message("a lo…")], { dialect });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(expandRequest(graph, "inference-1"));
    expect(Object.values(graph.conversation_items).map((item) => item.provider_item_id)).toEqual([
      "m1",
      null,
    ]);
  });

  it("does not take one element in two places for one item", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const twice = {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "a" },
      ],
    };
    turn.request([twice, twice], { dialect: "anthropic_messages" });
    turn.request([twice, twice, twice], { dialect: "anthropic_messages" });
    const items = expandRequest(reduce(rollout), "inference-2");
    expect(items).toEqual(["item:1", "item:2", "item:3", "item:4", "item:5", "item:6"]);
  });
});

describe("token counts", () => {
  const usageOf = (dialect: Dialect, usage: JsonObject) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([], { dialect }).respond([], { usage });
    return reduce(rollout).usage.total;
  };

  it("of openai_chat are read by their names there", () => {
    expect(
      usageOf("openai_chat", {
        prompt_tokens: 10,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens: 5,
        completion_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 15,
      }),
    ).toEqual({
      input_tokens: 10,
      cached_input_tokens: 4,
      cache_creation_input_tokens: 0,
      output_tokens: 5,
      reasoning_output_tokens: 2,
      total_tokens: 15,
    });
  });

  it("of anthropic_messages have the cache's share in the input", () => {
    expect(
      usageOf("anthropic_messages", {
        input_tokens: 3,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 20,
        output_tokens: 5,
      }),
    ).toEqual({
      input_tokens: 123,
      cached_input_tokens: 100,
      cache_creation_input_tokens: 20,
      output_tokens: 5,
      reasoning_output_tokens: 0,
      total_tokens: 128,
    });
  });

  it("in all are what the provider says, and their sum where it says nothing", () => {
    const counts = { input_tokens: 10, output_tokens: 5 };
    const totals = [99, null, undefined, "many"].map((total) => {
      const usage = total === undefined ? counts : { ...counts, total_tokens: total };
      return usageOf("openai_responses", usage).total_tokens;
    });
    expect(totals).toEqual([99, 15, 15, 15]);
  });

  it("that are no counts are none", () => {
    const usage = { input_tokens: -1, output_tokens: 1.5, cache_read_input_tokens: 1e300 };
    expect(usageOf("anthropic_messages", usage).total_tokens).toBe(0);
  });
});
