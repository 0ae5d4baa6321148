/**
 * What requests, responses and compactions make of the live context of a thread.
 *
 * A request is compared with the live context position by position, which costs a comparison of two strings for each item
 * that the store knows to be the same; everything after the first difference is looked up.
 */
import { appended, NONE } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { ContextNode, Conversation, TranscriptItem } from "../state/conversation-state.ts";
import { show } from "../linking/call-slots.ts";
import { type Queue, take } from "../state/queues.ts";
import { withEntry } from "../state/several.ts";
import type { ThreadState } from "../state/thread-state.ts";
import { byIdentity, Candidates } from "./candidates.ts";
import { addChild, childOf, goTo } from "./context-tree.ts";
import type { Reading } from "./elements.ts";
import { identityOf, isSameItem, isSameSort } from "./identity.ts";
import { comeBack, noteLeaving } from "./left-contexts.ts";
import {
  append,
  contextLength,
  cutTo,
  endOf,
  headLength,
  itemAt,
  positionOf,
  seeAt,
} from "./live-context.ts";
import { isCall, type NormalItem } from "./normal-item.ts";
import { forgiveSideRequests, noteShrinkage } from "./side-requests.ts";
import { createItem, type ItemOrigin, type ResponseOrigin, seeAgain, seeInResponse } from "./transcript.ts";

/** What a request is, compared with the live context: its first `kept` items, and then `tail`. */
interface Comparison {
  readonly kept: number;
  readonly tail: readonly TranscriptItem[];
}

/** What a model-facing array says, and where it was read. */
export interface Sighting {
  readonly reading: Reading;
  readonly origin: ItemOrigin;
}

/** Makes a whole context the live one and the call's request. */
export function applyFullRequest(
  reduction: Reduction,
  call: InferenceState,
  { reading, origin }: Sighting,
): void {
  const { conversation } = call.thread;
  const from = conversation.lastRequest;
  comeBack(conversation, reading);
  const comparison = compare(reduction, reading, origin);
  const { lastRequest } = conversation;
  noteLeaving(conversation, comparison);
  if (comparison.kept + comparison.tail.length < lastRequest.depth) {
    call.dropped = droppedBy(conversation, comparison);
  }
  install(reduction, call, comparison, reading.rest);
  conversation.seenArray = reading.seenArray;
  if (call.dropped > 0) noteShrinkage(conversation, { call, from }, lastRequest);
}

/** Makes the live context, as far as the reading keeps it, followed by the reading's elements the call's request. */
export function applyIncrementalRequest(
  reduction: Reduction,
  call: InferenceState,
  { reading, origin }: Sighting,
): void {
  install(reduction, call, compare(reduction, reading, origin), reading.rest);
}

/** Appends a response, whole or partial, to the live context. */
export function applyResponse(
  reduction: Reduction,
  call: InferenceState,
  { reading, origin }: Sighting & { readonly origin: ResponseOrigin },
): void {
  const { conversation } = call.thread;
  const { rest } = reading;
  let items: readonly TranscriptItem[] = NONE;
  for (const normal of rest) {
    const item = responseItem(reduction, normal, origin);
    // A response may say an item twice, and then there are two.
    item.position = contextLength(conversation) + items.length;
    items = appended(items, item);
  }
  let calls: InferenceState["calls"] = null;
  let ids: readonly string[] = NONE;
  const continues = endOf(conversation) === call.requestEnd;
  // What it answers was replaced while it was under way: it follows what took its place.
  const follows = continues || (call.draft.execution.started_seq ?? 0) < conversation.replacedSeq;
  let node = call.requestEnd;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as TranscriptItem;
    const known = childOf(node, item);
    node = known === undefined ? addChild(node, item, call.draft) : goTo(node, known, call.draft);
    if (follows) append(conversation, item, rest[index]);
    if (continues) conversation.nodes.push(node);
    else if (follows) conversation.nodes.push(addChild(endOf(conversation), item, null));
    show(reduction, item);
    if (item.slot !== null && isCall(item.normal)) calls = withEntry(calls, item);
    ids = appended(ids, item.draft.item_id);
  }
  call.calls = calls;
  call.draft.response_item_ids = ids;
  call.responseEnd = node;
  if (call.draft.response_id !== null) conversation.responses.push(call);
}

/** What a compaction found in the history, by identity. Leaves the live context to `applyReplacement`. */
export function applyInputHistory(
  reduction: Reduction,
  { reading, origin }: Sighting,
): readonly TranscriptItem[] {
  const { kept, tail } = compare(reduction, reading, origin);
  const { conversation } = origin.thread;
  for (const [index, item] of tail.entries()) if (item.position < 0) item.position = kept + index;
  const items: TranscriptItem[] = [];
  for (let position = headLength(conversation); position < kept; position += 1) {
    items.push(itemAt(conversation, position) as TranscriptItem);
  }
  const found = [...items, ...tail];
  for (const item of found) show(reduction, item);
  return found;
}

/** Makes new items of a compaction's replacement, and them the live context. `found` is what the compaction found in the history. */
export function applyReplacement(
  reduction: Reduction,
  { reading, origin }: Sighting,
  found: readonly TranscriptItem[],
): readonly TranscriptItem[] {
  const { rest } = reading;
  const { conversation } = origin.thread;
  const kept = keptItems(origin.thread, found);
  const items = rest.map((normal) => {
    const copyOf = kept.size === 0 ? undefined : take(kept, identityOf(normal));
    return createItem(reduction, referredTo(conversation, normal), { ...origin, copyOf });
  });
  cutTo(conversation, headLength(conversation));
  for (const [index, item] of items.entries()) append(conversation, item, rest[index]);
  const { before, live, nodes } = conversation;
  let node = nodes.at(-1) ?? before;
  for (const item of live.slice(nodes.length)) {
    node = childOf(node, item) ?? addChild(node, item, null);
    nodes.push(node);
  }
  conversation.lastRequest = conversation.root;
  conversation.left = [];
  conversation.replacedSeq = reduction.moment.seq;
  return items;
}

