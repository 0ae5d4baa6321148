/**
 * Where everything that carries one model-visible call id in one thread meets: the call item, the output items, the tool call and
 * the code cell. They arrive in any order; each link is made when the second of its two ends arrives.
 *
 * Models reuse call ids, so a thread has uses for each id. What has never been started when a later response has its id will not
 * be. So a start (tool call, cell) belongs to the oldest use of the latest response that has no output yet and no such start. Where
 * there is none it is the same call that the host runs another time, unless a request is under way and its response asks for it;
 * or, if nothing has started for the latest use, the start of that: a start may be recorded after the request that carries its
 * output. An output is that of the last call before it, unless the response of that has several or it was run again; or else of the
 * oldest use of the latest response that has none, of the latest of all others, or where all have one of the latest.
 */
import { isCall } from "../conversation/normal-item.ts";
import type { Beside } from "../conversation/transcript.ts";
import { appended, type Draft } from "../graph/draft.ts";
import type { InferenceCall } from "../graph/inference.ts";
import type { Reduction } from "../reduction.ts";
import type {
  CallSlot,
  CallUses,
  CellState,
  InferenceState,
  SlotPart,
  ToolCallState,
} from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { eachEntry, firstEntry, type Several, withEntry } from "../state/several.ts";
import { eachMember } from "../state/members.ts";
import type { ThreadState } from "../state/thread-state.ts";
import { matchNotification } from "./notifications.ts";
import { addProducer } from "./producers.ts";

export interface ItemPlace {
  readonly thread: ThreadState;
  readonly callId: string;
  readonly inference?: InferenceState | undefined;
  readonly compactionId?: string | undefined;
  readonly copyOf?: TranscriptItem | undefined;
  readonly beside?: Beside | undefined;
  /** The calls that a request has so far, as far as it is compared; where its thread has used ids again. */
  readonly calls?: ReadonlyMap<string, TranscriptItem> | undefined;
}

export function attachCallItem(reduction: Reduction, item: TranscriptItem, place: ItemPlace): void {
  const slot = copiedSlot(reduction, place, "callItems") ?? slotFor(reduction, place, "callItems");
  item.slot = slot;
  slot.callItems = withEntry(slot.callItems, item);
  if (place.inference !== undefined) noteResponse(slot, place, place.inference.draft);
  if (slot.toolCall !== null) joinCallItem(reduction, slot.toolCall, item);
  if (slot.cell !== null) joinSourceItem(reduction, slot.cell, item);
}

export function attachOutputItem(reduction: Reduction, item: TranscriptItem, place: ItemPlace): void {
  const { slot, isCopy } = useOfOutput(reduction, place);
  item.slot = slot;
  item.isCopy = isCopy;
  slot.outputItems = withEntry(slot.outputItems, item);
  if (slot.toolCall !== null) joinOutputItem(reduction, slot.toolCall, item);
  if (slot.cell !== null) joinCellOutput(reduction, slot.cell, item);
}

function useOfOutput(
  reduction: Reduction,
  place: ItemPlace,
): Pick<TranscriptItem, "isCopy"> & { slot: CallSlot } {
  const before = slotBefore(reduction, place);
  if (before !== undefined) {
    if (isReplaced(reduction, before.outputItems, place)) return { slot: before, isCopy: true };
    // Of calls that are in no response several may have been asked for at once.
    if (before.isOpen || before.inference !== null) {
      before.isOpen = false;
      return { slot: before, isCopy: false };
    }
  }
  const copied = copiedSlot(reduction, place, "outputItems");
  if (copied !== undefined) return { slot: copied, isCopy: true };
  const open = nextOpen(place);
  if (open !== undefined) open.isOpen = false;
  return { slot: open ?? latestSlot(place), isCopy: false };
}

