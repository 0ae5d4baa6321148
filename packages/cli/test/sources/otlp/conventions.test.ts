import { describe, expect, it } from "vitest";
import { attributesOf, graphOf, otlp, type SpanFields, transcriptOf } from "./trace-file.ts";

/** One request in which the model asks for a tool, the tool, and the request with its result, in each convention. */
interface Convention {
  readonly name: string;
  readonly spans: readonly SpanFields[];
}

const AGENT = { id: "agent", name: "run", at: 0, until: 100 } as const;

const CONVENTIONS: readonly Convention[] = [
  {
    name: "GenAI",
    spans: [
      { ...AGENT, attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper" } },
      {
        id: "one",
        parent: "agent",
        at: 1,
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "m",
          "gen_ai.provider.name": "p",
          "gen_ai.usage.input_tokens": 10,
          "gen_ai.usage.output_tokens": 2,
          "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Weather?"}]}]',
          "gen_ai.output.messages":
            '[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"weather","arguments":{"city":"Paris"}}]}]',
        },
      },
      {
        id: "tool",
        parent: "agent",
        at: 3,
        attributes: {
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": "weather",
          "gen_ai.tool.call.id": "c1",
          "gen_ai.tool.call.arguments": '{"city":"Paris"}',
          "gen_ai.tool.call.result": "rain",
        },
      },
      {
        id: "two",
        parent: "agent",
        at: 5,
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "m",
          "gen_ai.provider.name": "p",
          "gen_ai.usage.input_tokens": 20,
          "gen_ai.usage.output_tokens": 3,
          "gen_ai.input.messages": [
            { role: "user", parts: [{ type: "text", content: "Weather?" }] },
            {
              role: "assistant",
              parts: [{ type: "tool_call", id: "c1", name: "weather", arguments: { city: "Paris" } }],
            },
            { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "rain" }] },
          ],
          "gen_ai.output.messages": [{ role: "assistant", parts: [{ type: "text", content: "Rain." }] }],
        },
      },
    ],
  },
  {
    name: "OpenInference",
    spans: [
      { ...AGENT, attributes: { "openinference.span.kind": "AGENT", "agent.name": "helper" } },
      {
        id: "one",
        parent: "agent",
        at: 1,
        attributes: {
          "openinference.span.kind": "LLM",
          "llm.model_name": "m",
          "llm.provider": "p",
          "llm.token_count.prompt": 10,
          "llm.token_count.completion": 2,
          "llm.input_messages.0.message.role": "user",
          "llm.input_messages.0.message.contents.0.message_content.type": "text",
          "llm.input_messages.0.message.contents.0.message_content.text": "Weather?",
          "llm.output_messages.0.message.role": "assistant",
          "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
          "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
          "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city":"Paris"}',
        },
      },
      {
        id: "tool",
        parent: "agent",
        at: 3,
        attributes: {
          "openinference.span.kind": "TOOL",
          "tool.name": "weather",
          "tool_call.id": "c1",
          "input.value": '{"city":"Paris"}',
          "output.value": "rain",
        },
      },
      {
        id: "two",
        parent: "agent",
        at: 5,
        attributes: {
          "openinference.span.kind": "LLM",
          "llm.model_name": "m",
          "llm.provider": "p",
          "llm.token_count.prompt": 20,
          "llm.token_count.completion": 3,
          "llm.input_messages.0.message.role": "user",
          "llm.input_messages.0.message.content": "Weather?",
          "llm.input_messages.1.message.role": "assistant",
          "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
          "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "weather",
          "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": '{"city":"Paris"}',
          "llm.input_messages.2.message.role": "tool",
          "llm.input_messages.2.message.content": "rain",
          "llm.input_messages.2.message.tool_call_id": "c1",
          "llm.output_messages.0.message.role": "assistant",
          "llm.output_messages.0.message.content": "Rain.",
        },
      },
    ],
  },
  {
    name: "AI SDK",
    spans: [
      {
        ...AGENT,
        attributes: {
          "ai.operationId": "ai.generateText",
          "ai.telemetry.functionId": "helper",
          // The sum of the requests below.
          "ai.usage.promptTokens": 30,
          "ai.usage.completionTokens": 5,
        },
      },
      {
        id: "one",
        parent: "agent",
        at: 1,
        attributes: {
          "ai.operationId": "ai.generateText.doGenerate",
          "ai.model.id": "m",
          "ai.model.provider": "p",
          "ai.usage.promptTokens": 10,
          "ai.usage.completionTokens": 2,
          "ai.prompt.messages": '[{"role":"user","content":[{"type":"text","text":"Weather?"}]}]',
          "ai.response.toolCalls":
            '[{"toolCallId":"c1","toolName":"weather","input":"{\\"city\\":\\"Paris\\"}"}]',
        },
      },
      {
        id: "tool",
        parent: "agent",
        at: 3,
        attributes: {
          "ai.operationId": "ai.toolCall",
          "ai.toolCall.name": "weather",
          "ai.toolCall.id": "c1",
          "ai.toolCall.args": '{"city":"Paris"}',
          "ai.toolCall.result": "rain",
        },
      },
      {
        id: "two",
        parent: "agent",
        at: 5,
        attributes: {
          "ai.operationId": "ai.generateText.doGenerate",
          "ai.model.id": "m",
          "ai.model.provider": "p",
          "ai.usage.inputTokens": 20,
          "ai.usage.outputTokens": 3,
          "ai.prompt.messages": JSON.stringify([
            { role: "user", content: [{ type: "text", text: "Weather?" }] },
            {
              role: "assistant",
              content: [
                { type: "tool-call", toolCallId: "c1", toolName: "weather", input: { city: "Paris" } },
              ],
            },
            {
              role: "tool",
              content: [
                {
                  type: "tool-result",
                  toolCallId: "c1",
                  toolName: "weather",
                  output: { type: "text", value: "rain" },
                },
              ],
            },
          ]),
          "ai.response.text": "Rain.",
        },
      },
    ],
  },
  {
    name: "Traceloop",
    spans: [
      { ...AGENT, attributes: { "traceloop.span.kind": "agent", "traceloop.entity.name": "helper" } },
      {
        id: "one",
        parent: "agent",
        at: 1,
        attributes: {
          "gen_ai.system": "p",
          "gen_ai.request.model": "m",
          "gen_ai.usage.prompt_tokens": 10,
          "gen_ai.usage.completion_tokens": 2,
          "gen_ai.prompt.0.role": "user",
          "gen_ai.prompt.0.content": "Weather?",
          "gen_ai.completion.0.role": "assistant",
          "gen_ai.completion.0.tool_calls.0.id": "c1",
          "gen_ai.completion.0.tool_calls.0.name": "weather",
          "gen_ai.completion.0.tool_calls.0.arguments": '{"city":"Paris"}',
        },
      },
      {
        id: "tool",
        parent: "agent",
        at: 3,
        attributes: {
          "traceloop.span.kind": "tool",
          "traceloop.entity.name": "weather",
          "tool.call_id": "c1",
          "traceloop.entity.input": '{"city":"Paris"}',
          "traceloop.entity.output": "rain",
        },
      },
      {
        id: "two",
        parent: "agent",
        at: 5,
        attributes: {
          "gen_ai.system": "p",
          "gen_ai.request.model": "m",
          "gen_ai.usage.prompt_tokens": 20,
          "gen_ai.usage.completion_tokens": 3,
        },
        events: [
          { name: "gen_ai.user.message", attributes: attributesOf({ content: "Weather?" }) },
          {
            name: "gen_ai.assistant.message",
            attributes: attributesOf({
              tool_calls:
                '[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\\"city\\":\\"Paris\\"}"}}]',
            }),
          },
          { name: "gen_ai.tool.message", attributes: attributesOf({ id: "c1", content: "rain" }) },
          {
            name: "gen_ai.choice",
            attributes: attributesOf({ message: '{"role":"assistant","content":"Rain."}' }),
          },
        ],
      },
    ],
  },
];

