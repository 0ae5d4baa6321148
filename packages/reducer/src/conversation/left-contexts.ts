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
  const end = endOf(conversation);
  const others = left.filter((context) => context.end !== end);
  conversation.left = [...others, { end, lastRequest }].slice(-LEFT_CONTEXTS);
}

/**
 * Makes that context live which was left and of which a request has most, where that is more than it has of the live one, and half of
 * the request or of the context.
 */
export function comeBack(conversation: Conversation, { kept, rest }: Reading): void {
  if (conversation.left.length === 0 || rest.length <= kept) return;
  const wanted = new Wanted(rest);
  const start = nodeOnPath(conversation, kept);
  let most = wanted.countFrom(conversation, endOf(conversation), start) ?? 0;
  let best: { readonly context: LeftContext; readonly end: ContextNode } | null = null;
  for (const context of conversation.left.toReversed()) {
    const end = continued(conversation, context.end);
    if (end.depth > FILLED_FOR_EACH * (kept + rest.length)) continue;
    const count = wanted.countFrom(conversation, end, start);
    if (count === null || count <= most || 2 * count < Math.min(rest.length, end.depth - kept)) continue;
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

/** The same context, with what came after it was left: the response to its last request. */
function continued(conversation: Conversation, end: ContextNode): ContextNode {
  let at = end;
  for (let next = at.latest; next !== null && isCurrent(conversation, next); next = at.latest) {
    conversation.lookahead -= 1;
    at = next;
  }
  return at;
}

/** Not of before a compaction, which is where the context that follows it may have been too. */
function isCurrent({ replacedSeq, lookahead }: Conversation, { item }: ContextNode): boolean {
  return lookahead > 0 && item !== null && item.madeSeq >= replacedSeq;
}

/** What a request has, as far as that is not at its place in the live context. */
class Wanted {
  readonly #identities: ReadonlySet<string>;
  readonly #ids: ReadonlySet<string | null>;

  constructor(rest: readonly NormalItem[]) {
    this.#identities = new Set(rest.map(identityOf));
    this.#ids = new Set(rest.map(({ providerItemId }) => providerItemId));
  }

  /** How many items of a context are wanted, from `start` on; null for a context that does not go on from there. */
  countFrom(conversation: Conversation, end: ContextNode, start: ContextNode | undefined): number | null {
    let count = 0;
    let at = end;
    for (
      ;
      at !== start && at.item !== null && at.parent !== null && conversation.lookahead > 0;
      at = at.parent
    ) {
      conversation.lookahead -= 1;
      if (this.#has(at.item)) count += 1;
    }
    return at === start ? count : null;
  }

  #has({ normal, draft: { provider_item_id: id } }: TranscriptItem): boolean {
    return (id !== null && this.#ids.has(id)) || this.#identities.has(identityOf(normal));
  }
}
