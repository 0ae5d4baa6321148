import { describe, expect, it } from "vitest";
import { DIALECTS, type Dialect, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { expandRequest, graphJson } from "@rollout-trace/reducer";
import {
  assistantMessage,
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  reasoning,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { chatCall, codesOf, findingsOf, reduce } from "./support.ts";

const PAIRS = DIALECTS.flatMap((from) =>
  DIALECTS.filter((to) => to !== from).map((to): readonly [Dialect, Dialect] => [from, to]),
);

const ARGUMENTS = { path: "a", at: "1700000000000000000", of: ['\\"1234567890123456789'], count: 3 };

/** One conversation as each dialect writes it. */
const HISTORY: { readonly [Each in Dialect]: readonly JsonValue[] } = {
  openai_responses: [
    { type: "message", role: "system", content: "be good" },
    userMessage("question"),
    reasoning({ text: "hmm", encrypted: "blob" }),
    assistantMessage("let me see"),
    { ...functionCall("c1", "read", ARGUMENTS), arguments: JSON.stringify(ARGUMENTS, null, 1) },
    functionOutput("c1", "contents"),
    functionCall("c2", "list", {}),
    functionOutput("c2", [
      { type: "input_text", text: "one" },
      { type: "input_text", text: "two" },
    ]),
  ],
  openai_chat: [
    { role: "system", content: "be good" },
    { role: "user", content: [{ type: "text", text: "question" }] },
    {
      role: "assistant",
      reasoning_details: [{ type: "reasoning.encrypted", data: "blob" }],
      content: "let me see",
      tool_calls: [chatCall("c1", "read", JSON.stringify(ARGUMENTS))],
    },
    { role: "tool", tool_call_id: "c1", content: "contents" },
    { role: "assistant", content: null, tool_calls: [chatCall("c2", "list", "{}")] },
    {
      role: "tool",
      tool_call_id: "c2",
      content: [
        { type: "text", text: "one" },
        { type: "text", text: "two" },
      ],
    },
  ],
  anthropic_messages: [
    { role: "user", content: "question" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "", signature: "blob" },
        { type: "text", text: "let me see" },
        { type: "tool_use", id: "c1", name: "read", input: ARGUMENTS },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "contents" }] },
    { role: "assistant", content: [{ type: "tool_use", id: "c2", name: "list", input: {} }] },
    {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "c2",
          content: [
            { type: "text", text: "one" },
            { type: "text", text: "two" },
          ],
        },
      ],
    },
  ],
};

/** What each dialect has beside its history. */
const FIELDS: { readonly [Each in Dialect]: JsonObject } = {
  openai_responses: {},
  openai_chat: {},
  anthropic_messages: { system: "be good" },
};

describe("a thread that goes on in another dialect", () => {
  it.each(PAIRS)("has the items that it had: %s and then %s, and back", (from, to) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const dialect of [from, to, from]) {
      turn.request(HISTORY[dialect], { dialect, fields: FIELDS[dialect] });
    }
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-1")).toHaveLength(8);
    expect(expandRequest(graph, "inference-2")).toEqual(expandRequest(graph, "inference-1"));
    expect(expandRequest(graph, "inference-3")).toEqual(expandRequest(graph, "inference-1"));
    expect(Object.keys(graph.conversation_items)).toHaveLength(8);
    expect(codesOf(graph)).toEqual([]);
  });

  it.each<[Dialect, Dialect]>([
    ["openai_responses", "openai_chat"],
    ["openai_chat", "openai_responses"],
  ])("has its scripts and what they gave: %s and then %s", (from, to) => {
    const exec = { id: "c1", type: "custom", custom: { name: "exec", input: "text(1)" } };
    const history = {
      openai_responses: [userMessage("q"), execCall("c1", "text(1)"), execOutput("c1", "1")],
      openai_chat: [
        { role: "user", content: "q" },
        { role: "assistant", tool_calls: [exec] },
        { role: "tool", tool_call_id: "c1", content: "1" },
      ],
      anthropic_messages: [],
    };
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const dialect of [from, to, from]) turn.request(history[dialect], { dialect });
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3"]);
    const parsed = JSON.parse(graphJson(graph)) as typeof graph;
    expect(expandRequest(parsed, "inference-2")).toEqual(["item:1", "item:2", "item:3"]);
    for (const id of ["constructor", "__proto__", "none"]) expect(expandRequest(parsed, id)).toEqual([]);
    expect(Object.keys(graph.conversation_items)).toHaveLength(3);
    expect(codesOf(graph)).toEqual([]);
  });

  it("tells calls of tools with one name apart by where the tool is from", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const use = { type: "mcp_tool_use", id: "c1", name: "f", input: {} };
    const ask = (server: string) =>
      turn.request([{ role: "assistant", content: [{ ...use, server_name: server }] }], {
        dialect: "anthropic_messages",
      });
    ask("one");
    ask("two");
    turn.request([functionCall("c1", "f", {}, { namespace: "two" })]);
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:2"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:2"]);
  });

  it("tells arguments apart that only their text does", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = { type: "function_call", call_id: "c1", name: "f" };
    turn.request([{ ...call, arguments: '{"n":12345678901234567890}' }]);
    turn.request([{ ...call, arguments: '{"n":12345678901234567891}' }]);
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(2);
  });
});

