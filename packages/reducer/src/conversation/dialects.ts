/** The wire formats that can be read: a format without a reader does not compile. */
import type { Dialect } from "@rollout-trace/protocol";
import { anthropicMessages } from "./anthropic-messages.ts";
import type { DialectReader } from "./dialect.ts";
import { openAiChat } from "./openai-chat.ts";
import { openAiResponses } from "./openai-responses.ts";

export const DIALECT_READERS: { readonly [Each in Dialect]: DialectReader } = {
  openai_responses: openAiResponses,
  openai_chat: openAiChat,
  anthropic_messages: anthropicMessages,
};
