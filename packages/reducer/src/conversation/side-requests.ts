/**
 * Requests that left out something of the one before them although nothing was compacted.
 *
 * A host that asks for a title between two requests of a conversation has not forgotten anything: when a later request goes on from
 * the one before, what came between them were side requests.
 */
import type { Conversation, Shrinkage } from "../state/conversation-state.ts";
import { nodeOnPath } from "./live-context.ts";

/** Side requests that leave out something of each other, before the conversation goes on. */
const SIDE_REQUESTS = 8;

export function noteShrinkage({ shrunk }: Conversation, shrinkage: Shrinkage): void {
  shrunk.push(shrinkage);
  if (shrunk.length > SIDE_REQUESTS) shrunk.shift();
}

/** Forgives the requests since the one that the live context goes on from. */
export function forgiveSideRequests(conversation: Conversation): void {
  const { shrunk } = conversation;
  const first = shrunk.findIndex(({ from }) => nodeOnPath(conversation, from.depth) === from);
  if (first < 0) return;
  for (const { call } of shrunk.splice(first)) call.dropped = 0;
}
