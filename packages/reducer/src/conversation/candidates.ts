/** The items that a changed part of a request may be sightings of. */
import type { ContextNode, Conversation, TranscriptItem } from "../state/conversation-state.ts";
import { offer, type Queue } from "../state/queues.ts";
import { childLike, childOf } from "./context-tree.ts";
import { identityOf, isSameItem, isSameSort } from "./identity.ts";
import { itemAt, nodeOnPath, positionOf } from "./live-context.ts";
import type { NormalItem } from "./normal-item.ts";
import { firstAfter, placesOf } from "./path-index.ts";
import type { Beside } from "./transcript.ts";

/** How many items that look like an element, and have another id of the provider's or are used, may stand before the one that is it. */
const LOOKS = 8;

/** Items that look alike, in order. */
interface Alike {
  readonly from: number;
  readonly at: (index: number) => TranscriptItem | undefined;
  readonly pass: (index: number) => void;
}

/**
 * Where the elements of a request are looked for, in this order: at their place in the live context, by the provider's item id,
 * elsewhere in the live context, at their place in an earlier context that began with the same items, and further on in that. What
 * is only a reference is looked for by that id first.
 *
 * No context has an item twice. So what follows the items that the request has so far, in a context that begins with them, is none
 * of them.
 */
export class Candidates implements Beside {
  readonly #conversation: Conversation;
  /** How many items of the live context come before the changed part. */
  readonly #kept: number;
  /** What the live context has at the place of the element that was looked for last. */
  insteadOf: TranscriptItem | undefined = undefined;
  /** Items that earlier elements of this request were sightings of; made when there is one. */
  #used: Set<TranscriptItem> | null = null;
  /** Of each identity, the first of its places in the part of the live context that is not filled in which may not be used. */
  #passed: Map<string, number> | null = null;
  /** The rest of what is filled in of the live context, by identity; made when first needed. */
  #rest: Map<string, Queue<TranscriptItem>> | null = null;
  /** The context that the request has been so far; null when there was none like it. Looked up when first needed. */
  #node: ContextNode | null | undefined = undefined;
  /** What followed in the earlier context that the request has left, by identity. */
  #further: Map<string, Queue<TranscriptItem>> | null = null;

  constructor(conversation: Conversation, kept: number) {
    this.#conversation = conversation;
    this.#kept = kept;
  }

