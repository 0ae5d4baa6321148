/** What the tests ask a model, and what it answers. */
import type { InferenceTrace, TurnTrace } from "@rollout-trace/trace";

export const KIND = { type: "other", name: "lookup" } as const;
export const IDS = { rolloutId: "r", rootThread: { threadId: "t" } } as const;

export function ask(turn: TurnTrace, options: { readonly inferenceCallId?: string } = {}): InferenceTrace {
  return turn.startInference({
    model: "m-1",
    provider: "openai",
    dialect: "openai_responses",
    request: () => ({
      model: "m-1",
      input: [{ type: "message", role: "user", content: "hello sk-ant-REDACT" }],
    }),
    ...options,
  });
}

export const RESPONSE = {
  id: "resp_1",
  model: "m-1-2026",
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "hi" }] }],
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 3,
    output_tokens_details: { reasoning_tokens: 1 },
    total_tokens: 13,
  },
};
