/** What a span says of a request to a model: messages, model and tokens, by whichever convention. */
import {
  GEN_AI,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ROLLOUT_TRACE,
} from "@rollout-trace/protocol";
import { itemsOf, textOf } from "../../otlp/messages-to-items.ts";
import { parsed, type SpanAttributes } from "./attributes.ts";
import type { SourceSpan, SourceSpanEvent } from "./source-span.ts";

export interface ModelFacts {
  readonly model: string;
  readonly provider: string;
  readonly responseId: string | null;
  /** Documents of the Responses dialect. */
  readonly request: JsonObject;
  readonly response: JsonObject;
}

export function modelFacts({ attributes, events, name }: SourceSpan): ModelFacts {
  const model =
    attributes.text(
      GEN_AI.requestModel,
      "llm.model_name",
      "ai.model.id",
      "llm.request.model",
      GEN_AI.responseModel,
    ) ??
    (/^chat (?<model>\S+)$/.exec(name)?.groups?.["model"] || "unknown");
  const responseId = attributes.text(GEN_AI.responseId, "ai.response.id", "llm.response.id");
  const usage = usageOf(attributes);
  const details = events.find(
    (event) => event.name === "gen_ai.client.inference.operation.details",
  )?.attributes;
  const instructions = attributes.json(GEN_AI.systemInstructions) ?? details?.json(GEN_AI.systemInstructions);
  // An export of a recording says where the instructions stood; elsewhere they are the first thing that the model sees.
  const standBeside = attributes.text(ROLLOUT_TRACE.dialect) === "openai_responses";
  const system = standBeside ? [] : itemsOf(asMessage(instructions), "system");
  return {
    model,
    provider:
      attributes.text(
        GEN_AI.providerName,
        "gen_ai.system",
        "llm.provider",
        "llm.system",
        "ai.model.provider",
      ) ?? "unknown",
    responseId,
    request: {
      model,
      ...(standBeside && instructions !== undefined ? { instructions: textOf(instructions) } : {}),
      input: [...system, ...inputItems(attributes, events, details)],
    },
    response: {
      ...(responseId === null ? {} : { id: responseId }),
      model: attributes.text(GEN_AI.responseModel, "ai.response.model") ?? model,
      output: [...outputItems(attributes, events, details)],
      ...(usage === null ? {} : { usage }),
    },
  };
}

function inputItems(
  attributes: SpanAttributes,
  events: readonly SourceSpanEvent[],
  details: SpanAttributes | undefined,
): readonly JsonObject[] {
  const candidates = [
    () => attributes.json(GEN_AI.inputMessages) ?? details?.json(GEN_AI.inputMessages),
    () => attributes.json("ai.prompt.messages"),
    () => attributes.list("llm.input_messages") ?? undefined,
    () => attributes.list("gen_ai.prompt") ?? attributes.json("gen_ai.prompt"),
    () => promptOf(attributes.json("ai.prompt")),
    () => messageEvents(events),
    () =>
      promptOf(
        attributes.json("input.value", "traceloop.entity.input", "langfuse.observation.input", "input"),
      ),
  ];
  return firstItems(candidates, "user");
}

function outputItems(
  attributes: SpanAttributes,
  events: readonly SourceSpanEvent[],
  details: SpanAttributes | undefined,
): readonly JsonObject[] {
  const candidates = [
    () => attributes.json(GEN_AI.outputMessages) ?? details?.json(GEN_AI.outputMessages),
    () => aiSdkResponse(attributes),
    () => attributes.list("llm.output_messages") ?? undefined,
    () => attributes.list("gen_ai.completion") ?? answerOf(attributes.json("gen_ai.completion")),
    () => choiceEvents(events),
    () =>
      answerOf(
        attributes.json("output.value", "traceloop.entity.output", "langfuse.observation.output", "output"),
      ),
  ];
  return firstItems(candidates, "assistant");
}

function firstItems(
  candidates: readonly (() => JsonValue | undefined)[],
  role: string,
): readonly JsonObject[] {
  for (const candidate of candidates) {
    const items = itemsOf(candidate(), role);
    if (items.length > 0) return items;
  }
  return [];
}

/** Instructions are a list of parts, a text, or messages. */
function asMessage(instructions: JsonValue | undefined): JsonValue | undefined {
  if (!Array.isArray(instructions)) return instructions;
  const isParts = (instructions as readonly JsonValue[]).every(
    (part) => isJsonObject(part) && !("role" in part),
  );
  return isParts ? { role: "system", parts: instructions } : instructions;
}

