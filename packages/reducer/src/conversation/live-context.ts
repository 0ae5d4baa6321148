/**
 * The live context of a thread, where it ends and how it moves.
 *
 * A request that goes on from an earlier response says where and no more. The context before it is filled in when something about
 * as long is compared with it; what is much shorter is compared with the index of a path. So contexts that are continued in turn
 * cost what is added to them, and requests between them what they have.
 */
import type { ContextNode, Conversation, TranscriptItem } from "../state/conversation-state.ts";
import { TextMap } from "../state/text-map.ts";
import { pathTo, rootNode } from "./context-tree.ts";
import type { NormalItem } from "./normal-item.ts";
import { ancestorOf, headLengthOf, itemOnPath, placesOf } from "./path-index.ts";

/** Items that are filled in for each that is compared with them, at most; chosen and not measured. */
export const FILLED_FOR_EACH = 4;

export function emptyConversation(): Conversation {
  const root = rootNode();
  return {
    before: root,
    live: [],
    seenAs: [],
    nodes: [],
    root,
    seenArray: null,
    longestArray: 0,
    replacedSeq: 0,
    headLength: 0,
    lookahead: 0,
    lastRequest: root,
    left: [],
    shrunk: [],
    byProviderId: new TextMap(),
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

export function itemAt({ before, live }: Conversation, position: number): TranscriptItem | undefined {
  const at = position - before.depth;
  return at < 0 ? itemOnPath(before, position) : live[at];
}

/** The latest sighting of what is at a position of the live context; null where that is not known. */
export function seenAt({ before, seenAs }: Conversation, position: number): NormalItem | null {
  const at = position - before.depth;
  return (at < 0 ? itemOnPath(before, position)?.normal : seenAs[at]) ?? null;
}

/** Where an item is in the live context; null for one that is not in it. */
export function positionOf({ before, live }: Conversation, item: TranscriptItem): number | null {
  const { position } = item;
  if (position < 0) return null;
  if (live[position - before.depth] === item) return position;
  if (before.parent === null) return null;
  const node = placesOf(before, item).get(0);
  return node === undefined ? null : node.depth - 1;
}

/** How many items at the beginning of the live context are instructions that stand beside the history. */
export function headLength(conversation: Conversation): number {
  const { before, seenAs } = conversation;
  let length = before.parent === null ? conversation.headLength : headLengthOf(before);
  if (length < before.depth) return length;
  while (seenAs[length - before.depth]?.isHead === true) length += 1;
  if (before.parent === null) conversation.headLength = length;
  return length;
}

/** Takes note of the latest sighting of what is at a position of the live context, as far as that is filled in. */
export function seeAt(conversation: Conversation, position: number, normal: NormalItem): void {
  const { before, seenAs } = conversation;
  const at = position - before.depth;
  if (at < 0) return;
  seenAs[at] = normal;
  forgetArray(conversation, position);
  if (!normal.isHead) conversation.headLength = Math.min(conversation.headLength, position);
}

/** The live context has only its first `length` items as the last request had them. */
function forgetArray(conversation: Conversation, length: number): void {
  const end = conversation.seenArray?.ends.at(-1) ?? 0;
  if (end > length) conversation.seenArray = null;
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
export function nodeOnPath(conversation: Conversation, length: number): ContextNode | undefined {
  const { before } = conversation;
  return length < before.depth ? ancestorOf(before, length) : nodeAt(conversation, length);
}

/** The same, as far as the context is filled in. */
function nodeAt({ before, nodes }: Conversation, length: number): ContextNode | undefined {
  return length === before.depth ? before : nodes[length - before.depth - 1];
}

/** Where the live context ends. */
export function endOf({ before, nodes }: Conversation): ContextNode {
  return nodes.at(-1) ?? before;
}

/** Leaves the first `length` items of the live context. */
export function cutTo(conversation: Conversation, length: number): void {
  const { before, live, seenAs, nodes } = conversation;
  const own = length - before.depth;
  if (own < 0) {
    rewindTo(conversation, ancestorOf(before, length));
    return;
  }
  forgetArray(conversation, length);
  // Most requests cut nothing off, and to set a length costs something even so.
  if (live.length > own) live.length = own;
  if (seenAs.length > own) seenAs.length = own;
  if (nodes.length > own) nodes.length = own;
  conversation.headLength = Math.min(conversation.headLength, length);
}

/**
 * Makes the context that ended at `node` the live one, which costs nothing. What followed it is found again, when a request is sent
 * again, where the tree goes on.
 */
export function rewindTo(conversation: Conversation, node: ContextNode): void {
  if (nodeAt(conversation, node.depth) === node) {
    cutTo(conversation, node.depth);
    return;
  }
  conversation.seenArray = null;
  conversation.before = node;
  conversation.live = [];
  conversation.seenAs = [];
  conversation.nodes = [];
  conversation.headLength = 0;
}

/** Fills in the live context for what has about `length` items, unless that is much less than what there is to fill in. */
export function fillIn(conversation: Conversation, length: number): void {
  const { before, root } = conversation;
  if (before === root || before.depth > FILLED_FOR_EACH * length) return;
  const nodes = pathTo(before);
  const items = nodes.map(({ item }) => item as TranscriptItem);
  for (const [index, item] of items.entries()) item.position = index;
  conversation.live = items.concat(conversation.live);
  conversation.seenAs = items.map<NormalItem | null>(({ normal }) => normal).concat(conversation.seenAs);
  conversation.nodes = nodes.concat(conversation.nodes);
  conversation.before = root;
}
