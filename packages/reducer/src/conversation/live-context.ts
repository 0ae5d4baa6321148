/**
 * The live context of a thread, where it ends and how it moves.
 *
 * A request that goes on from an earlier response says where and no more. The context before it is filled in when something is
 * compared with it, so that contexts which are continued in turn cost what is added to them.
 */
import type { ContextNode, Conversation, TranscriptItem } from "../state/conversation-state.ts";
import { pathTo, rootNode } from "./context-tree.ts";
import type { NormalItem } from "./normal-item.ts";

export function emptyConversation(): Conversation {
  const root = rootNode();
  return {
    before: root,
    live: [],
    seenAs: [],
    nodes: [],
    root,
    longestArray: 0,
    replacedSeq: 0,
    lastRequestLength: 0,
    byProviderId: new Map(),
    responses: [],
    ends: new Map(),
    indexed: 0,
    acceptedUnseen: new Map(),
    outsideIds: new Set(),
    hasRequests: false,
  };
}

export function contextLength({ before, live }: Conversation): number {
  return before.depth + live.length;
}

/** How many items at the beginning of the live context, which is filled in, are instructions that stand beside the history. */
export function headLength({ seenAs }: Conversation): number {
  let length = 0;
  while (seenAs[length]?.isHead === true) length += 1;
  return length;
}

export function append(
  conversation: Conversation,
  item: TranscriptItem,
  normal: NormalItem | undefined,
): void {
  item.position = contextLength(conversation);
  conversation.live.push(item);
  conversation.seenAs.push(normal ?? null);
}

/** The node of the first `length` items of the live context, where it is known. */
export function nodeAt({ before, nodes }: Conversation, length: number): ContextNode | undefined {
  return length === before.depth ? before : nodes[length - before.depth - 1];
}

/**
 * Makes the context that ended at `node` the live one, which costs nothing. What followed it, where it was live already, is left
 * for a request that is sent again.
 */
export function rewindTo(conversation: Conversation, node: ContextNode): void {
  if (nodeAt(conversation, node.depth) === node) return;
  conversation.before = node;
  conversation.live = [];
  conversation.seenAs = [];
  conversation.nodes = [];
}

/** Makes all of the live context stand in `live`. Free when it does. */
export function fillIn(conversation: Conversation): void {
  const { before, root } = conversation;
  if (before === root) return;
  const nodes = pathTo(before);
  const items = nodes.map(({ item }) => item as TranscriptItem);
  for (const [index, item] of items.entries()) item.position = index;
  conversation.live = items.concat(conversation.live);
  conversation.seenAs = items.map<NormalItem | null>(({ normal }) => normal).concat(conversation.seenAs);
  conversation.nodes = nodes.concat(conversation.nodes);
  conversation.before = root;
}
