/** The items of a thread's transcript: making them, and recognising them again. */
import type { BodyPart, Producer } from "../graph/conversation.ts";
import { attachCallItem, attachOutputItem, type ItemPlace } from "../linking/call-slots.ts";
import { noteAnswer } from "../linking/answers.ts";
import { offerMessage } from "../linking/deliveries.ts";
import { appended, itemIdOf, NONE } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { Conversation, TranscriptItem } from "../state/conversation-state.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { ThreadState, TurnState } from "../state/thread-state.ts";
import { isCall, isOutput, type NormalItem } from "./normal-item.ts";

/** What else a request has that a new item is made for. */
export interface Beside {
  /** Whether an older item comes before it. */
  has(item: TranscriptItem): boolean;
  /** What the live context had in its place. */
  readonly insteadOf: TranscriptItem | undefined;
}

/** Where a new item comes from. Those of most items have all fields, in this order: objects of one shape are read sooner. */
export interface ItemOrigin {
  readonly thread: ThreadState;
  readonly turn: TurnState | null;
  /** Set for an item of a response. */
  readonly inference?: InferenceState | undefined;
  /** Set for an item that a compaction put into the history; its calls are not new calls. */
  readonly compactionId?: string | undefined;
  /** What it says again, of the history that the compaction replaced. */
  readonly copyOf?: TranscriptItem | undefined;
  /** Set for a request of a thread that has used call ids again: takes its calls, as far as it is compared. */
  readonly calls?: Map<string, TranscriptItem> | undefined;
  /** Set for the first request of a thread: takes what may be a message, until the whole request is known. */
  readonly messages?: TranscriptItem[] | undefined;
}

export type ResponseOrigin = ItemOrigin & { readonly inference: InferenceState };

export function ofRequest(
  { thread, turn }: InferenceState,
  { calls, messages }: Pick<ItemOrigin, "calls" | "messages">,
): ItemOrigin {
  return { thread, turn, inference: undefined, compactionId: undefined, copyOf: undefined, calls, messages };
}

export function ofResponse(inference: InferenceState): ResponseOrigin {
  const { thread, turn } = inference;
  return {
    thread,
    turn,
    inference,
    compactionId: undefined,
    copyOf: undefined,
    calls: undefined,
    messages: undefined,
  };
}

/** Adds an item to a thread's transcript and links it to whatever it belongs to. `beside` is for an item of a request. */
export function createItem(
  reduction: Reduction,
  normal: NormalItem,
  from: ItemOrigin,
  beside?: Beside,
): TranscriptItem {
  const { thread, turn } = from;
  const { conversation } = thread;
  const itemId = itemIdOf(reduction.state.items.length + 1);
  const accepted =
    normal.providerItemId === null ? undefined : conversation.acceptedUnseen.get(normal.providerItemId);
  const evidence = reduction.evidence();
  const item: TranscriptItem = {
    draft: {
      item_id: itemId,
      provider_item_id: normal.providerItemId,
      thread_id: thread.draft.thread_id,
      turn_id: turn?.draft.turn_id ?? null,
      accepted: accepted ?? null,
      first_seen_at_us: reduction.moment.at_us,
      role: normal.role,
      channel: normal.channel,
      kind: normal.kind,
      call_id: normal.callId,
      body: { parts: normal.parts },
      agent_message: normal.agentMessage,
      produced_by: producersOf(from),
      evidence,
      provenance: reduction.provenance,
    },
    normal,
    madeSeq: reduction.moment.seq,
    madePayloads: evidence.payload_ids,
    position: -1,
    shownSeq: 0,
    isCopy: false,
    slot: null,
    claimed: false,
  };
  if (accepted !== undefined) reduction.addEvidence(item.draft, accepted.seq);
  reduction.state.items.push(item.draft);
  thread.draft.conversation_item_ids = appended(thread.draft.conversation_item_ids, itemId);
  if (normal.providerItemId !== null) {
    // What only refers to an item, for the second time, is not that item.
    if (!normal.isReference || !conversation.byProviderId.has(normal.providerItemId)) {
      conversation.byProviderId.set(normal.providerItemId, item);
    }
    conversation.acceptedUnseen.delete(normal.providerItemId);
  }
  if (normal.oddity !== null) {
    reduction.diagnose(normal.oddity.code, normal.oddity.message, { type: "conversation_item", id: itemId });
  }
  link(reduction, item, from, beside);
  return item;
}

function producersOf(origin: ItemOrigin): readonly Producer[] {
  if (origin.inference !== undefined) return [inferenceProducer(origin.inference)];
  return origin.compactionId === undefined
    ? NONE
    : [{ type: "compaction", compaction_id: origin.compactionId }];
}

function inferenceProducer({ draft }: InferenceState): Producer {
  return { type: "inference", inference_call_id: draft.inference_call_id };
}

