/** Requests can be expanded, every item came from somewhere, and none is carried before it was made. */
import type { Anchor, TokenUsage } from "../base.ts";
import type { ItemKind, ItemRole } from "../conversation.ts";
import { type Check, isEachOnce } from "./violations.ts";

/** Whose an item of each kind is; a message may be anybody's. */
const ROLES: { readonly [Kind in Exclude<ItemKind, "message">]: ItemRole } = {
  reasoning: "assistant",
  function_call: "assistant",
  function_call_output: "tool",
  custom_tool_call: "assistant",
  custom_tool_call_output: "tool",
  compaction_marker: "assistant",
};

export function checkConversation(check: Check): void {
  for (const [id, call] of check.each("inference_call")) {
    const object = { type: "inference_call", id } as const;
    const { base_inference_call_id: baseId, keep, item_ids: itemIds } = call.request;
    const base = check.get("inference_call", baseId);
    const length =
      base === undefined
        ? 0
        : base.request.keep + base.request.item_ids.length + base.response_item_ids.length;
    check.holds(object, keep >= 0 && keep <= length, `keeps ${keep} of ${length} items`);
    check.holds(object, isEachOnce(itemIds), "its request repeats an item");
    checkCarried(check, object, {
      threadId: call.thread_id,
      itemIds: [...itemIds, ...call.response_item_ids],
    });
    checkResponse(check, object, call);
    if (base === undefined) continue;
    check.holds(object, base.thread_id === call.thread_id, "its base is of another thread");
    check.holds(object, base.execution.started_seq < call.execution.started_seq, "its base is not before it");
  }
  checkSources(check);
  checkItems(check);
  checkCompactions(check);
  checkOrder(check);
}

/** Each item was carried by a request, a response or a compaction, or came into the history with one that was accepted. */
function checkSources(check: Check): void {
  const carried = new Set<string>();
  const accepting = new Set<number | undefined>();
  const add = (ids: readonly (string | null)[]): void => {
    for (const id of ids) if (id !== null) carried.add(id);
  };
  for (const [, { request, response_item_ids }] of check.each("inference_call")) {
    add(request.item_ids);
    add(response_item_ids);
  }
  for (const [, compaction] of check.each("compaction")) {
    add([compaction.marker_item_id, ...compaction.input_item_ids, ...compaction.replacement_item_ids]);
  }
  const items = check.each("conversation_item");
  for (const [, { accepted }] of items) accepting.add(accepted?.seq);
  for (const [id, { evidence }] of items) {
    const isKnown = carried.has(id) || evidence.seqs.some((seq) => accepting.has(seq));
    const object = { type: "conversation_item", id } as const;
    check.holds(object, isKnown, "nothing carried it");
    check.holds(object, evidence.payload_ids.length > 0, "no payload is evidence of it");
  }
}

/** An item is of the role of its kind, made by each thing once, and accepted by an event that is evidence of it. */
function checkItems(check: Check): void {
  const markers = new Set(check.each("compaction").map(([, { marker_item_id: id }]) => id));
  for (const [id, { role, kind, produced_by, accepted, evidence }] of check.each("conversation_item")) {
    const object = { type: "conversation_item", id } as const;
    check.holds(object, kind === "message" || role === ROLES[kind], "its role is not that of its kind");
    check.holds(object, kind !== "compaction_marker" || markers.has(id), "it is the marker of no compaction");
    const producers = produced_by.map((each) => JSON.stringify(each));
    check.holds(object, isEachOnce(producers), "its produced_by has a producer twice");
    const isEvident = accepted === null || evidence.seqs.includes(accepted.seq);
    check.holds(object, isEvident, "the event that accepted it is not in its evidence");
  }
}

function checkCompactions(check: Check): void {
  for (const [id, compaction] of check.each("compaction")) {
    const object = { type: "compaction", id } as const;
    const { marker_item_id: markerId, input_item_ids, replacement_item_ids } = compaction;
    const isInstalled = compaction.installed_seq !== null;
    check.holds(object, isInstalled === (markerId !== null), "only what was installed has a marker");
    const { seqs, payload_ids } = compaction.evidence;
    check.holds(object, payload_ids.length > 0, "no payload is evidence of it");
    const { installed_seq: installed } = compaction;
    const isEvident = installed === null || seqs.includes(installed);
    check.holds(object, isEvident, "the event that installed it is not in its evidence");
    const marker = check.get("conversation_item", markerId);
    check.holds(
      object,
      marker === undefined || marker.kind === "compaction_marker",
      "its marker is an item of another kind",
    );
    checkCarried(check, object, {
      threadId: compaction.thread_id,
      itemIds: [markerId, ...input_item_ids, ...replacement_item_ids],
    });
  }
  for (const [id, request] of check.each("compaction_request")) {
    const object = { type: "compaction_request", id } as const;
    const compaction = check.get("compaction", request.compaction_id);
    check.holds(
      object,
      compaction === undefined || compaction.thread_id === request.thread_id,
      "its compaction is of another thread",
    );
    checkResponse(check, object, request);
  }
}

function checkCarried(
  check: Check,
  object: Anchor,
  of: { readonly threadId: string; readonly itemIds: readonly (string | null)[] },
): void {
  for (const id of of.itemIds) {
    const item = check.get("conversation_item", id);
    const isOurs = item === undefined || item.thread_id === of.threadId;
    check.holds(object, isOurs, `item ${JSON.stringify(id)} is of another thread`);
  }
}

interface Responded {
  readonly usage: TokenUsage | null;
  readonly response_payload_id: string | null;
  readonly response_item_ids?: readonly string[];
}

function checkResponse(check: Check, object: Anchor, call: Responded): void {
  const says = call.usage !== null || (call.response_item_ids ?? []).length > 0;
  check.holds(object, !says || call.response_payload_id !== null, "what its response says is in no payload");
}

/** Items are numbered as they are made: each in its thread's order, and before whatever carries it. */
function checkOrder(check: Check): void {
  const madeAfter = new Map<string, number>();
  let latest = 0;
  for (const [id, { evidence }] of check.each("conversation_item")) {
    // Something older may be evidence of an item too, but an item is no older than those before it.
    latest = Math.max(latest, evidence.seqs[0] ?? 0);
    madeAfter.set(id, latest);
  }
  const isMade = (ids: readonly (string | null)[], seq: number): boolean =>
    ids.every((id) => id === null || (madeAfter.get(id) ?? 0) <= seq);
  for (const [id, { request, execution }] of check.each("inference_call")) {
    const object = { type: "inference_call", id } as const;
    check.holds(object, isMade(request.item_ids, execution.started_seq), "its request has a later item");
  }
  for (const [id, compaction] of check.each("compaction")) {
    const { marker_item_id: marker, input_item_ids, replacement_item_ids, installed_seq: seq } = compaction;
    const items = [marker, ...input_item_ids, ...replacement_item_ids];
    check.holds({ type: "compaction", id }, seq === null || isMade(items, seq), "it has a later item");
  }
  for (const [id, { conversation_item_ids: ids }] of check.each("thread")) {
    const isInOrder = ids.every((item, index) => index === 0 || numberOf(ids[index - 1]) < numberOf(item));
    check.holds({ type: "thread", id }, isInOrder, "its items are not in the order in which they were made");
  }
}

function numberOf(itemId: string | undefined): number {
  return Number(itemId?.slice("item:".length));
}
