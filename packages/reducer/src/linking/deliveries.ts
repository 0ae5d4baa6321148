/**
 * Finds, for what one agent sent another, the conversation item in which it arrived.
 *
 * The item is recognised by its thread, its author and its content. A message between agents may be wrapped in a header, and
 * its text may travel as an encoded part, so an item is known by several contents; the sender knows only what it sent.
 */
import { isOutput, plainText } from "../conversation/normal-item.ts";
import { textKey } from "../conversation/text-key.ts";
import { appended } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { EdgeState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { offer, shelve, take, takeSince } from "../state/queues.ts";
import type { ThreadState } from "../state/thread-state.ts";
import { addProducer } from "./producers.ts";

export interface Delivery {
  readonly recipient: ThreadState;
  /** The sender's agent path. */
  readonly author: string;
  readonly message: string;
  /** An item that was seen before this is not the delivery. */
  readonly sentSeq: number;
  /** For a result: the thread that it is of. */
  readonly childId?: string | undefined;
}

/** Links an edge to the item that carries its message, now or when that item shows up. */
export function expectMessage(reduction: Reduction, edge: EdgeState, delivery: Delivery): void {
  const { recipient, author, message, sentSeq, childId } = delivery;
  sortMessages(recipient);
  const keys = [keyOf(author, message), keyOf(null, message)];
  if (childId !== undefined) keys.push(outputKeyOf(childId, message), outputKeyOf(null, message));
  for (const key of keys) {
    const item = takeSince(recipient.possibleMessages, key, sentSeq);
    if (item === undefined) continue;
    deliver(reduction, edge, item);
    return;
  }
  for (const key of keys) offer(recipient.expectedMessages, key, edge);
}

/** Links an item that has just been created to the oldest edge that waits for it, or keeps it for one that will. */
export function offerMessage(reduction: Reduction, item: TranscriptItem, thread: ThreadState): void {
  const { agentMessage, role, kind } = item.normal;
  const isMessage = kind === "message" && (agentMessage !== null || role === "user");
  if (!isMessage && !(thread.spawns !== undefined && isAnswer(item))) return;
  const keys = thread.expectedMessages.size === 0 ? [] : keysOf(item);
  for (const key of keys) {
    const next = () => take(thread.expectedMessages, key);
    for (let edge = next(); edge !== undefined; edge = next()) {
      if (edge.draft.target !== null) continue;
      deliver(reduction, edge, item);
      return;
    }
  }
  thread.unsortedMessages.push(item);
}

/** Puts the items that look like a message under what they look like. Most threads are sent none, and never ask. */
function sortMessages({ unsortedMessages, possibleMessages }: ThreadState): void {
  for (const item of unsortedMessages) {
    for (const key of keysOf(item)) shelve(possibleMessages, key, item);
  }
  unsortedMessages.length = 0;
}

/**
 * Whether an item may be an agent's answer that a call returned: the call that started the agent, or one that waited for it. What
 * else says the same, says it by chance.
 */
function isAnswer(item: TranscriptItem): boolean {
  if (!isOutput(item.normal)) return false;
  const call = item.slot?.toolCall ?? null;
  if (call === null) return true;
  const { type } = call.draft.kind;
  return call.interaction !== null || type === "spawn_agent" || type === "wait_agent";
}

function keysOf(item: TranscriptItem): readonly string[] {
  const contents = contentsOf(item);
  if (isOutput(item.normal)) {
    // What a call that started an agent returned is that agent's answer and no other's.
    const childId = item.slot?.toolCall?.interaction?.targetThreadId ?? null;
    return contents.map((content) => outputKeyOf(childId, content));
  }
  const author = item.normal.agentMessage?.author ?? null;
  return contents.map((content) => keyOf(author, content));
}

function deliver(reduction: Reduction, edge: EdgeState, item: TranscriptItem): void {
  item.claimed = true;
  edge.draft.target = { type: "conversation_item", id: item.draft.item_id };
  edge.draft.carried_item_ids = appended(edge.draft.carried_item_ids, item.draft.item_id);
  addProducer(item.draft, { type: "interaction_edge", edge_id: edge.draft.edge_id });
  reduction.addOrigin(edge.draft, item);
  reduction.addOrigin(item.draft, edge);
}

/** Hosts put `Message Type: …` and more lines before the message itself. */
const HEADER = /^Message Type: [^\n]*\n(?:[^\n]*\n)*?Payload:\n/;

/** Long enough for any header; the pattern is not run over a whole message. */
const HEADER_CODE_UNITS = 2000;

function contentsOf(item: TranscriptItem): readonly string[] {
  const text = plainText(item.normal.parts);
  const encoded = item.normal.parts.map((part) => (part.type === "encoded" ? part.value : "")).join("");
  const header = HEADER.exec(text.slice(0, HEADER_CODE_UNITS))?.[0] ?? "";
  const payload = text.slice(header.length);
  return [...new Set([text, payload, encoded, payload + encoded])].filter((content) => content !== "");
}

/** `author` is null for an item that does not say who wrote it. */
function keyOf(author: string | null, content: string): string {
  return textKey(JSON.stringify([author, content]));
}

/** For an answer that a tool returns. Other messages do not arrive that way, whatever tools may print. */
function outputKeyOf(childId: string | null, content: string): string {
  return textKey(JSON.stringify([childId, "answers", content]));
}
