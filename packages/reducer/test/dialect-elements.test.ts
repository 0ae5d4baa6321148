import { describe, expect, it } from "vitest";
import type { Dialect, JsonObject, JsonValue } from "@rollout-trace/protocol";
import { expandRequest } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { chatCall as call, codesOf, findingsOf, lineOf, reduce } from "./support.ts";

/** What a request of one element, or a response of one, becomes. */
function itemsOf(dialect: Dialect, element: JsonValue, where: "request" | "response" = "request") {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const call = turn.request(where === "request" ? [element] : [], { dialect });
  if (where === "response") call.respond([element]);
  return Object.values(reduce(rollout).conversation_items);
}

describe("an element of openai_chat", () => {
  it.each<[string, JsonValue, readonly string[]]>([
    ["a system message", { role: "system", content: "be good" }, ["system/-/message | text be good"]],
    ["a developer message", { role: "developer", content: "be" }, ["developer/-/message | text be"]],
    ["a user message", { role: "user", content: "hi" }, ["user/-/message | text hi"]],
    [
      "content in parts",
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image_url", image_url: { url: "data:," } },
          { type: "input_audio", input_audio: {} },
          "bare",
        ],
      },
      ["user/-/message | text look | ref image_url | ref input_audio | text bare"],
    ],
    ["a message without content", { role: "user" }, ["user/-/message | ref empty_content"]],
    [
      "an assistant message",
      { role: "assistant", content: "yes", refusal: null },
      ["assistant/-/message | text yes"],
    ],
    ["a refusal", { role: "assistant", content: null, refusal: "no" }, ["assistant/-/message | text no"]],
    [
      "a refusal as a part",
      { role: "assistant", content: [{ type: "refusal", refusal: "no" }] },
      ["assistant/-/message | text no"],
    ],
    [
      "an answer aloud",
      { role: "assistant", content: null, audio: { id: "a" } },
      ["assistant/-/message | ref audio"],
    ],
    [
      "an assistant message with nothing in it",
      { role: "assistant", content: null },
      ["assistant/-/message | ref empty_content"],
    ],
    [
      "reasoning, an answer and calls in one message",
      {
        role: "assistant",
        reasoning_content: "hmm",
        content: "let me see",
        tool_calls: [call("c1", "f", '{"b":1,"a":2}'), call("c2", "f", '{"cut')],
      },
      [
        "assistant/analysis/reasoning | text hmm",
        "assistant/-/message | text let me see",
        'assistant/commentary/function_call c1 | json {"b":1,"a":2}',
        'assistant/commentary/function_call c2 | text {"cut',
      ],
    ],
    [
      "reasoning under its other name, and an empty content",
      { role: "assistant", reasoning: "hmm", content: "", tool_calls: [call("c1", "f", "{}")] },
      ["assistant/analysis/reasoning | text hmm", "assistant/commentary/function_call c1 | json {}"],
    ],
    [
      "reasoning in detail",
      {
        role: "assistant",
        content: "x",
        reasoning: "text",
        reasoning_details: [
          { type: "reasoning.text", text: "text", signature: "sig" },
          { type: "reasoning.summary", summary: "sum" },
          { type: "reasoning.encrypted", data: "blob" },
        ],
      },
      [
        "assistant/analysis/reasoning | text text | signature sig | summary sum | encrypted_content blob",
        "assistant/-/message | text x",
      ],
    ],
    [
      "a call of a custom tool",
      {
        role: "assistant",
        tool_calls: [{ id: "c1", type: "custom", custom: { name: "grep", input: "a b" } }],
      },
      ["assistant/commentary/custom_tool_call c1 | text a b"],
    ],
    [
      "a call of the exec tool",
      {
        role: "assistant",
        tool_calls: [{ id: "c1", type: "custom", custom: { name: "exec", input: "text(1)" } }],
      },
      ["assistant/commentary/custom_tool_call c1 | code text(1)"],
    ],
    [
      "a call in the form without ids",
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      ["assistant/commentary/function_call | json {}"],
    ],
    [
      "a tool's answer",
      { role: "tool", tool_call_id: "c1", content: "42" },
      ["tool/commentary/function_call_output c1 | text 42"],
    ],
    [
      "a tool's answer in parts",
      { role: "tool", tool_call_id: "c1", content: [{ type: "text", text: "42" }] },
      ["tool/commentary/function_call_output c1 | text 42"],
    ],
    [
      "a function's answer",
      { role: "function", name: "f", content: "42" },
      ["tool/commentary/function_call_output | text 42"],
    ],
  ])("that is %s", (_what, element, lines) => {
    expect(itemsOf("openai_chat", element).map(lineOf)).toEqual(lines);
  });

  it.each<[string, JsonValue]>([
    ["is no object", 7],
    ["has no role", { content: "hi" }],
    ["has a role nobody knows", { role: "narrator", content: "hi" }],
    ["has a call that is none", { role: "assistant", tool_calls: [7] }],
    ["has a call of nothing", { role: "assistant", tool_calls: [{ id: "c", type: "moon" }] }],
  ])("that %s becomes an item with a warning", (_what, element) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([element], { dialect: "openai_chat" });
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual(["unknown_item_type"]);
    expect(Object.keys(graph.conversation_items)).toHaveLength(1);
  });

  it("may be a choice of a response, with its message or with the deltas put together", () => {
    const message = { content: "a", tool_calls: [call("c1", "f", "{}")] };
    const lines = ["assistant/-/message | text a", "assistant/commentary/function_call c1 | json {}"];
    const whole = { index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" };
    expect(itemsOf("openai_chat", whole, "response").map(lineOf)).toEqual(lines);
    expect(itemsOf("openai_chat", { index: 0, delta: message }, "response").map(lineOf)).toEqual(lines);
  });
});