describe.each(CONVENTIONS)("spans of $name", ({ spans }) => {
  const graph = graphOfLazily(spans);

  it("become a transcript in which nothing stands twice", () => {
    expect(transcriptOf(graph())).toEqual([
      "user message: Weather?",
      'assistant function_call c1: {"city":"Paris"}',
      "tool function_call_output c1: rain",
      "assistant message: Rain.",
    ]);
  });

  it("become requests with the tokens of the innermost span alone", () => {
    const calls = Object.values(graph().inference_calls);
    expect(
      calls.map(({ model, provider, usage }) => [model, provider, usage?.input_tokens, usage?.output_tokens]),
    ).toEqual([
      ["m", "p", 10, 2],
      ["m", "p", 20, 3],
    ]);
    expect(graph().usage.total).toMatchObject({ input_tokens: 30, output_tokens: 5, total_tokens: 35 });
  });

  it("become a tool call that the model asked for and whose result it saw, in one turn", () => {
    expect(Object.values(graph().tool_calls)).toMatchObject([
      {
        label: "weather",
        kind: { type: "other", name: "weather" },
        requester: { type: "model" },
        model_visible_call_id: "c1",
        input_preview: '{"city":"Paris"}',
        output_preview: "rain",
        execution: { status: "completed" },
        call_item_ids: ["item:2"],
        output_item_ids: ["item:3"],
        caused_by: { model_visible_call_id: "c1" },
        visibility: { seen_by_model: true },
      },
    ]);
    expect(Object.values(graph().turns)).toHaveLength(1);
    expect(graph()).toMatchObject({
      status: "completed",
      diagnostics: [],
      host: { name: "host", version: "2" },
    });
  });
});

/** Inside a test, where the file can go away. */
function graphOfLazily(spans: readonly SpanFields[]): () => ReturnType<typeof graphOf> {
  let graph: ReturnType<typeof graphOf> | null = null;
  return () => (graph ??= graphOf(otlp(...spans)));
}
