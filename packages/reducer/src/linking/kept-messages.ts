/**
 * What a compaction keeps of the messages that were in the history which it replaces.
 *
 * Its replacement is made of new items. One that says again what was in the history is not the delivery of another message; but a
 * message may also arrive while the history is compacted, and show in the replacement first.
 */
import type { ConversationItem } from "../graph/conversation.ts";
import { headLength } from "../conversation/live-context.ts";
import { textKey } from "../conversation/text-key.ts";
import type { Draft, Moment } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import type { ThreadState } from "../state/thread-state.ts";

/** How many messages of the history may still be kept, by what they say; of the compaction that is being installed. */
type Keepable = Map<string, number>;

/** All items of a replacement are made while one event is applied. */
const keepable = new WeakMap<Moment, Keepable>();

/** Whether an item of a compaction's replacement is a message that the history did not have. */
export function isNewMessage(
  reduction: Reduction,
  { draft }: TranscriptItem,
  { thread, compactionId }: { readonly thread: ThreadState; readonly compactionId: string },
): boolean {
  // What names nobody is the host's own: the summary.
  if (draft.agent_message === null) return false;
  const { moment } = reduction;
  let messages = keepable.get(moment);
  if (messages === undefined)
    keepable.set(moment, (messages = messagesBefore(reduction, thread, compactionId)));
  const key = keyOf(draft);
  const left = messages.get(key) ?? 0;
  messages.set(key, left - 1);
  return left <= 0;
}

function messagesBefore({ state }: Reduction, { conversation }: ThreadState, compactionId: string): Keepable {
  const found = state.compactions.byId.get(compactionId)?.draft.input_item_ids ?? [];
  // Instructions outlast the compaction, and are no part of what it replaces.
  const from = Math.max(0, headLength(conversation) - conversation.before.depth);
  const items = new Set(conversation.live.slice(from).map(({ draft }) => draft));
  for (const id of found) {
    const item = state.items[Number(id.slice("item:".length)) - 1];
    if (item !== undefined) items.add(item);
  }
  const messages: Keepable = new Map();
  for (const item of items) {
    if (item.agent_message === null) continue;
    const key = keyOf(item);
    messages.set(key, (messages.get(key) ?? 0) + 1);
  }
  return messages;
}

function keyOf({ agent_message, body }: Draft<ConversationItem>): string {
  const contents = body.parts.map((part) => {
    if (part.type === "text") return part.text;
    return part.type === "encoded" ? part.value : null;
  });
  return textKey(JSON.stringify([agent_message?.author, contents]));
}