describe("an element of anthropic_messages", () => {
  it.each<[string, JsonValue, readonly string[]]>([
    ["a message in one string", { role: "user", content: "hi" }, ["user/-/message | text hi"]],
    [
      "a message of blocks",
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "image", source: { type: "url", url: "u" } },
          { type: "document", source: {} },
        ],
      },
      ["user/-/message | text a", "user/-/message | ref image", "user/-/message | ref document"],
    ],
    ["a message without blocks", { role: "user", content: [] }, ["user/-/message | ref empty_content"]],
    [
      "thinking, an answer and a call",
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hmm", signature: "sig" },
          { type: "redacted_thinking", data: "blob" },
          { type: "text", text: "let me see" },
          { type: "tool_use", id: "t1", name: "f", input: { a: 1 } },
        ],
      },
      [
        "assistant/analysis/reasoning | text hmm | signature sig",
        "assistant/analysis/reasoning | redacted_thinking blob",
        "assistant/-/message | text let me see",
        'assistant/commentary/function_call t1 | json {"a":1}',
      ],
    ],
    [
      "results, as text, in blocks and of an error",
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: "42" },
          {
            type: "tool_result",
            tool_use_id: "t2",
            content: [
              { type: "text", text: "4" },
              { type: "image", source: {} },
            ],
          },
          { type: "tool_result", tool_use_id: "t3", is_error: true, content: "broken" },
          { type: "tool_result", tool_use_id: "t4" },
        ],
      },
      [
        "tool/commentary/function_call_output t1 | text 42",
        "tool/commentary/function_call_output t2 | text 4 | ref image",
        "tool/commentary/function_call_output t3 | text broken",
        "tool/commentary/function_call_output t4 | ref empty_content",
      ],
    ],
    [
      "tools that the provider runs",
      {
        role: "assistant",
        content: [
          { type: "server_tool_use", id: "s1", name: "web_search", input: { query: "q" } },
          { type: "web_search_tool_result", tool_use_id: "s1", content: [{ type: "web_search_result" }] },
          { type: "mcp_tool_use", id: "m1", server_name: "s", name: "f", input: {} },
          { type: "mcp_tool_result", tool_use_id: "m1", content: [{ type: "text", text: "r" }] },
          {
            type: "web_search_tool_result",
            tool_use_id: "s2",
            content: { type: "web_search_tool_result_error", error_code: "unavailable" },
          },
        ],
      },
      [
        'assistant/commentary/function_call s1 | json {"query":"q"}',
        "tool/commentary/function_call_output s1 | ref web_search_result",
        "assistant/commentary/function_call m1 | json {}",
        "tool/commentary/function_call_output m1 | text r",
        'tool/commentary/function_call_output s2 | json {"error_code":"unavailable","type":"web_search_tool_result_error"}',
      ],
    ],
    [
      "a summary of what was before",
      {
        role: "assistant",
        content: [
          { type: "compaction", content: "so far" },
          { type: "compaction", encrypted_content: "blob" },
        ],
      },
      ["assistant/summary/message | text so far", "assistant/summary/message | encrypted_content blob"],
    ],
  ])("that is %s", (_what, element, lines) => {
    expect(itemsOf("anthropic_messages", element).map(lineOf)).toEqual(lines);
  });

  it.each<[string, JsonValue, string]>([
    ["is no object", 7, "unknown_item_type"],
    ["has a role nobody knows", { role: "narrator", content: "hi" }, "unknown_item_type"],
    ["has a block nobody knows", { role: "user", content: [{ type: "moon" }] }, "unknown_item_type"],
    ["has a block that is none", { role: "user", content: [7] }, "unknown_item_type"],
    [
      "has a thought without anything in it",
      { role: "assistant", content: [{ type: "thinking", thinking: "", signature: "" }] },
      "empty_reasoning",
    ],
  ])("that %s becomes an item with a warning", (_what, element, code) => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().request([element], { dialect: "anthropic_messages" });
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([code]);
    expect(Object.keys(graph.conversation_items)).toHaveLength(1);
  });

  it("may be a block of a response", () => {
    expect(itemsOf("anthropic_messages", { type: "text", text: "a" }, "response").map(lineOf)).toEqual([
      "assistant/-/message | text a",
    ]);
  });
});

