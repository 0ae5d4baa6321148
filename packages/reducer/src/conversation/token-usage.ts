/** Token counts of responses. */
import { type Dialect, isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { TokenUsage } from "../graph/base.ts";

export const NO_USAGE: TokenUsage = Object.freeze({
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_creation_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
});

/**
 * The usage in a response document: the `usage` of its dialect, or the flat `token_usage` that hosts keep of it. Null when it
 * has none. A response of which nothing says the dialect (null) is of the one that its usage is counted as.
 */
export function tokenUsageOf(response: JsonObject, dialect: Dialect | null): TokenUsage | null {
  const usage = response["token_usage"] ?? response["usage"];
  if (!isJsonObject(usage)) return null;
  const isOfAnthropic = dialect === null ? looksOfAnthropic(usage) : dialect === "anthropic_messages";
  return isOfAnthropic ? ofAnthropic(usage) : ofOpenAi(usage);
}

/** Without a word of the cache both ways of counting are the same. Gateways to several providers give total and details too. */
function looksOfAnthropic(usage: JsonObject): boolean {
  const hasCache = "cache_read_input_tokens" in usage || "cache_creation_input_tokens" in usage;
  return hasCache && OF_OPEN_AI.every((field) => !(field in usage));
}

const OF_OPEN_AI = ["prompt_tokens", "total_tokens", "input_tokens_details", "cached_input_tokens"];

/** The Responses API counts input and output, Chat Completions the same as prompt and completion. */
function ofOpenAi(usage: JsonObject): TokenUsage {
  const input = count(usage["input_tokens"] ?? usage["prompt_tokens"]);
  const output = count(usage["output_tokens"] ?? usage["completion_tokens"]);
  const inputDetails = usage["input_tokens_details"] ?? usage["prompt_tokens_details"];
  const outputDetails = usage["output_tokens_details"] ?? usage["completion_tokens_details"];
  return {
    input_tokens: input,
    cached_input_tokens: count(
      usage["cached_input_tokens"] ??
        member(inputDetails, "cached_tokens") ??
        usage["prompt_cache_hit_tokens"],
    ),
    cache_creation_input_tokens: 0,
    output_tokens: output,
    reasoning_output_tokens: count(
      usage["reasoning_output_tokens"] ?? member(outputDetails, "reasoning_tokens"),
    ),
    total_tokens: countOf(usage["total_tokens"]) ?? input + output,
  };
}

/** What was read from a cache and what was written to one does not count as `input_tokens` there. */
function ofAnthropic(usage: JsonObject): TokenUsage {
  const cached = count(usage["cache_read_input_tokens"]);
  const created = count(usage["cache_creation_input_tokens"]);
  const input = count(usage["input_tokens"]) + cached + created;
  const output = count(usage["output_tokens"]);
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    cache_creation_input_tokens: created,
    output_tokens: output,
    reasoning_output_tokens: 0,
    total_tokens: input + output,
  };
}

/** Usage that more is added to. */
export type UsageSum = { -readonly [Key in keyof TokenUsage]: TokenUsage[Key] };

export function addTo(sum: UsageSum, usage: TokenUsage): void {
  sum.input_tokens += usage.input_tokens;
  sum.cached_input_tokens += usage.cached_input_tokens;
  sum.cache_creation_input_tokens += usage.cache_creation_input_tokens;
  sum.output_tokens += usage.output_tokens;
  sum.reasoning_output_tokens += usage.reasoning_output_tokens;
  sum.total_tokens += usage.total_tokens;
}

export function addUsage(left: TokenUsage, right: TokenUsage): TokenUsage {
  const sum = { ...left };
  addTo(sum, right);
  return sum;
}

function count(value: JsonValue | undefined): number {
  return countOf(value) ?? 0;
}

/** Null for what is no count. */
function countOf(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}