describe("a thought that comes back under another id", () => {
  const thoughts: { readonly [Each in Dialect]: (id: string, text: string) => JsonValue } = {
    openai_responses: (id, text) => reasoning({ id, text, encrypted: "blob" }),
    openai_chat: (id, text) => ({
      id,
      role: "assistant",
      reasoning_details: [
        ...(text === "" ? [] : [{ type: "reasoning.text", text }]),
        { type: "reasoning.encrypted", data: "blob" },
      ],
    }),
    anthropic_messages: (id, thinking) => ({
      id,
      role: "assistant",
      content: [{ type: "thinking", thinking, signature: "blob" }],
    }),
  };

  it.each(DIALECTS)("is the one that has its blob, wherever it stands (%s)", (dialect) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const thought = (id: string) => thoughts[dialect](id, "");
    const user = (content: string) => ({ role: "user", content });
    const ask = (...elements: readonly JsonValue[]) => turn.request(elements, { dialect });
    ask(user("q"), thoughts[dialect]("rs_1", "hmm"), user("more"));
    // At its place, elsewhere, and where an earlier context had it.
    ask(user("q"), thought("rs_2"), user("more"));
    ask(thought("rs_3"), user("q"), user("more"));
    ask(user("find a title"));
    ask(user("q"), thought("rs_4"), user("more"));
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3"]);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:2", "item:1", "item:3"]);
    expect(expandRequest(graph, "inference-5")).toEqual(["item:1", "item:2", "item:3"]);
    expect(graph.conversation_items["item:2"]?.provider_item_id).toBe("rs_1");
    expect(codesOf(graph)).toEqual([]);
  });

  it("is found by each of its ids, and accepted under any", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn().accept("rs_2");
    turn.request([userMessage("q"), reasoning({ id: "rs_1", encrypted: "blob" })]);
    turn.request([userMessage("q"), reasoning({ id: "rs_2", encrypted: "blob" })]);
    turn.request([userMessage("q"), reasoning({ id: "rs_2", text: "hmm" })]);
    rollout.end();
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2"]);
    expect(graph.conversation_items["item:2"]?.accepted?.seq).toBe(4);
    expect(findingsOf(graph)).toEqual([]);
  });

  it("is found among the many of a context that is only known by where it ends", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const thought = (index: number, id: string) => reasoning({ id, encrypted: `blob ${index}` });
    const many = Array.from({ length: 40 }, (_each, index) => thought(index, `rs_${index}`));
    turn.request([userMessage("q"), ...many]).respond([assistantMessage("a")], { responseId: "r1" });
    const mode = { type: "incremental", previous_response_id: "r1" };
    turn.request([userMessage("find a title")]);
    turn.request([userMessage("more")], { mode }).respond([], { responseId: "r2" });
    turn.request([thought(30, "new")]);
    expect(expandRequest(reduce(rollout), "inference-4")).toEqual(["item:32"]);
  });

  it("is another one where the blob is another", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([reasoning({ id: "rs_1", text: "hmm", encrypted: "one" })]);
    turn.request([reasoning({ id: "rs_2", text: "hmm", encrypted: "two" })]);
    turn.request([reasoning({ id: "rs_3", text: "hmm" })]);
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(3);
  });
});