describe("what a host answers a tool of openai_responses", () => {
  const shell = { stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 0 } };
  it.each<[string, JsonValue, readonly string[]]>([
    [
      "a local shell, by call id",
      { type: "local_shell_call_output", call_id: "c1", output: "a" },
      ["text a"],
    ],
    ["a local shell, by id", { type: "local_shell_call_output", id: "c1", output: "a" }, ["text a"]],
    [
      "a local shell, by both",
      { type: "local_shell_call_output", id: "out_1", call_id: "c1", output: "a" },
      ["text a"],
    ],
    [
      "a shell",
      { type: "shell_call_output", call_id: "c1", output: [shell], max_output_length: 9 },
      ['json [{"outcome":{"exit_code":0,"type":"exit"},"stderr":"","stdout":"a"}]'],
    ],
    [
      "a patch",
      { type: "apply_patch_call_output", call_id: "c1", status: "completed", output: "done" },
      ["text done"],
    ],
    [
      "a patch, without a word",
      { type: "apply_patch_call_output", call_id: "c1", status: "failed" },
      ['json {"status":"failed"}'],
    ],
    [
      "a computer",
      {
        type: "computer_call_output",
        call_id: "c1",
        output: { type: "computer_screenshot", image_url: "u" },
      },
      ["ref computer_screenshot"],
    ],
    [
      "who asks whether an MCP server may be called",
      { type: "mcp_approval_response", approval_request_id: "c1", id: "o_1", approve: false, reason: null },
      ['json {"approve":false,"reason":null}'],
    ],
  ])("is the output of its call: %s", (_what, element, parts) => {
    const items = itemsOf("openai_responses", element);
    expect(items.map(lineOf)).toEqual([["tool/commentary/function_call_output c1", ...parts].join(" | ")]);
  });

  it("tells a patch that failed from one that went well with the same text", () => {
    const patch = { type: "apply_patch_call_output", call_id: "c1", output: "x" };
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([{ ...patch, status: "completed" }]);
    turn.request([{ ...patch, status: "failed" }]);
    expect(Object.keys(reduce(rollout).conversation_items)).toHaveLength(2);
  });

  it("joins a leave to call an MCP server with what asks for it", () => {
    const asked = {
      type: "mcp_approval_request",
      id: "mcpr_1",
      name: "f",
      server_label: "s",
      arguments: "{}",
    };
    const given = { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true };
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([]).respond([asked]);
    turn.tool("ask", { callId: "mcpr_1" }).end();
    turn.request([asked, given]);
    turn.request([asked, { ...given, reason: null }]);
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["ask"]).toMatchObject({
      call_item_ids: ["item:1"],
      output_item_ids: ["item:2"],
      visibility: { seen_by_model: true },
    });
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2"]);
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["local_shell_call", { id: "lsh_1", call_id: "c1" }, { id: "c1" }],
    ["local_shell_call", { id: "lsh_1", call_id: "c1" }, { id: "o_1", call_id: "c1" }],
    ["local_shell_call", { id: "c1" }, { id: "c1" }],
    ["shell_call", { id: "sh_1", call_id: "c1" }, { id: "sho_1", call_id: "c1" }],
    ["apply_patch_call", { id: "apc_1", call_id: "c1" }, { call_id: "c1" }],
    ["computer_call", { id: "cu_1", call_id: "c1" }, { call_id: "c1" }],
  ])("has been seen once a request carries it: that of a %s (%#)", (type, callIds, ids) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = { type, ...callIds };
    turn.request([]).respond([call]);
    turn.tool("c1").end();
    const output = { type: `${type}_output`, ...ids, output: "a" };
    turn.request([call, output]);
    turn.request([call, output, { role: "user", content: "more" }]);
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:1"],
      output_item_ids: ["item:2"],
      visibility: { seen_by_model: true },
    });
    expect(expandRequest(graph, "inference-3")).toEqual(["item:1", "item:2", "item:3"]);
    expect([...codesOf(graph), ...findingsOf(graph)]).toEqual([]);
  });
});
