/**
 * Calls of tools that the provider runs itself, where one element is both the call and what came of it.
 *
 * Such an element has no call id: what a host records of the call names the element's id. That is no part of what the element says,
 * since hosts send it again without; so the item joins the call when it is made and not by what it is read as. The model has seen
 * what came of the call once a response or a request has the element.
 */
import { attachCallItem } from "../linking/call-slots.ts";
import type { Reduction } from "../reduction.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { ContextNode, TranscriptItem } from "../state/conversation-state.ts";
import { withEntry } from "../state/several.ts";
import { isCall, type NormalItem } from "./normal-item.ts";

/** Joins those of a call's request, of which `rest` was read, with what is recorded of them. */
export function joinRequested(
  reduction: Reduction,
  { thread, requestEnd }: InferenceState,
  rest: readonly NormalItem[],
): void {
  if (!rest.some(isOwnCall)) return;
  for (const [index, item] of lastItems(requestEnd, rest.length).entries()) {
    const id = ownCallId(item);
    // A request says again what was said before: only a response makes another call of an id that is known.
    if (id !== null && item.slot === null && (thread.slots.get(id)?.callItems ?? null) === null)
      join(reduction, item, { thread, callId: id });
    showResult(reduction, item, rest[index]);
  }
}

/** The same for the response of a call; then the call's `calls` are all of its response, in order. */
export function joinResponded(reduction: Reduction, call: InferenceState, rest: readonly NormalItem[]): void {
  const { thread, responseEnd } = call;
  if (responseEnd === null || !rest.some(isOwnCall)) return;
  call.calls = null;
  for (const [index, item] of lastItems(responseEnd, rest.length).entries()) {
    const id = ownCallId(item);
    if (id !== null && item.slot === null) join(reduction, item, { thread, callId: id, inference: call });
    showResult(reduction, item, rest[index]);
    if (item.slot !== null && isCall(item.normal)) call.calls = withEntry(call.calls, item);
  }
}

function join(reduction: Reduction, item: TranscriptItem, place: Parameters<typeof attachCallItem>[2]): void {
  item.draft.call_id = place.callId;
  reduction.touch(item.draft);
  attachCallItem(reduction, item, place);
}

/** Nothing else shows what came of such a call, and that may be later than its element is first seen. */
function showResult(reduction: Reduction, item: TranscriptItem, sighting: NormalItem | undefined): void {
  const { slot } = item;
  if (slot === null || slot.shown !== null || sighting?.ownTool !== "over") return;
  slot.shown = item;
  item.shownSeq = reduction.moment.seq;
}

function isOwnCall({ ownTool, providerItemId }: NormalItem): boolean {
  return ownTool !== null && providerItemId !== null;
}

/** Null for what is no such call, and for what a compaction has copied, which is no call. */
function ownCallId({ normal, draft }: TranscriptItem): string | null {
  if (!isOwnCall(normal) || draft.produced_by.some(({ type }) => type === "compaction")) return null;
  return normal.providerItemId;
}

/** The last items of a context, in order. */
function lastItems(end: ContextNode, count: number): readonly TranscriptItem[] {
  const items: TranscriptItem[] = [];
  for (let at: ContextNode | null = end; at !== null && at.item !== null; at = at.parent) {
    if (items.length === count) break;
    items.push(at.item);
  }
  return items.reverse();
}
