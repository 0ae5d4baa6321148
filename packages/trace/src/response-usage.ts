/** What a model's response says of its tokens, whatever the dialect. */
import type { Dialect } from "@rollout-trace/protocol";

/** Tokens of a response. What it does not say, or says as no whole number, is undefined. */
export interface ResponseUsage {
  /** All of them, those that came from a cache or were written to one included. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly reasoning: number | undefined;
}

/**
 * The `usage` of a response's dialect, or the flat `token_usage` that hosts keep of it; null where it has neither. Throws what
 * reading it throws.
 */
export function responseUsage(response: unknown, dialect: Dialect | null): ResponseUsage | null {
  const usage = member(response, "token_usage") ?? member(response, "usage");
  if (typeof usage !== "object" || usage === null || Array.isArray(usage)) return null;
  return dialect === "anthropic_messages" ? ofAnthropic(usage) : ofOpenAi(usage);
}

function ofOpenAi(usage: object): ResponseUsage {
  return {
    input: count(member(usage, "input_tokens") ?? member(usage, "prompt_tokens")),
    output: count(member(usage, "output_tokens") ?? member(usage, "completion_tokens")),
    cacheRead:
      count(member(usage, "cached_input_tokens")) ??
      count(member(inputDetails(usage), "cached_tokens")) ??
      count(member(usage, "prompt_cache_hit_tokens")),
    cacheWrite: undefined,
    reasoning: reasoningOf(usage),
  };
}

/** What came from a cache and what was written to one counts beside `input_tokens` there. */
function ofAnthropic(usage: object): ResponseUsage {
  const cacheRead = count(member(usage, "cache_read_input_tokens"));
  const cacheWrite = count(member(usage, "cache_creation_input_tokens"));
  const input = count(member(usage, "input_tokens"));
  return {
    input: input === undefined ? undefined : input + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output: count(member(usage, "output_tokens")),
    cacheRead,
    cacheWrite,
    reasoning: reasoningOf(usage),
  };
}

function reasoningOf(usage: object): number | undefined {
  const details = member(usage, "output_tokens_details") ?? member(usage, "completion_tokens_details");
  return count(member(usage, "reasoning_output_tokens")) ?? count(member(details, "reasoning_tokens"));
}

function inputDetails(usage: object): unknown {
  return member(usage, "input_tokens_details") ?? member(usage, "prompt_tokens_details");
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
