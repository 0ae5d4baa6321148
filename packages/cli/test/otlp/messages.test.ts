import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { instructionParts, messagesOf } from "../../src/otlp/items-to-messages.ts";
import { itemsOf } from "../../src/otlp/messages-to-items.ts";

const text = fc.string({ minLength: 1 });
const id = fc.string({ minLength: 1, maxLength: 8 });

/** Elements of the Responses dialect. */
const element: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({
    type: fc.constant("message"),
    role: fc.constantFrom("user", "system", "developer"),
    content: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant("input_text"), text }),
        fc.record({ type: fc.constant("input_image"), image_url: text }),
      ),
      { minLength: 1 },
    ),
  }),
  fc.record({
    type: fc.constant("message"),
    role: fc.constant("assistant"),
    content: fc.array(fc.record({ type: fc.constant("output_text"), text }), { minLength: 1 }),
    id,
    phase: fc.constantFrom("commentary", "final_answer"),
  }),
  fc.record({
    type: fc.constant("function_call"),
    call_id: id,
    name: id,
    arguments: fc.oneof(fc.json(), text, fc.constant('{ "spaced" :1}')),
    id,
  }),
  fc.record({ type: fc.constant("custom_tool_call"), call_id: id, name: id, input: text, status: text }),
  fc.record({ type: fc.constant("function_call_output"), call_id: id, output: text }),
  fc.record({
    type: fc.constant("custom_tool_call_output"),
    call_id: id,
    output: fc.array(fc.record({ type: fc.constant("input_text"), text }), { minLength: 1 }),
  }),
  fc.record({
    type: fc.constant("reasoning"),
    summary: fc.array(fc.record({ type: fc.constant("summary_text"), text })),
    encrypted_content: text,
  }),
  fc.record({ type: fc.constant("agent_message"), author: text, recipient: text, content: fc.constant([]) }),
);

describe("elements as messages", () => {
  it("come back as they were, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(element), (elements) => {
        expect(itemsOf(messagesOf(elements, "openai_responses", "user"), "user")).toEqual(elements);
      }),
    );
  });

  it("are what the conventions call messages, with what has no place there beside", () => {
    const elements = [
      { type: "message", role: "user", content: "hi", id: "msg_1" },
      { type: "function_call", call_id: "c", name: "f", arguments: '{"a":1}' },
      { type: "function_call_output", call_id: "c", output: "1" },
    ];
    expect(messagesOf(elements, "openai_responses", "user")).toEqual([
      { role: "user", parts: [{ type: "text", content: "hi" }], rollout_trace_item: { id: "msg_1" } },
      { role: "assistant", parts: [{ type: "tool_call", id: "c", name: "f", arguments: { a: 1 } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c", response: "1" }] },
    ]);
  });

  it("keep what Chat Completions and Anthropic messages say", () => {
    const chat = [
      {
        role: "assistant",
        reasoning_content: "hm",
        content: "let me see",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "1" },
    ];
    const anthropic = [
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm" },
          { type: "text", text: "let me see" },
          { type: "tool_use", id: "c", name: "f", input: {} },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "1" }] },
    ];
    const expected = [
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "hm" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "let me see" }] },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "1" },
    ];
    expect(itemsOf(messagesOf(chat, "openai_chat", "user"), "user")).toEqual(expected);
    expect(itemsOf(messagesOf(anthropic, "anthropic_messages", "user"), "user")).toEqual(expected);
    expect(instructionParts("be brief")).toEqual([{ type: "text", content: "be brief" }]);
  });

  it("are read from anything without throwing", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const items = itemsOf(JSON.parse(JSON.stringify(value)), "user");
        expect(items.every((item) => typeof item === "object")).toBe(true);
      }),
    );
  });
});
