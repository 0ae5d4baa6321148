/**
 * The live context of a thread: what requests, responses and compactions make of it.
 *
 * A request is compared with the live context position by position, which costs a comparison of two strings for each item
 * that the store knows to be the same; everything after the first difference is looked up.
 */
import { appended, NONE } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { ContextNode, Conversation, TranscriptItem } from "../state/conversation-state.ts";
import { offer, type Queue, take } from "../state/queues.ts";
import { withEntry } from "../state/several.ts";
import { addChild, childOf, pathTo } from "./context-tree.ts";
import type { Reading } from "./elements.ts";
import { identityOf, isSameItem, isSameSort } from "./identity.ts";
import type { NormalItem } from "./normal-item.ts";
import { createItem, type ItemOrigin, seeAgain } from "./transcript.ts";

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
  const comparison = compare(reduction, reading, origin);
  if (comparison.kept + comparison.tail.length < conversation.lastRequestLength) {
    call.dropped = droppedBy(conversation, comparison);
  }
  install(call, comparison, reading.rest);
}

/** Makes the live context, as far as the reading keeps it, followed by the reading's elements the call's request. */
export function applyIncrementalRequest(
  reduction: Reduction,
  call: InferenceState,
  { reading, origin }: Sighting,
): void {
  install(call, compare(reduction, reading, origin), reading.rest);
}

/** Appends a response, whole or partial, to the live context. */
export function applyResponse(
  reduction: Reduction,
  call: InferenceState,
  { reading, origin }: Sighting,
): void {
  const { conversation } = call.thread;
  const { rest } = reading;
  const from = { ...origin, inference: call };
  let items: readonly TranscriptItem[] = NONE;
  for (const normal of rest) items = appended(items, responseItem(reduction, normal, from));
  let calls: InferenceState["calls"] = null;
  let ids: readonly string[] = NONE;
  const continues =
    conversation.nodes.length === conversation.live.length &&
    (conversation.nodes.at(-1) ?? conversation.root) === call.requestEnd;
  let node = call.requestEnd;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as TranscriptItem;
    node = childOf(node, item) ?? addChild(node, item, call.draft);
    if (continues) conversation.nodes.push(node);
    append(conversation, item, rest[index]);
    if (item.slot !== null && isCall(item)) calls = withEntry(calls, item);
    ids = appended(ids, item.draft.item_id);
  }
  call.calls = calls;
  call.draft.response_item_ids = ids;
  call.responseEnd = node;
  if (call.draft.response_id !== null) conversation.responses.push(call);
}

function isCall({ draft }: TranscriptItem): boolean {
  return draft.kind === "function_call" || draft.kind === "custom_tool_call";
}

/** What a compaction found in the history, by identity. Leaves the live context to `applyReplacement`. */
export function applyInputHistory(
  reduction: Reduction,
  { reading, origin }: Sighting,
): readonly TranscriptItem[] {
  const { kept, tail } = compare(reduction, reading, origin);
  const { conversation } = origin.thread;
  return [...conversation.live.slice(headLength(conversation), kept), ...tail];
}

/** Makes new items of a compaction's replacement, and them the live context. */
export function applyReplacement(
  reduction: Reduction,
  { reading, origin }: Sighting,
): readonly TranscriptItem[] {
  const { rest } = reading;
  const { conversation } = origin.thread;
  const items = rest.map((normal) => createItem(reduction, normal, origin));
  const head = headLength(conversation);
  conversation.live.length = head;
  conversation.seenAs.length = head;
  conversation.nodes = [];
  conversation.lastRequestLength = 0;
  for (const [index, item] of items.entries()) append(conversation, item, rest[index]);
  return items;
}

