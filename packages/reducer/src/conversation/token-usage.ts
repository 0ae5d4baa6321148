/** Token counts of responses. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { TokenUsage } from "../graph/base.ts";

export const NO_USAGE: TokenUsage = Object.freeze({
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  total_tokens: 0,
});

/**
 * The usage in a response document: the Responses API's `usage`, or the flat `token_usage` that hosts keep of it. Null when it
 * has none.
 */
export function tokenUsageOf(response: JsonObject): TokenUsage | null {
  const usage = response["token_usage"] ?? response["usage"];
  if (!isJsonObject(usage)) return null;
  const input = count(usage["input_tokens"]);
  const output = count(usage["output_tokens"]);
  return {
    input_tokens: input,
    cached_input_tokens: count(
      usage["cached_input_tokens"] ?? member(usage["input_tokens_details"], "cached_tokens"),
    ),
    output_tokens: output,
    reasoning_output_tokens: count(
      usage["reasoning_output_tokens"] ?? member(usage["output_tokens_details"], "reasoning_tokens"),
    ),
    total_tokens: usage["total_tokens"] === undefined ? input + output : count(usage["total_tokens"]),
  };
}

export function addUsage(left: TokenUsage, right: TokenUsage): TokenUsage {
  return {
    input_tokens: left.input_tokens + right.input_tokens,
    cached_input_tokens: left.cached_input_tokens + right.cached_input_tokens,
    output_tokens: left.output_tokens + right.output_tokens,
    reasoning_output_tokens: left.reasoning_output_tokens + right.reasoning_output_tokens,
    total_tokens: left.total_tokens + right.total_tokens,
  };
}

function count(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}