/** A request as a client made it, or what a framework was asked. */
function promptOf(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const asked = value["messages"] ?? value["input"] ?? value["prompt"] ?? value["contents"];
  if (asked === undefined) return "role" in value || "parts" in value ? value : undefined;
  const system = value["system"] ?? value["instructions"];
  const rest = typeof asked === "string" ? [{ role: "user", content: asked }] : asked;
  return typeof system === "string" && Array.isArray(rest)
    ? [{ role: "system", content: system }, ...(rest as readonly JsonValue[])]
    : rest;
}

/** A response as a client got it. */
function answerOf(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const { choices, output, text } = value;
  if (Array.isArray(choices) || Array.isArray(output)) return choices ?? output;
  return typeof text === "string" ? text : value;
}

function aiSdkResponse(attributes: SpanAttributes): JsonValue | undefined {
  const text = attributes.first("ai.response.text", "ai.response.object");
  const reasoning = attributes.text("ai.response.reasoning");
  const calls = attributes.json("ai.response.toolCalls");
  const parts: JsonValue[] = [
    ...(reasoning === null ? [] : [{ type: "reasoning", text: reasoning }]),
    ...(text === undefined ? [] : [{ type: "text", text: textOf(text) }]),
    ...(Array.isArray(calls) ? (calls as readonly JsonValue[]).flatMap(toolCallPart) : []),
  ];
  return parts.length === 0 ? undefined : [{ role: "assistant", content: parts }];
}

function toolCallPart(call: JsonValue): readonly JsonObject[] {
  return isJsonObject(call) ? [{ ...call, type: "tool-call" }] : [];
}

/** Older conventions put each message into an event of its own: `gen_ai.user.message`. */
function messageEvents(events: readonly SourceSpanEvent[]): JsonValue | undefined {
  const messages = events.flatMap(({ name, attributes }): readonly JsonValue[] => {
    const [, role] = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(name) ?? [];
    if (role !== undefined) return [eventMessage(attributes, role)];
    const prompt = name === "gen_ai.content.prompt" ? attributes.json("gen_ai.prompt") : undefined;
    return prompt === undefined ? [] : [prompt];
  });
  return messages.length === 0 ? undefined : messages.flat();
}

function choiceEvents(events: readonly SourceSpanEvent[]): JsonValue | undefined {
  const answers = events.flatMap(({ name, attributes }): readonly JsonValue[] => {
    if (name === "gen_ai.choice")
      return [attributes.json("message") ?? eventMessage(attributes, "assistant")];
    const completion =
      name === "gen_ai.content.completion" ? attributes.json("gen_ai.completion") : undefined;
    return completion === undefined ? [] : [completion];
  });
  return answers.length === 0 ? undefined : answers.flat();
}

function eventMessage(attributes: SpanAttributes, role: string): JsonObject {
  const id = attributes.text("id");
  const calls = attributes.json("tool_calls");
  return {
    role: attributes.text("role") ?? role,
    content: parsed(attributes.get("content")) ?? null,
    ...(role === "tool" && id !== null ? { tool_call_id: id } : {}),
    ...(calls === undefined ? {} : { tool_calls: calls }),
  };
}

/** Tokens as a response of the Responses dialect counts them; null where nothing is said. */
function usageOf(attributes: SpanAttributes): JsonObject | null {
  const input = attributes.count(
    GEN_AI.inputTokens,
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
  );
  const output = attributes.count(
    GEN_AI.outputTokens,
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
  );
  if (input === null && output === null) return null;
  const total = attributes.count("llm.token_count.total", "llm.usage.total_tokens", "ai.usage.totalTokens");
  const cached = attributes.count(
    GEN_AI.cacheReadTokens,
    "gen_ai.usage.input_tokens.cached",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.cachedInputTokens",
  );
  const reasoning = attributes.count(
    GEN_AI.reasoningTokens,
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
  );
  return {
    input_tokens: input ?? 0,
    output_tokens: output ?? 0,
    ...(total === null ? {} : { total_tokens: total }),
    ...(cached === null ? {} : { input_tokens_details: { cached_tokens: cached } }),
    ...(reasoning === null ? {} : { output_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