/** Finds or makes an item for each element. */
function compare(reduction: Reduction, reading: Reading, origin: ItemOrigin): Comparison {
  const { live, seenAs } = origin.thread.conversation;
  const { rest } = reading;
  let { kept } = reading;
  for (const normal of rest) {
    const item = live[kept];
    if (item === undefined || !isSameItem(item.normal, item.draft.provider_item_id, normal)) break;
    seeAgain(reduction, item, normal, origin);
    seenAs[kept] = normal;
    kept += 1;
  }
  const candidates = new Candidates(origin.thread.conversation, kept);
  let tail: readonly TranscriptItem[] = NONE;
  for (let index = kept - reading.kept; index < rest.length; index += 1) {
    const normal = rest[index] as NormalItem;
    const known = candidates.take(kept + tail.length, normal);
    if (known !== undefined) {
      seeAgain(reduction, known, normal, origin);
      tail = appended(tail, known);
      continue;
    }
    const item = createItem(reduction, normal, origin);
    if (normal.role === "system") checkPlace(reduction, item, tail.at(-1) ?? live[kept - 1]);
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

/** The items that a changed part of a request may be sightings of. */
class Candidates {
  readonly #conversation: Conversation;
  readonly #kept: number;
  /** Items that earlier elements of this request were sightings of; made when there is one. */
  #used: Set<TranscriptItem> | null = null;
  /** The rest of the live context by identity; made when first needed. */
  #byIdentity: Map<string, Queue<TranscriptItem>> | null = null;

  constructor(conversation: Conversation, kept: number) {
    this.#conversation = conversation;
    this.#kept = kept;
  }

  take(position: number, normal: NormalItem): TranscriptItem | undefined {
    const found = this.#atPosition(position, normal) ?? this.#byProviderId(normal) ?? this.#inRest(normal);
    if (found !== undefined) (this.#used ??= new Set()).add(found);
    return found;
  }

  #atPosition(position: number, normal: NormalItem): TranscriptItem | undefined {
    const item = this.#conversation.live[position];
    if (item === undefined || !this.#isFree(item)) return undefined;
    return isSameItem(item.normal, item.draft.provider_item_id, normal) ? item : undefined;
  }

  #byProviderId(normal: NormalItem): TranscriptItem | undefined {
    if (normal.providerItemId === null) return undefined;
    const item = this.#conversation.byProviderId.get(normal.providerItemId);
    return item !== undefined && this.#isFree(item) && isSameSort(item.normal, normal) ? item : undefined;
  }

  #inRest(normal: NormalItem): TranscriptItem | undefined {
    if (this.#conversation.live.length === this.#kept) return undefined;
    const byIdentity = (this.#byIdentity ??= this.#indexRest());
    const identity = identityOf(normal);
    const next = () => take(byIdentity, identity);
    for (let item = next(); item !== undefined; item = next()) {
      if (!this.#isFree(item)) continue;
      if (isSameItem(item.normal, item.draft.provider_item_id, normal)) return item;
    }
    return undefined;
  }

  #indexRest(): Map<string, Queue<TranscriptItem>> {
    const index = new Map<string, Queue<TranscriptItem>>();
    for (const item of this.#conversation.live.slice(this.#kept)) {
      offer(index, identityOf(item.normal), item);
    }
    return index;
  }

  /** Not in the kept part and not used by an earlier element of this request. */
  #isFree(item: TranscriptItem): boolean {
    if (this.#used?.has(item) === true) return false;
    const { position } = item;
    return position < 0 || position >= this.#kept || this.#conversation.live[position] !== item;
  }
}

/** An item of a response is new, unless the host accepted exactly this item before and nothing has carried it since. */
function responseItem(reduction: Reduction, normal: NormalItem, origin: ItemOrigin): TranscriptItem {
  const { byProviderId } = origin.thread.conversation;
  const known = normal.providerItemId === null ? undefined : byProviderId.get(normal.providerItemId);
  if (known !== undefined && known.position < 0 && isSameSort(known.normal, normal)) {
    seeAgain(reduction, known, normal, origin);
    return known;
  }
  return createItem(reduction, normal, origin);
}

/** Makes a context live, walks it down the tree, and writes the call's request. */
function install(call: InferenceState, { kept, tail }: Comparison, rest: readonly NormalItem[]): void {
  const { conversation } = call.thread;
  const { live, seenAs, nodes } = conversation;
  live.length = kept;
  seenAs.length = kept;
  for (let index = 0; index < tail.length; index += 1) {
    append(conversation, tail[index] as TranscriptItem, rest[rest.length - tail.length + index]);
  }
  conversation.lastRequestLength = live.length;
  nodes.length = Math.min(nodes.length, kept);
  let node = nodes.at(-1) ?? conversation.root;
  let shared: ContextNode | null = null;
  for (let index = nodes.length; index < live.length; index += 1) {
    const item = live[index] as TranscriptItem;
    const known = childOf(node, item);
    if (known === undefined) shared ??= node;
    node = known ?? addChild(node, item, call.draft);
    nodes.push(node);
  }
  shared ??= node;
  call.requestEnd = node;
  call.draft.request = {
    base_inference_call_id: shared.creator?.inference_call_id ?? null,
    keep: shared.depth,
    item_ids: idsFrom(live, shared.depth),
  };
}

function idsFrom(live: readonly TranscriptItem[], from: number): readonly string[] {
  let ids: readonly string[] = NONE;
  for (let index = from; index < live.length; index += 1) {
    ids = appended(ids, (live[index] as TranscriptItem).draft.item_id);
  }
  return ids;
}

function append(conversation: Conversation, item: TranscriptItem, normal: NormalItem | undefined): void {
  item.position = conversation.live.length;
  conversation.live.push(item);
  conversation.seenAs.push(normal ?? null);
}

/** How many items at the beginning of the live context are instructions that stand beside the history. */
export function headLength({ seenAs }: Conversation): number {
  let length = 0;
  while (seenAs[length]?.isHead === true) length += 1;
  return length;
}

/** Makes the context that ended at `node` the live one. Free when it is. */
export function rewindTo(conversation: Conversation, node: ContextNode): void {
  if (node.depth === 0) {
    conversation.nodes = [];
    return;
  }
  if (conversation.nodes[node.depth - 1] === node) return;
  const nodes = pathTo(node);
  const items = nodes.map(({ item }) => item as TranscriptItem);
  const rest = conversation.live.slice(sharedLength(conversation.nodes, nodes));
  const onPath = new Set(items);
  conversation.nodes = nodes;
  conversation.live = [...items, ...rest.filter((item) => !onPath.has(item))];
  conversation.seenAs = conversation.live.map(() => null);
  for (const [index, item] of conversation.live.entries()) item.position = index;
}

function sharedLength(left: readonly ContextNode[], right: readonly ContextNode[]): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return length;
}

/** How many items of the last request a new one leaves out. */
function droppedBy(conversation: Conversation, { kept, tail }: Comparison): number {
  const used = new Set(tail);
  return conversation.live.slice(kept, conversation.lastRequestLength).filter((item) => !used.has(item))
    .length;
}