/**
 * What a replacement may keep of the history, as far as it matters whether something was there before: calls whose id has several uses,
 * and messages.
 */
function keptItems(
  { conversation, reusedSlots }: ThreadState,
  found: readonly TranscriptItem[],
): Map<string, Queue<TranscriptItem>> {
  const from = Math.max(headLength(conversation) - conversation.before.depth, 0);
  const matters = ({ draft: { call_id: id, agent_message: message } }: TranscriptItem): boolean =>
    message !== null || (id !== null && reusedSlots.has(id));
  // What was found may be lost, or be another history.
  const history = [...conversation.live.slice(from).filter(matters), ...found.filter(matters)];
  return byIdentity([...new Set(history)]);
}

/** What an element of a replacement says: where it only refers to an item, what that says. */
function referredTo({ byProviderId }: Conversation, normal: NormalItem): NormalItem {
  const { providerItemId, isReference } = normal;
  const item = isReference && providerItemId !== null ? byProviderId.get(providerItemId) : undefined;
  return item === undefined ? normal : { ...item.normal, providerItemId, parts: item.draft.body.parts };
}

/** Finds or makes an item for each element. */
function compare(reduction: Reduction, reading: Reading, origin: ItemOrigin): Comparison {
  const { conversation } = origin.thread;
  const { rest } = reading;
  let { kept } = reading;
  for (const normal of rest) {
    const item = itemAt(conversation, kept);
    if (item === undefined || !isSameItem(item.normal, item.draft.provider_item_id, normal)) break;
    seeAgain(reduction, item, normal, origin);
    seeAt(conversation, kept, normal);
    kept += 1;
  }
  if (rest.length === kept - reading.kept) return { kept, tail: NONE };
  const candidates = new Candidates(conversation, kept);
  let tail: readonly TranscriptItem[] = NONE;
  for (let index = kept - reading.kept; index < rest.length; index += 1) {
    const normal = rest[index] as NormalItem;
    const known = candidates.take(kept + tail.length, normal);
    if (known !== undefined) {
      seeAgain(reduction, known, normal, origin);
      tail = appended(tail, known);
      continue;
    }
    const item = createItem(reduction, normal, origin, candidates);
    if (normal.providerItemId !== null) candidates.use(item);
    if (normal.role === "system") checkPlace(reduction, item, tail.at(-1) ?? itemAt(conversation, kept - 1));
    tail = appended(tail, item);
  }
  return { kept, tail };
}

/** Instructions belong at the head; a system message after anything else is a sign of a host that splices its history. */
function checkPlace(reduction: Reduction, item: TranscriptItem, previous: TranscriptItem | undefined): void {
  const role = previous?.draft.role ?? "system";
  if (role === "system" || role === "developer") return;
  reduction.diagnose("misplaced_system_item", `a system message follows an item of role ${role}`, {
    type: "conversation_item",
    id: item.draft.item_id,
  });
}

/** An item of a response is new, unless the host accepted exactly this item before and nothing has carried it since. */
function responseItem(reduction: Reduction, normal: NormalItem, origin: ResponseOrigin): TranscriptItem {
  const { byProviderId } = origin.thread.conversation;
  const known = normal.providerItemId === null ? undefined : byProviderId.get(normal.providerItemId);
  if (known !== undefined && known.position < 0 && isSameSort(known.normal, normal)) {
    seeInResponse(reduction, known, normal, origin);
    return known;
  }
  return createItem(reduction, normal, origin);
}

/** Makes a context live, walks it down the tree, and writes the call's request. */
function install(
  reduction: Reduction,
  call: InferenceState,
  { kept, tail }: Comparison,
  rest: readonly NormalItem[],
): void {
  const { conversation } = call.thread;
  cutTo(conversation, kept);
  for (let index = 0; index < tail.length; index += 1) {
    append(conversation, tail[index] as TranscriptItem, rest[rest.length - tail.length + index]);
  }
  const { before, live, nodes } = conversation;
  while (nodes.at(-1)?.creator === null) nodes.pop();
  let node = nodes.at(-1) ?? before;
  let shared: ContextNode | null = null;
  for (let index = nodes.length; index < live.length; index += 1) {
    const item = live[index] as TranscriptItem;
    const known = childOf(node, item);
    show(reduction, item);
    if (known === undefined || known.creator === null) shared ??= node;
    node = known === undefined ? addChild(node, item, call.draft) : goTo(node, known, call.draft);
    nodes.push(node);
  }
  shared ??= node;
  call.requestEnd = node;
  conversation.lastRequest = node;
  if (conversation.shrunk.length > 0) forgiveSideRequests(conversation);
  call.draft.request = {
    base_inference_call_id: shared.creator?.inference_call_id ?? null,
    keep: shared.depth,
    item_ids: idsFrom(live, shared.depth - before.depth),
  };
}

function idsFrom(live: readonly TranscriptItem[], from: number): readonly string[] {
  let ids: readonly string[] = NONE;
  for (let index = from; index < live.length; index += 1) {
    ids = appended(ids, (live[index] as TranscriptItem).draft.item_id);
  }
  return ids;
}

/** How many items of the last request a new one leaves out. */
function droppedBy(conversation: Conversation, { kept, tail }: Comparison): number {
  const { depth } = conversation.lastRequest;
  let dropped = depth - kept;
  for (const item of tail) {
    const position = positionOf(conversation, item);
    if (position !== null && position >= kept && position < depth) dropped -= 1;
  }
  return dropped;
}