/** The use of its call id that an item says again: what a compaction has copied, or a request has in other words than before. */
function copiedSlot(
  reduction: Reduction,
  place: ItemPlace,
  part: "callItems" | "outputItems",
): CallSlot | undefined {
  const { thread, callId, compactionId, copyOf, beside } = place;
  if (compactionId !== undefined) return copyOf?.slot ?? latestSlot(place);
  if (beside === undefined || !thread.slots.has(callId)) return undefined;
  const { insteadOf } = beside;
  const inPlace = insteadOf?.slot ?? null;
  if (insteadOf !== undefined && inPlace?.callId === callId && !beside.has(insteadOf)) {
    if (isCall(insteadOf.normal) === (part === "callItems")) return inPlace;
  }
  // It may be in another place too.
  const slot = latestSlot(place);
  return isReplaced(reduction, slot[part], place) ? slot : undefined;
}

/** Whether the last of some items is another sighting's, which has been left out now. What is beside it is another. */
function isReplaced(reduction: Reduction, items: Several<TranscriptItem>, { beside }: ItemPlace): boolean {
  const latest = eachEntry(items).at(-1);
  return latest !== undefined && latest.madeSeq !== reduction.moment.seq && beside?.has(latest) === false;
}

/** The use whose call is the last before an output, where its id has several: models have nothing else to tell them apart by. */
function slotBefore(reduction: Reduction, place: ItemPlace): CallSlot | undefined {
  const uses = usesOf(place);
  const { beside, calls } = place;
  if (uses === undefined || beside === undefined) return undefined;
  const isThere = (item: TranscriptItem): boolean =>
    item.madeSeq === reduction.moment.seq || beside.has(item);
  const call = calls?.get(place.callId) ?? latestCall(uses, isThere);
  const slot = call?.slot ?? null;
  // Calls of one response come before all their outputs, and what was run again has the last output.
  return slot === null || slot.hasTwin || slot.again !== null ? undefined : slot;
}

/** How many uses of a call id are looked at, the latest first, for the one whose call a request has kept. */
const LOOKED_AT = 8;

function latestCall(
  { all }: CallUses,
  isThere: (item: TranscriptItem) => boolean,
): TranscriptItem | undefined {
  for (const { callItems } of all.slice(-LOOKED_AT).toReversed()) {
    const call = eachEntry(callItems).at(-1);
    if (call !== undefined && isThere(call)) return call;
  }
  return undefined;
}

function noteResponse(slot: CallSlot, place: ItemPlace, inference: Draft<InferenceCall>): void {
  slot.inference = inference;
  const uses = usesOf(place);
  if (uses === undefined) return;
  if (uses.latest === inference) {
    for (const twin of [uses.all[uses.from], slot]) if (twin !== undefined) twin.hasTwin = true;
    return;
  }
  uses.latest = inference;
  const { callItems: next } = uses.next;
  uses.from = uses.all[next] === slot ? next : uses.all.length - 1;
}

/** Takes note that a model was shown an item, or said it. */
export function show(reduction: Reduction, item: TranscriptItem): void {
  if (item.shownSeq > 0) return;
  item.shownSeq = reduction.moment.seq;
  const { slot, isCopy, normal } = item;
  if (slot === null || isCall(normal) || (isCopy && slot.shown !== null)) return;
  slot.shown = withEntry(slot.shown, item);
}

export function attachToolCall(
  reduction: Reduction,
  call: ToolCallState,
  place: ItemPlace & { readonly isWait: boolean },
): CallSlot {
  const slot = slotFor(reduction, place, place.isWait ? "waitCall" : "toolCall");
  slot.toolCall = call;
  slot.isOfWait = place.isWait;
  for (const item of eachEntry(slot.callItems)) joinCallItem(reduction, call, item);
  for (const item of eachEntry(slot.outputItems)) joinOutputItem(reduction, call, item);
  if (slot.cell !== null) joinExec(reduction, call, slot.cell);
  return slot;
}