function placeOf(
  { thread, inference, compactionId, copyOf, calls }: ItemOrigin,
  callId: string,
  beside: Beside | undefined,
): ItemPlace {
  return { thread, callId, inference, compactionId, copyOf, beside, calls };
}

function link(
  reduction: Reduction,
  item: TranscriptItem,
  origin: ItemOrigin,
  beside: Beside | undefined,
): void {
  const { normal } = item;
  const { callId } = normal;
  if (origin.inference !== undefined) noteAnswer(item, origin.inference.turn);
  if (callId !== null && isCall(normal)) {
    attachCallItem(reduction, item, placeOf(origin, callId, beside));
    origin.calls?.set(callId, item);
  } else if (callId !== null && isOutput(normal))
    attachOutputItem(reduction, item, placeOf(origin, callId, beside));
  if (!mayArrive(item, origin)) return;
  if (origin.messages === undefined) offerMessage(reduction, item, origin.thread);
  else origin.messages.push(item);
}

/**
 * Whether an item may be the delivery of a message: what the model says, and what a compaction says again, are none. A message may
 * arrive while the history is compacted, and show in the replacement first; what names nobody there is the host's own, the summary.
 */
function mayArrive({ normal }: TranscriptItem, { inference, compactionId, copyOf }: ItemOrigin): boolean {
  if (inference !== undefined) return false;
  return compactionId === undefined || (copyOf === undefined && normal.agentMessage !== null);
}

/** Takes note of an item that a response says and that is there already, since the host accepted it with its body. */
export function seeInResponse(
  reduction: Reduction,
  item: TranscriptItem,
  sighting: NormalItem,
  origin: ResponseOrigin,
): void {
  const { inference } = origin;
  const { draft, slot } = item;
  seeAgain(reduction, item, sighting, origin);
  // A response may say an item twice.
  if (draft.produced_by.some(({ type }) => type === "inference")) return;
  draft.produced_by = [inferenceProducer(inference), ...draft.produced_by];
  reduction.touch(draft);
  noteAnswer(item, inference.turn);
  if (slot !== null && isCall(item.normal)) slot.inference = inference.draft;
}

/**
 * Takes note of another sighting of an item: a provider item id that it did not have yet, and the first readable text and
 * summary of a reasoning item. A reference says nothing of what it refers to.
 */
export function seeAgain(
  reduction: Reduction,
  item: TranscriptItem,
  sighting: NormalItem,
  origin: ItemOrigin,
): void {
  if (origin.calls !== undefined) noteCall(item, origin.calls);
  if (sighting === item.normal || sighting.isReference) return;
  const { draft } = item;
  const { providerItemId } = sighting;
  if (providerItemId !== null && providerItemId !== draft.provider_item_id) {
    addProviderId(reduction, item, { providerItemId, conversation: origin.thread.conversation });
  }
  if (item.normal.kind !== "reasoning") return;
  const parts = mergedReasoning(draft.body.parts, sighting.parts);
  if (parts === draft.body.parts) return;
  draft.body = { parts };
  reduction.touch(draft);
}

function noteCall(item: TranscriptItem, calls: Map<string, TranscriptItem>): void {
  const { callId } = item.normal;
  if (callId !== null && isCall(item.normal)) calls.set(callId, item);
}

/** A thought may be said under several ids: the first is the item's, and it is found by each. */
function addProviderId(
  reduction: Reduction,
  item: TranscriptItem,
  { providerItemId, conversation }: { providerItemId: string; conversation: Conversation },
): void {
  const { draft } = item;
  const accepted = draft.accepted ?? conversation.acceptedUnseen.get(providerItemId) ?? null;
  conversation.acceptedUnseen.delete(providerItemId);
  conversation.byProviderId.set(providerItemId, item);
  if (draft.provider_item_id !== null && draft.accepted === accepted) return;
  draft.provider_item_id ??= providerItemId;
  draft.accepted = accepted;
  if (accepted !== null) reduction.addEvidence(draft, accepted.seq);
  reduction.touch(draft);
}

function mergedReasoning(known: readonly BodyPart[], seen: readonly BodyPart[]): readonly BodyPart[] {
  const has = typesOf(known);
  const missing = REASONING_TYPES.filter((type) => !has.has(type) && seen.some((part) => part.type === type));
  if (missing.length === 0) return known;
  return REASONING_TYPES.flatMap((type) =>
    (missing.includes(type) ? seen : known).filter((part) => part.type === type),
  );
}

const REASONING_TYPES = ["text", "summary", "encoded"] as const;

/** Long reasoning may be seen again very often, in short. */
const types = new WeakMap<readonly BodyPart[], ReadonlySet<BodyPart["type"]>>();

function typesOf(parts: readonly BodyPart[]): ReadonlySet<BodyPart["type"]> {
  let known = types.get(parts);
  if (known === undefined) types.set(parts, (known = new Set(parts.map(({ type }) => type))));
  return known;
}
