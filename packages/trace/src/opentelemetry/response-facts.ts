/** What a span says of a model's response: its model and its tokens, whatever the dialect. Content stays out. */
import type { Attributes } from "@opentelemetry/api";
import { type Dialect, GEN_AI } from "@rollout-trace/protocol";
import { member, responseUsage } from "../response-usage.ts";

/** Attributes of a response as the host gave it. Throws what reading it throws. */
export function responseFacts(response: unknown, dialect: Dialect | null): Attributes {
  const facts: Attributes = {};
  const model = member(response, "model");
  if (typeof model === "string") facts[GEN_AI.responseModel] = model;
  const usage = responseUsage(response, dialect);
  for (const [name, tokens] of [
    // The conventions count what came from a cache as input, too.
    [GEN_AI.inputTokens, usage?.input],
    [GEN_AI.outputTokens, usage?.output],
    [GEN_AI.cacheReadTokens, usage?.cacheRead],
    [GEN_AI.cacheWriteTokens, usage?.cacheWrite],
    [GEN_AI.reasoningTokens, usage?.reasoning],
  ] as const) {
    if (tokens !== undefined) facts[name] = tokens;
  }
  return facts;
}