export function attachCell(reduction: Reduction, cell: CellState, place: ItemPlace): CallSlot {
  const slot = slotFor(reduction, place, "cell");
  slot.cell = cell;
  for (const item of eachEntry(slot.callItems)) joinSourceItem(reduction, cell, item);
  for (const item of eachEntry(slot.outputItems)) joinCellOutput(reduction, cell, item);
  if (slot.toolCall !== null) joinExec(reduction, slot.toolCall, cell);
  return slot;
}

function slotFor(reduction: Reduction, place: ItemPlace, part: SlotPart): CallSlot {
  const { thread, callId } = place;
  const first = thread.slots.get(callId);
  if (first === undefined) return firstSlot(place);
  const uses = usesOf(place);
  const open = uses === undefined ? (lacks(first, part) ? first : undefined) : nextLacking(uses, part);
  const latest = latestSlot(place);
  // An earlier call of that id may have been interrupted. A cell starts while its call runs.
  if (part === "cell" && isRunning(latest) && open !== undefined && !isRunning(open)) return latest;
  if (open !== undefined) return open;
  if (part !== "callItems" && hasPlaceFor(latest, part) && latest.inference !== null) return latest;
  const isAgain = (part === "toolCall" || part === "waitCall") && mayBeAgain(latest);
  reduction.diagnose(
    "call_id_reused",
    `thread ${JSON.stringify(thread.draft.thread_id)} uses call id ${JSON.stringify(callId)} again`,
    { type: "thread", id: thread.draft.thread_id },
  );
  const slot = anotherSlot(place, first);
  if (!isAgain) return slot;
  if (thread.inside.inference === null) repeat(latest, slot);
  else (thread.startedAgain ??= new Map()).set(slot, { before: latest, seq: reduction.moment.seq });
  return slot;
}

/** Whether a start may be that of a call which the host runs another time. */
function mayBeAgain(latest: CallSlot): boolean {
  return latest.isOpen && (latest.inference !== null || latest.thread.startedAgain?.has(latest) === true);
}

function repeat(repeated: CallSlot, slot: CallSlot): void {
  // Its output may have come while it was not known yet that it runs again.
  slot.isOpen = repeated.isOpen;
  repeated.again = slot;
  repeated.isOpen = false;
  // A compaction may have copied it often, and the host run it often.
  slot.callItems = firstEntry(repeated.callItems) ?? null;
  slot.inference = repeated.inference;
}

/** Says of calls that were started again what they are of, once all requests that were under way then have had their responses. */
export function settleStartedAgain(reduction: Reduction, thread: ThreadState): void {
  const { startedAgain, inside } = thread;
  if (startedAgain === undefined) return;
  const [oldest] = eachMember(inside.inference);
  const underWaySince = oldest?.draft.execution.started_seq ?? Infinity;
  for (const [slot, { before, seq }] of startedAgain) {
    if (seq > underWaySince) return;
    startedAgain.delete(slot);
    // A response has asked for it.
    if (slot.callItems !== null || before.inference === null) continue;
    repeat(before, slot);
    const item = firstEntry(before.callItems);
    if (item === undefined) continue;
    if (slot.toolCall !== null) joinCallItem(reduction, slot.toolCall, item);
    if (slot.cell !== null) joinSourceItem(reduction, slot.cell, item);
  }
}

/** All uses of a call id that has more than one. */
function usesOf({ thread, callId }: ItemPlace): CallUses | undefined {
  return thread.reusedSlots.size === 0 ? undefined : thread.reusedSlots.get(callId);
}

/** The oldest open use that lacks a part; of what a later response follows only its call item may still be missing. */
function nextLacking(uses: CallUses, part: SlotPart): CallSlot | undefined {
  if (part !== "callItems") uses.next[part] = Math.max(uses.next[part], uses.from);
  let slot = uses.all[uses.next[part]];
  while (slot !== undefined && !lacks(slot, part)) {
    uses.next[part] += 1;
    slot = uses.all[uses.next[part]];
  }
  return slot;
}

function isRunning(slot: CallSlot): boolean {
  return hasPlaceFor(slot, "cell") && slot.toolCall?.draft.execution.status === "running";
}

