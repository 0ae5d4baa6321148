/**
 * Contexts that a thread has left for side requests and comes back to.
 *
 * A request may come back in other words: with another date in its instructions, with its oldest messages left out. So it is compared
 * with the context that it has most of, as if there had been nothing in between.
 */
import type { ContextNode, Conversation, LeftContext, TranscriptItem } from "../state/conversation-state.ts";
import type { Reading } from "./elements.ts";
import { identityOf } from "./identity.ts";
import {
  contextLength,
  endOf,
  FILLED_FOR_EACH,
  fillIn,
  nodeOnPath,
  positionOf,
  rewindTo,
} from "./live-context.ts";
import type { NormalItem } from "./normal-item.ts";
import { forgiveSideRequestsSince } from "./side-requests.ts";

/** Contexts that are left for each other before one is come back to. */
const LEFT_CONTEXTS = 8;

/** Items of all these contexts that are looked at for each of a request, at most. */
const LOOKS_FOR_EACH = 40;

/** Takes note of the live context where a request, which begins with `kept` items of it, has less than half of it. */
export function noteLeaving(
  conversation: Conversation,
  { kept, tail }: { readonly kept: number; readonly tail: readonly TranscriptItem[] },
): void {
  const length = contextLength(conversation);
  if (2 * kept >= length) return;
  let known = kept;
  for (const item of tail) if (positionOf(conversation, item) !== null) known += 1;
  if (2 * known < length) leave(conversation);
}

function leave(conversation: Conversation): void {
  const { left, lastRequest } = conversation;
  conversation.left = [...left, { end: endOf(conversation), lastRequest }].slice(-LEFT_CONTEXTS);
}

/**
 * Makes that context live which was left and of which a request has most, where that is more than it has of the live one, and half of
 * the request or of the context.
 */
export function comeBack(conversation: Conversation, { kept, rest }: Reading): void {
  const { left } = conversation;
  if (left.length === 0 || rest.length <= kept) return;
  const search = new Search(rest, { start: nodeOnPath(conversation, kept), length: kept + rest.length });
  let { count: most } = search.itemsOf(endOf(conversation));
  let best: { readonly context: LeftContext; readonly end: ContextNode } | null = null;
  for (const context of left.toReversed()) {
    const end = search.continued(context.end, conversation.replacedSeq);
    const { count, isWhole } = search.itemsOf(end);
    if (!isWhole || count <= most || 2 * count < Math.min(rest.length, end.depth - kept)) continue;
    most = count;
    best = { context, end };
  }
  if (best === null) return;
  const { context, end } = best;
  leave(conversation);
  conversation.left = conversation.left.filter((each) => each !== context);
  rewindTo(conversation, end);
  fillIn(conversation, kept + rest.length);
  conversation.lastRequest = context.lastRequest;
  forgiveSideRequestsSince(conversation, context.lastRequest);
}

interface Sought {
  /** Where what is not at its place in the live context begins. */
  readonly start: ContextNode | undefined;
  /** Items of the whole request. */
  readonly length: number;
}

/** Looks through contexts for what a request has, as far as that is not at its place in the live one. */
class Search {
  /** How often the request has each. */
  readonly #identities: ReadonlyMap<string, number>;
  readonly #ids: ReadonlySet<string | null>;
  readonly #sought: Sought;
  /** How many items may still be looked at: what is much longer than a request is not what it goes on from. */
  #looks: number;

  constructor(rest: readonly NormalItem[], sought: Sought) {
    const identities = new Map<string, number>();
    for (const identity of rest.map(identityOf))
      identities.set(identity, (identities.get(identity) ?? 0) + 1);
    this.#identities = identities;
    this.#ids = new Set(rest.map(({ providerItemId }) => providerItemId));
    this.#sought = sought;
    this.#looks = LOOKS_FOR_EACH * sought.length;
  }

  /** How many items of a context the request has, from `start` on. It is whole if it goes on from there and is not too long. */
  itemsOf(end: ContextNode): { readonly count: number; readonly isWhole: boolean } {
    const { start, length } = this.#sought;
    const most = Math.min(this.#looks, FILLED_FOR_EACH * length);
    const missing = new Map(this.#identities);
    let count = 0;
    let looks = 0;
    let at = end;
    for (; at !== start && at.item !== null && at.parent !== null && looks < most; at = at.parent) {
      looks += 1;
      const identity = identityOf(at.item.normal);
      const times = missing.get(identity) ?? 0;
      const { provider_item_id: id } = at.item.draft;
      if (times === 0 && (id === null || !this.#ids.has(id))) continue;
      if (times > 0) missing.set(identity, times - 1);
      count += 1;
    }
    this.#looks -= looks;
    return { count, isWhole: at === start };
  }

  /** The same context with what came after it was left: the response to its last request. None of before a compaction. */
  continued(end: ContextNode, replacedSeq: number): ContextNode {
    let at = end;
    for (let next = at.latest; next !== null && (next.item?.madeSeq ?? 0) >= replacedSeq; next = at.latest) {
      if (this.#looks <= 0) break;
      this.#looks -= 1;
      at = next;
    }
    return at;
  }
}
