import { describe, expect, it } from "vitest";
import type { Dialect, JsonObject, JsonValue } from "@rollout-trace/protocol";
import { expandRequest, type RolloutGraph } from "@rollout-trace/reducer";
import { RolloutBuilder, type ThreadBuilder } from "@rollout-trace/reducer/testing";
import { chatCall, codesOf, findingsOf, lineOf, linesOf, reduce, reduceInSteps } from "./support.ts";

const CHAT: readonly JsonValue[] = [
  { role: "user", content: "so far" },
  { role: "assistant", content: null, tool_calls: [chatCall("c1", "f", "{}")] },
  { role: "tool", tool_call_id: "c1", content: "42" },
];

const BLOCKS: readonly JsonValue[] = [
  { role: "user", content: "so far" },
  { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "f", input: {} }] },
  { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "42" }] },
];

const LINES = [
  "user/-/message | text so far",
  "assistant/commentary/function_call c1 | json {}",
  "tool/commentary/function_call_output c1 | text 42",
];

const ask = (thread: ThreadBuilder, dialect: Dialect) =>
  thread.turn().request([{ role: "user", content: "q" }], { dialect });

const compact = (thread: ThreadBuilder, replacement: readonly JsonValue[]) =>
  thread.turn().compact("k", { input: [], replacement });

function replacementOf(graph: RolloutGraph): readonly string[] {
  const ids = graph.compactions["k"]?.replacement_item_ids ?? [];
  return ids.flatMap((id) => graph.conversation_items[id] ?? []).map(lineOf);
}

/** The tokens of a compaction request, as they are counted. */
function compactionUsage(rollout: RolloutBuilder, thread: ThreadBuilder, usage: JsonObject) {
  const turn = thread.turn();
  const ids = { compaction_id: "k", compaction_request_id: "k-1" };
  turn.event({
    type: "compaction_request_started",
    ...ids,
    thread_id: thread.id,
    turn_id: turn.id,
    model: "m",
    provider: "p",
    request: rollout.payload("compaction_request", { messages: [] }),
  });
  turn.event({
    type: "compaction_request_completed",
    ...ids,
    response: rollout.payload("compaction_response", { usage }),
  });
  return reduce(rollout).compaction_requests["k-1"]?.usage;
}

describe("a compaction of a thread that has not asked yet", () => {
  it.each<[Dialect, readonly JsonValue[]]>([
    ["openai_chat", CHAT],
    ["anthropic_messages", BLOCKS],
  ])(
    "is read as its nearest ancestor that has asked speaks (%s), and not as another spoke last",
    (dialect, kept) => {
      const rollout = new RolloutBuilder();
      ask(rollout.root, "openai_responses");
      const parent = rollout.child("parent");
      const between = rollout.child("between", "/root/parent/between", parent);
      const child = rollout.child("child", "/root/parent/between/child", between);
      ask(parent, "openai_responses");
      ask(parent, dialect);
      ask(rollout.child("other"), "openai_responses");
      compact(child, kept);
      child.turn().request(kept, { dialect });
      const graph = reduce(rollout);
      expect(replacementOf(graph)).toEqual(LINES);
      expect(expandRequest(graph, "inference-5")).toEqual(graph.compactions["k"]?.replacement_item_ids);
      expect(codesOf(graph)).toEqual([]);
      expect(reduceInSteps(rollout)).toEqual(graph);
    },
  );

  it("is read as the root speaks, where no ancestor has asked, whatever others speak", () => {
    const rollout = new RolloutBuilder();
    const origin = { type: "spawned", parent_thread_id: "not recorded" };
    ask(rollout.root, "openai_chat");
    ask(rollout.child("one"), "anthropic_messages");
    compact(rollout.thread("two", { agentPath: "/two", origin }), CHAT);
    const graph = reduce(rollout);
    expect(replacementOf(graph)).toEqual(LINES);
    expect(codesOf(graph)).toEqual([]);
    expect(reduceInSteps(rollout)).toEqual(graph);
  });

  it("is read as openai_responses where nobody has asked", () => {
    const rollout = new RolloutBuilder();
    compact(rollout.root, [{ type: "function_call", call_id: "c1", name: "f", arguments: "{}" }]);
    expect(replacementOf(reduce(rollout))).toEqual([LINES[1]]);
  });

  it("is read all the same where a recording names ancestors in a circle", () => {
    const rollout = new RolloutBuilder();
    const origin = (id: string) => ({ type: "spawned", parent_thread_id: id });
    const one = rollout.thread("one", { agentPath: "/one", origin: origin("two") });
    rollout.thread("two", { agentPath: "/two", origin: origin("one") });
    ask(rollout.root, "openai_chat");
    compact(one, CHAT);
    expect(replacementOf(reduce(rollout))).toEqual(LINES);
  });

  it("has its tokens counted as they are named there", () => {
    const rollout = new RolloutBuilder();
    ask(rollout.root, "anthropic_messages");
    const usage = { input_tokens: 3, cache_read_input_tokens: 100, output_tokens: 2 };
    const counted = compactionUsage(rollout, rollout.child("kid"), usage);
    expect(counted).toMatchObject({ input_tokens: 103, output_tokens: 2 });
  });
});