function lacks(slot: CallSlot, part: SlotPart): boolean {
  return slot.isOpen && hasPlaceFor(slot, part);
}

/** A cell under the call id of a wait is of another use: whoever waits for a cell did not start it. */
function hasPlaceFor({ callItems, toolCall, cell, isOfWait }: CallSlot, part: SlotPart): boolean {
  if (part === "output") return true;
  if (part === "callItems") return callItems === null;
  if (part === "cell") return cell === null && !isOfWait;
  return toolCall === null && (part === "toolCall" || cell === null);
}

function latestSlot(place: ItemPlace): CallSlot {
  return usesOf(place)?.all.at(-1) ?? place.thread.slots.get(place.callId) ?? firstSlot(place);
}

function nextOpen(place: ItemPlace): CallSlot | undefined {
  const uses = usesOf(place);
  if (uses === undefined) {
    const only = place.thread.slots.get(place.callId);
    return only?.isOpen === true ? only : undefined;
  }
  const answered = uses.latest === null ? undefined : nextLacking(uses, "output");
  if (answered?.inference === uses.latest) return answered;
  let open = uses.open.pop();
  while (open?.isOpen === false) open = uses.open.pop();
  return open;
}

function firstSlot(place: ItemPlace): CallSlot {
  const slot = emptySlot(place);
  place.thread.slots.set(place.callId, slot);
  return slot;
}

function anotherSlot(place: ItemPlace, first: CallSlot): CallSlot {
  const slot = emptySlot(place);
  const uses = usesOf(place);
  if (uses !== undefined) {
    uses.all.push(slot);
    uses.open.push(slot);
    return slot;
  }
  const open = first.isOpen ? [first, slot] : [slot];
  const next = { callItems: 0, toolCall: 0, waitCall: 0, cell: 0, output: 0 };
  const { inference: latest } = first;
  place.thread.reusedSlots.set(place.callId, { all: [first, slot], open, next, latest, from: 0 });
  return slot;
}

function emptySlot({ thread, callId }: ItemPlace): CallSlot {
  return {
    thread,
    callId,
    isOpen: true,
    callItems: null,
    outputItems: null,
    shown: null,
    toolCall: null,
    isOfWait: false,
    cell: null,
    inference: null,
    hasTwin: false,
    again: null,
  };
}

function joinCallItem(reduction: Reduction, call: ToolCallState, item: TranscriptItem): void {
  call.draft.call_item_ids = appended(call.draft.call_item_ids, item.draft.item_id);
  reduction.addOrigin(call.draft, item);
}

function joinOutputItem(reduction: Reduction, call: ToolCallState, item: TranscriptItem): void {
  call.draft.output_item_ids = appended(call.draft.output_item_ids, item.draft.item_id);
  addProducer(item.draft, { type: "tool", tool_call_id: call.draft.tool_call_id });
  reduction.addOrigin(call.draft, item);
  reduction.addOrigin(item.draft, call);
}

function joinSourceItem(reduction: Reduction, cell: CellState, item: TranscriptItem): void {
  cell.draft.source_item_id ??= item.draft.item_id;
  reduction.addOrigin(cell.draft, item);
}

function joinCellOutput(reduction: Reduction, cell: CellState, item: TranscriptItem): void {
  cell.draft.output_item_ids = appended(cell.draft.output_item_ids, item.draft.item_id);
  addProducer(item.draft, { type: "code_cell", code_cell_id: cell.draft.code_cell_id });
  reduction.addOrigin(cell.draft, item);
  reduction.addOrigin(item.draft, cell);
  matchNotification(cell, item);
}

function joinExec(reduction: Reduction, call: ToolCallState, cell: CellState): void {
  call.draft.code_cell_id = cell.draft.code_cell_id;
  cell.draft.exec_tool_call_id = call.draft.tool_call_id;
  reduction.addOrigin(call.draft, cell);
  reduction.addOrigin(cell.draft, call);
}