  /** The item that an element, the next one of the request, is a sighting of. */
  take(position: number, normal: NormalItem): TranscriptItem | undefined {
    const node = this.#node === undefined ? this.#keptNode() : this.#node;
    this.insteadOf = itemAt(this.#conversation, position);
    const found =
      (normal.isReference ? this.#byProviderId(normal) : undefined) ??
      this.#unused(this.insteadOf, normal) ??
      this.#byProviderId(normal) ??
      this.#onPath(normal) ??
      this.#inRest(normal) ??
      this.#after(node, normal) ??
      this.#furtherOn(node, position, normal);
    this.#node = (node !== null && found !== undefined && childOf(node, found)) || null;
    if (found !== undefined) this.use(found);
    return found;
  }

  has(item: TranscriptItem): boolean {
    return !this.#isFree(item);
  }

  /** Takes note of what an element was a sighting of: no other element of this request is one of that. */
  use(item: TranscriptItem): void {
    (this.#used ??= new Set()).add(item);
  }

  #keptNode(): ContextNode | null {
    const { before, live, nodes } = this.#conversation;
    const known = Math.min(before.depth + nodes.length, this.#kept);
    let node: ContextNode | null = nodeOnPath(this.#conversation, known) ?? null;
    for (let index = known - before.depth; node !== null && index < this.#kept - before.depth; index += 1) {
      node = childOf(node, live[index] as TranscriptItem) ?? null;
    }
    return node;
  }

  #after(node: ContextNode | null, normal: NormalItem): TranscriptItem | undefined {
    if (node === null || node.latest === null) return undefined;
    const item = childLike(node, normal)?.item ?? undefined;
    return item !== undefined && this.#isCurrent(item) ? this.#unused(item, normal) : undefined;
  }

  #byProviderId(normal: NormalItem): TranscriptItem | undefined {
    if (normal.providerItemId === null) return undefined;
    const item = this.#conversation.byProviderId.get(normal.providerItemId);
    return item !== undefined && this.#isFree(item) && isSameSort(item.normal, normal) ? item : undefined;
  }

  #onPath(normal: NormalItem): TranscriptItem | undefined {
    const { before } = this.#conversation;
    if (before.depth <= this.#kept) return undefined;
    const identity = identityOf(normal);
    const places = placesOf(before, identity);
    const passed = (this.#passed ??= new Map<string, number>());
    const from = passed.get(identity) ?? firstAfter(places, this.#kept);
    return this.#firstOf(normal, {
      from,
      at: (index) => places.get(index)?.item ?? undefined,
      pass: (index) => passed.set(identity, index),
    });
  }

  #inRest(normal: NormalItem): TranscriptItem | undefined {
    const { before, live } = this.#conversation;
    const length = Math.max(this.#kept - before.depth, 0);
    if (live.length === length) return undefined;
    return this.#takeFrom((this.#rest ??= byIdentity(this.#lookedThrough(live, length))), normal);
  }

  #furtherOn(node: ContextNode | null, position: number, normal: NormalItem): TranscriptItem | undefined {
    if (this.#further === null) {
      // What follows in the live context has been looked through.
      if (node === null || node === nodeOnPath(this.#conversation, position)) return undefined;
      this.#further = byIdentity(this.#following(node));
    }
    return this.#takeFrom(this.#further, normal);
  }

  #lookedThrough(items: readonly TranscriptItem[], from: number): readonly TranscriptItem[] {
    const conversation = this.#conversation;
    const end = Math.min(items.length, from + conversation.lookahead);
    conversation.lookahead -= end - from;
    return items.slice(from, end);
  }

  /** What followed a context when it last was a thread's. */
  #following(node: ContextNode): readonly TranscriptItem[] {
    const items: TranscriptItem[] = [];
    const conversation = this.#conversation;
    for (let at = node.latest; at !== null && conversation.lookahead > 0; at = at.latest) {
      conversation.lookahead -= 1;
      if (at.item !== null && this.#isCurrent(at.item)) items.push(at.item);
    }
    return items;
  }

  #takeFrom(queues: Map<string, Queue<TranscriptItem>>, normal: NormalItem): TranscriptItem | undefined {
    const queue = queues.get(identityOf(normal));
    if (queue === undefined) return undefined;
    return this.#firstOf(normal, {
      from: queue.head,
      at: (index) => queue.entries[index],
      pass: (index) => (queue.head = index),
    });
  }

  /** The first of items that look like an element and is one of it. Used ones at the front are passed for good. */
  #firstOf(normal: NormalItem, { from, at, pass }: Alike): TranscriptItem | undefined {
    let first = from;
    for (let item = at(first); item !== undefined && this.#used?.has(item) === true; item = at(first))
      first += 1;
    pass(first);
    for (let index = first; index < first + LOOKS; index += 1) {
      const found = this.#unused(at(index), normal);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #unused(item: TranscriptItem | undefined, normal: NormalItem): TranscriptItem | undefined {
    if (item === undefined || this.#used?.has(item) === true) return undefined;
    return isSameItem(item.normal, item.draft.provider_item_id, normal) ? item : undefined;
  }

  /** A compaction replaces the history: what was said before it is only known by the provider's ids. */
  #isCurrent({ normal, madeSeq }: TranscriptItem): boolean {
    return normal.isHead || madeSeq >= this.#conversation.replacedSeq;
  }

  /** Not in the kept part and not used by an earlier element of this request. */
  #isFree(item: TranscriptItem): boolean {
    if (this.#used?.has(item) === true) return false;
    const position = positionOf(this.#conversation, item);
    return position === null || position >= this.#kept;
  }
}

export function byIdentity(items: readonly TranscriptItem[]): Map<string, Queue<TranscriptItem>> {
  const index = new Map<string, Queue<TranscriptItem>>();
  for (const item of items) offer(index, identityOf(item.normal), item);
  return index;
}
