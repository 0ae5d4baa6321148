/** What a span says of a model's response: its model and its tokens, whatever the dialect. Content stays out. */
import type { Attributes } from "@opentelemetry/api";
import { type Dialect, GEN_AI } from "@rollout-trace/protocol";

/** Attributes of a response as the host gave it. Throws what reading it throws. */
export function responseFacts(response: unknown, dialect: Dialect | null): Attributes {
  const facts: Attributes = {};
  const model = member(response, "model");
  if (typeof model === "string") facts[GEN_AI.responseModel] = model;
  const usage = member(response, "token_usage") ?? member(response, "usage");
  const isAnthropic = dialect === "anthropic_messages";
  const cacheRead = isAnthropic
    ? count(member(usage, "cache_read_input_tokens"))
    : (count(member(usage, "cached_input_tokens")) ??
      count(member(inputDetails(usage), "cached_tokens")) ??
      count(member(usage, "prompt_cache_hit_tokens")));
  const cacheWrite = isAnthropic ? count(member(usage, "cache_creation_input_tokens")) : undefined;
  const input = count(member(usage, "input_tokens") ?? member(usage, "prompt_tokens"));
  const output = count(member(usage, "output_tokens") ?? member(usage, "completion_tokens"));
  const reasoning =
    count(member(usage, "reasoning_output_tokens")) ??
    count(member(outputDetails(usage), "reasoning_tokens"));
  // The conventions count what came from a cache as input; Anthropic's API counts it beside.
  const allInput = isAnthropic && input !== undefined ? input + (cacheRead ?? 0) + (cacheWrite ?? 0) : input;
  for (const [name, tokens] of [
    [GEN_AI.inputTokens, allInput],
    [GEN_AI.outputTokens, output],
    [GEN_AI.cacheReadTokens, cacheRead],
    [GEN_AI.cacheWriteTokens, cacheWrite],
    [GEN_AI.reasoningTokens, reasoning],
  ] as const) {
    if (tokens !== undefined) facts[name] = tokens;
  }
  return facts;
}

function inputDetails(usage: unknown): unknown {
  return member(usage, "input_tokens_details") ?? member(usage, "prompt_tokens_details");
}

function outputDetails(usage: unknown): unknown {
  return member(usage, "output_tokens_details") ?? member(usage, "completion_tokens_details");
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