describe("a compaction of a thread that has asked in another dialect on the side", () => {
  const title = {
    chat: [{ role: "user", content: "so far" }],
    blocks: [{ role: "user", content: "a title" }],
  };
  const system = { fields: { system: "be good" } };

  it.each<[Dialect, Dialect, readonly JsonValue[], readonly JsonValue[]]>([
    ["anthropic_messages", "openai_chat", BLOCKS, title.chat],
    [
      "anthropic_messages",
      "openai_chat",
      BLOCKS,
      [...title.chat, ...title.chat, ...title.chat, ...title.chat],
    ],
    ["openai_chat", "anthropic_messages", CHAT, title.blocks],
  ])("is read as its history is written (%s, and then %s)", (dialect, aside, said, asked) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request(said, { dialect });
    turn.request(asked, { dialect: aside });
    turn.compact("k", { input: said, replacement: said });
    turn.request(said, { dialect });
    const graph = reduce(rollout);
    expect(graph.compactions["k"]?.input_item_ids).toEqual(["item:1", "item:2", "item:3"]);
    expect(replacementOf(graph)).toEqual(LINES);
    expect(expandRequest(graph, "inference-3")).toEqual(graph.compactions["k"]?.replacement_item_ids);
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
    expect(reduceInSteps(rollout)).toEqual(graph);
  });

  it("keeps its instructions, and is read as it was asked where its history is text", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const dialect = "anthropic_messages";
    const texts = [
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ];
    const said = [{ role: "user", content: texts }];
    turn.request(said, { dialect, ...system });
    turn.request([{ role: "user", content: "a title" }], { dialect: "openai_chat" });
    turn.compact("k", { input: said, replacement: said });
    turn.request(said, { dialect, ...system });
    const graph = reduce(rollout);
    const { input_item_ids: input, replacement_item_ids: replacement } = graph.compactions["k"] ?? {};
    expect(input).toEqual(["item:2", "item:3"]);
    expect(replacementOf(graph)).toEqual(["user/-/message | text one", "user/-/message | text two"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", ...(replacement ?? [])]);
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });

  it("is read as it asks now where it has gone over to another dialect", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request(BLOCKS, { dialect: "anthropic_messages" });
    turn.request([...CHAT, { role: "user", content: "and?" }], { dialect: "openai_chat" });
    turn.compact("k", { input: CHAT, replacement: CHAT });
    const graph = reduce(rollout);
    expect(graph.compactions["k"]?.input_item_ids).toEqual(["item:1", "item:2", "item:3"]);
    expect(replacementOf(graph)).toEqual(LINES);
  });

  it.each<[string, JsonObject, number]>([
    ["that counts the cache beside the input", { input_tokens: 10, cache_read_input_tokens: 1000 }, 1010],
    [
      "that counts it in both ways",
      { prompt_tokens: 1010, total_tokens: 1012, cache_read_input_tokens: 1000 },
      1010,
    ],
    ["that counts it within the input", { input_tokens: 1010, cached_input_tokens: 1000 }, 1010],
  ])("has the tokens of a response %s", (_what, usage, input) => {
    const rollout = new RolloutBuilder();
    ask(rollout.root, "anthropic_messages");
    ask(rollout.root, "openai_chat");
    expect(compactionUsage(rollout, rollout.root, { ...usage, output_tokens: 2 })).toMatchObject({
      input_tokens: input,
    });
  });
});

describe("an item that is accepted in a thread that has not asked yet", () => {
  it("is read as its parent speaks", () => {
    const rollout = new RolloutBuilder();
    ask(rollout.root, "openai_chat");
    const output = { id: "out_1", role: "tool", tool_call_id: "c1", content: "42" };
    const turn = rollout.child("kid").turn().accept("out_1", output);
    turn.request([...CHAT.slice(0, 2), output], { dialect: "openai_chat" });
    const graph = reduce(rollout);
    expect(linesOf(graph, "inference-2")).toEqual(LINES);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:3", "item:4", "item:2"]);
  });
});
