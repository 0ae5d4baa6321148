/**
 * What a response is called, and which context it ended with, for requests that continue it.
 *
 * Nearly all continue the latest, and a host that sends whole requests never asks: the others are only indexed when one of them
 * is looked for.
 */
import type { JsonObject } from "@rollout-trace/protocol";
import type { ContextNode, Conversation } from "../state/conversation-state.ts";
import { nonEmpty } from "./shape.ts";

/** Some servers have no ids, and write an empty one. */
export function responseIdOf(response: JsonObject): string | null {
  return nonEmpty(response["response_id"]) ?? nonEmpty(response["id"]);
}

/** Where the context of the latest response with this id ended; null for one that the thread does not have. */
export function endOfResponse(conversation: Conversation, responseId: string): ContextNode | null {
  const { responses, ends } = conversation;
  const latest = responses.at(-1);
  if (latest?.draft.response_id === responseId) return latest.responseEnd;
  for (; conversation.indexed < responses.length; conversation.indexed += 1) {
    const { draft, responseEnd = null } = responses[conversation.indexed] ?? {};
    const id = draft?.response_id ?? null;
    if (id !== null && responseEnd !== null) ends.set(id, responseEnd);
  }
  return ends.get(responseId) ?? null;
}
