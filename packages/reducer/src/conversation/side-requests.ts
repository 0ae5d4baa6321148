/**
 * Requests that left out something of the one before them although nothing was compacted.
 *
 * A host that asks for a title between two requests of a conversation has not forgotten anything: when a later request, or a history
 * that is compacted, goes on from the one before, what came between them were side requests. And a provider may compact by itself:
 * then the request has an element that says so.
 */
import type { ContextNode, Conversation, Shrinkage, TranscriptItem } from "../state/conversation-state.ts";
import { isSameItem } from "./identity.ts";
import { fillIn, nodeOnPath, positionOf, rewindTo } from "./live-context.ts";
import type { NormalItem } from "./normal-item.ts";
import { headLengthOf } from "./path-index.ts";

/** Items of a response that are looked at for a summary, which comes before most of what a model says. */
const SUMMARY_LOOKS = 8;

/** Side requests that leave out something of each other, before the conversation goes on. */
const SIDE_REQUESTS = 8;

/** `longer` is where the request of its conversation ended that it left out something of: the one before it, or before side requests. */
export function noteShrinkage({ shrunk }: Conversation, shrinkage: Shrinkage, longer: ContextNode): void {
  const { call } = shrinkage;
  if (hasSummarySince(call.requestEnd, longer)) {
    call.dropped = 0;
    return;
  }
  shrunk.push(shrinkage);
  if (shrunk.length > SIDE_REQUESTS) shrunk.shift();
}

/** Whether a context has a summary, as a provider makes one, that is newer than the request that ended at `from`. */
function hasSummarySince(end: ContextNode, from: ContextNode): boolean {
  const since = from.creator?.execution.started_seq ?? 0;
  for (let at = end; at.item !== null && at.parent !== null; at = at.parent) {
    if (isSummary(at.item) && at.item.madeSeq > since) return true;
  }
  return false;
}

function isSummary({ normal: { kind, role, channel } }: TranscriptItem): boolean {
  return kind === "message" && role === "assistant" && channel === "summary";
}

/** Forgives the requests since the one that the live context goes on from, be it from a summary in the response to that. */
export function forgiveSideRequests(conversation: Conversation): void {
  forgiveSince(
    conversation,
    ({ from }) => nodeOnPath(conversation, from.depth) === from || hasSummaryAfter(conversation, from),
  );
}

function hasSummaryAfter(conversation: Conversation, { latest }: ContextNode): boolean {
  let at = latest;
  for (let looks = 0; at !== null && at.item !== null && looks < SUMMARY_LOOKS; looks += 1) {
    if (isSummary(at.item)) return positionOf(conversation, at.item) !== null;
    at = at.latest;
  }
  return false;
}

/** Forgives the requests since the one that left the context which is come back to, in which the last request ended at `end`. */
export function forgiveSideRequestsSince(conversation: Conversation, end: ContextNode): void {
  forgiveSince(conversation, ({ from }) => from === end);
}

/** The same for a history, without its instructions; then the context that it goes on from is the live one. */
export function returnFromSideRequests(conversation: Conversation, history: readonly NormalItem[]): void {
  const from = forgiveSince(conversation, (shrinkage) => goesOnFrom(history, shrinkage.from));
  if (from === null) return;
  rewindTo(conversation, from);
  fillIn(conversation, history.length);
}

/** Where the request ended since which all are forgiven: that before the first which `isGoneOnFrom` says. */
function forgiveSince(
  { shrunk }: Conversation,
  isGoneOnFrom: (shrinkage: Shrinkage) => boolean,
): ContextNode | null {
  const first = shrunk.findIndex(isGoneOnFrom);
  if (first < 0) return null;
  const [{ from }] = shrunk.slice(first) as [Shrinkage];
  for (const { call } of shrunk.splice(first)) call.dropped = 0;
  return from;
}

function goesOnFrom(history: readonly NormalItem[], from: ContextNode): boolean {
  const head = headLengthOf(from);
  if (from.depth === head || from.depth - head > history.length) return false;
  // What is longest the same of two histories is their beginning.
  for (let at = from; at.item !== null && at.parent !== null && at.depth > head; at = at.parent) {
    const { normal, draft } = at.item;
    if (!isSameItem(normal, draft.provider_item_id, history[at.depth - head - 1] as NormalItem)) return false;
  }
  return true;
}
