/**
 * Finds, for what one agent sent another, the conversation item in which it arrived.
 *
 * The item is recognised by its thread, its author and its content. A message between agents may be wrapped in a header, its text
 * may travel as an encoded part or beside other parts, and not every host says who wrote it: so an item is known by several looks,
 * and some fit better than others. The sender knows only what it sent.
 *
 * The better item may show up later than the other one, and the sending may be told of before, after or in between. So a delivery
 * that is not of the best fit is loose: it is withdrawn when an item that fits better shows up.
 */
import { isOutput, plainText } from "../conversation/normal-item.ts";
import { textKey, textKeyOf } from "../conversation/text-key.ts";
import type { Evidence } from "../graph/base.ts";
import { appended, type Made, NONE, SHORT } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { EdgeState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { offer, shelve, take, takeSince } from "../state/queues.ts";
import type { Look, LooseDeliveries, LooseDelivery, ThreadState } from "../state/thread-state.ts";
import { addProducer } from "./producers.ts";

export interface Delivery {
  readonly recipient: ThreadState;
  /** The text key of the sender's agent path. */
  readonly author: string;
  readonly message: string;
  /** For a result: the text key of the thread that it is of. */
  readonly childId?: string | undefined;
}

/** How an item may look like a message, the best first. `FIT[sort] + 1` is for an item of which only one part says it. */
const FIT = Object.freeze({
  /** It names the author. */
  named: 0,
  /** A call returned it that started the agent. */
  returned: 2,
  /** A call returned it that may have waited for the agent. */
  returnedByAny: 4,
  /** It names nobody, and may be anybody's: a person says `yes` too. */
  unnamed: 6,
  /** It names nobody, and stands in what its thread began with before something that the model had said by then. */
  inherited: 8,
});

/** Links an edge to the item that carries its message, now or when that item shows up. */
export function expectMessage(reduction: Reduction, edge: EdgeState, delivery: Delivery): void {
  const { recipient } = delivery;
  const sentSeq = sentSeqOf(edge);
  sortMessages(recipient);
  const looks = expectedLooks(delivery);
  for (const [index, look] of looks.entries()) {
    const released = recipient.loose?.released;
    const item =
      (released === undefined ? undefined : takeSince(released, look.key, sentSeq)) ??
      takeSince(recipient.possibleMessages, look.key, sentSeq);
    if (item === undefined) continue;
    give(reduction, { recipient, edge, item, look });
    for (const better of looks.slice(0, index)) offer(looseOf(recipient).expected, better.key, edge);
    return;
  }
  for (const { key } of looks) offer(recipient.expectedMessages, key, edge);
}

/** Links an item that has just been created to the oldest edge that waits for it, and keeps what is left of it for one that will. */
export function offerMessage(reduction: Reduction, item: TranscriptItem, thread: ThreadState): void {
  const { agentMessage, role, kind } = item.normal;
  const isMessage = kind === "message" && (agentMessage !== null || role === "user");
  if (!isMessage && !(thread.spawns !== undefined && isAnswer(item))) return;
  const expectsAny = thread.expectedMessages.size > 0 || thread.loose !== undefined;
  if (expectsAny && isTaken(reduction, { item, recipient: thread }, looksOf(item))) return;
  thread.unsortedMessages.push(item);
}

/**
 * The same for what a thread's first request has. The model has said nothing in that thread: what stands before something that it
 * said is a history that the thread was given to begin with.
 */
export function offerFirstMessages(
  reduction: Reduction,
  items: readonly TranscriptItem[],
  thread: ThreadState,
): void {
  const { live } = thread.conversation;
  const inherited = live.findLastIndex(({ normal: { role, agentMessage } }) => {
    return role === "tool" || (role === "assistant" && agentMessage === null);
  });
  for (const item of items) {
    if (item.position < inherited) item.isInherited = true;
    offerMessage(reduction, item, thread);
  }
}

/**
 * Gives an item to the oldest edge that has none and whose message it may be, or else to the oldest one that has an item which fits
 * worse. What that one had before is given on. Each part of an output may go to another edge; false where others may have more of it.
 */
function isTaken(
  reduction: Reduction,
  { item, recipient }: Pick<Given, "item" | "recipient">,
  looks: readonly Look[],
): boolean {
  for (const look of looks) {
    if (item.carried?.has(look.key) === true) continue;
    const edge = nextWaiting(recipient, look, item) ?? nextImprovable(recipient, look, item);
    if (edge === undefined) continue;
    const before = recipient.loose?.of.get(edge);
    if (before !== undefined) withdraw(edge, before);
    give(reduction, { recipient, edge, item, look });
    if (before !== undefined) release(reduction, before, recipient);
    if (item.claimed) return true;
  }
  return false;
}

/** Those that come first and have an item by now are put aside: they wait for one that fits better, if there may be any. */
function nextWaiting(
  { expectedMessages, loose }: ThreadState,
  { fit, key }: Look,
  item: TranscriptItem,
): EdgeState | undefined {
  const queue = expectedMessages.get(key);
  if (queue === undefined) return undefined;
  while (queue.head < queue.entries.length) {
    const edge = queue.entries[queue.head] as EdgeState;
    const isWaiting = edge.draft.target === null;
    if (isWaiting && sentSeqOf(edge) > item.madeSeq) return undefined;
    take(expectedMessages, key);
    if (isWaiting) return edge;
    const delivered = loose?.of.get(edge);
    if (loose !== undefined && delivered !== undefined && delivered.look.fit > fit)
      offer(loose.expected, key, edge);
  }
  return undefined;
}

function nextImprovable(
  { loose }: ThreadState,
  { fit, key }: Look,
  item: TranscriptItem,
): EdgeState | undefined {
  const queue = loose?.expected.get(key);
  if (loose === undefined || queue === undefined) return undefined;
  while (queue.head < queue.entries.length) {
    const edge = queue.entries[queue.head] as EdgeState;
    const isImprovable = (loose.of.get(edge)?.look.fit ?? 0) > fit;
    if (isImprovable && sentSeqOf(edge) > item.madeSeq) return undefined;
    take(loose.expected, key);
    if (isImprovable) return edge;
  }
  return undefined;
}

/** Gives on what has turned out not to be the message that it was taken for. */
function release(reduction: Reduction, { item, look }: LooseDelivery, recipient: ThreadState): void {
  const looks = isOfPart(item, look) ? [look] : releasedLooksOf(item);
  if (isTaken(reduction, { item, recipient }, looks)) return;
  const { released } = looseOf(recipient);
  for (const { key } of looks) {
    // A shelf is in order. One that is released after a younger one that says the same is not looked for again.
    if ((released.get(key)?.entries.at(-1)?.madeSeq ?? 0) <= item.madeSeq) shelve(released, key, item);
  }
}

/** Puts the items that look like a message under what they look like. Most threads are sent none, and never ask. */
function sortMessages({ unsortedMessages, possibleMessages }: ThreadState): void {
  for (const item of unsortedMessages) {
    for (const { key } of looksOf(item)) shelve(possibleMessages, key, item);
  }
  unsortedMessages.length = 0;
}

/**
 * Whether an item may be an agent's answer that a call returned: the call that started the agent, or one that waited for it. What
 * else says the same, says it by chance.
 */
function isAnswer(item: TranscriptItem): boolean {
  if (!isOutput(item.normal)) return false;
  const call = item.slot?.toolCall ?? null;
  if (call === null) return true;
  const { type } = call.draft.kind;
  return call.interaction !== null || type === "spawn_agent" || type === "wait_agent";
}

/** What the item of a message may look like, the best look first. */
function expectedLooks({ author, message, childId }: Delivery): readonly Look[] {
  const content = textKey(message);
  // Other messages do not arrive as what a tool returns, whatever tools may print.
  const returned =
    childId === undefined
      ? NONE
      : [...wholeOrPart(FIT.returned, childId, content), ...wholeOrPart(FIT.returnedByAny, null, content)];
  return [
    ...wholeOrPart(FIT.named, author, content),
    ...returned,
    ...wholeOrPart(FIT.unnamed, null, content),
    ...wholeOrPart(FIT.inherited, null, content),
  ];
}

function wholeOrPart(fit: number, who: string | null, content: string): readonly Look[] {
  return [lookOf(fit, who, content), lookOf(fit + 1, who, content)];
}

interface SortedLooks {
  readonly sort: Sort;
  readonly looks: readonly Look[];
}

/** What items that were released looked like then. */
const releasedLooks = new WeakMap<TranscriptItem, SortedLooks>();

/** The looks of an item that is released: it may be long, and be released again and again. */
function releasedLooksOf(item: TranscriptItem): readonly Look[] {
  const sort = sortOf(item);
  const known = releasedLooks.get(item);
  if (known?.sort[0] === sort[0] && known.sort[1] === sort[1]) return known.looks;
  const looks = looksOf(item);
  releasedLooks.set(item, { sort, looks });
  return looks;
}

function looksOf(item: TranscriptItem): readonly Look[] {
  const [fit, who] = sortOf(item);
  const whole = contentsOf(item);
  const parts = partsOf(item).filter((content) => !whole.includes(content));
  return [
    ...whole.map((content) => lookOf(fit, who, textKey(content))),
    ...parts.map((content) => lookOf(fit + 1, who, textKey(content))),
  ];
}

type Sort = readonly [fit: number, who: string | null];

function sortOf(item: TranscriptItem): Sort {
  if (isOutput(item.normal)) {
    // What a call that started an agent returned is that agent's answer and no other's.
    const interaction = item.slot?.toolCall?.interaction ?? null;
    const childId = interaction?.targetThreadId ?? null;
    return interaction === null || childId === null
      ? [FIT.returnedByAny, null]
      : [FIT.returned, textKeyOf(interaction, childId)];
  }
  const author = item.normal.agentMessage?.author ?? null;
  if (author !== null) return [FIT.named, textKey(author)];
  return [item.isInherited === true ? FIT.inherited : FIT.unnamed, null];
}

/** `who` and `content` are text keys, so that what is long is hashed once for all looks. */
function lookOf(fit: number, who: string | null, content: string): Look {
  return { fit, key: textKey(JSON.stringify([fit, who, content])) };
}

/** Whether an item is the delivery by one of its parts, of which others may be of other agents: one call may wait for several. */
function isOfPart({ normal }: TranscriptItem, { fit }: Look): boolean {
  return isOutput(normal) && fit % 2 === 1;
}

interface Given {
  readonly recipient: ThreadState;
  readonly edge: EdgeState;
  readonly item: TranscriptItem;
  readonly look: Look;
}

function give(reduction: Reduction, { recipient, edge, item, look }: Given): void {
  if (isOfPart(item, look)) (item.carried ??= new Map()).set(look.key, edge);
  else item.claimed = true;
  edge.draft.target = { type: "conversation_item", id: item.draft.item_id };
  edge.draft.carried_item_ids = appended(edge.draft.carried_item_ids, item.draft.item_id);
  addProducer(item.draft, { type: "interaction_edge", edge_id: edge.draft.edge_id });
  reduction.addOrigin(edge.draft, item);
  reduction.addOrigin(item.draft, edge);
  if (look.fit > FIT.named) looseOf(recipient).of.set(edge, { item, look });
  else recipient.loose?.of.delete(edge);
}

/** Undoes what `give` has done. */
function withdraw(edge: EdgeState, { item, look }: LooseDelivery): void {
  if (isOfPart(item, look)) item.carried?.delete(look.key);
  else item.claimed = false;
  edge.draft.target = null;
  edge.draft.carried_item_ids = NONE;
  item.draft.produced_by = without(
    item.draft.produced_by,
    (producer) => producer.type === "interaction_edge" && producer.edge_id === edge.draft.edge_id,
  );
  const carried = new Set([...edge.draft.carried_payload_ids, ...edge.madePayloads]);
  edge.draft.evidence = withoutOrigin(edge.draft.evidence, item, carried);
  const own = new Set(item.madePayloads);
  for (const { madePayloads } of item.carried?.values() ?? []) for (const id of madePayloads) own.add(id);
  item.draft.evidence = withoutOrigin(item.draft.evidence, edge, own);
}

/** No event makes both an item and an edge, or tells again of both: what the one has of the other it has of nothing else. */
function withoutOrigin(
  { seqs, payload_ids }: Evidence,
  { madeSeq, madePayloads }: Made,
  own: ReadonlySet<string>,
): Evidence {
  let others = payload_ids;
  for (const payloadId of madePayloads)
    if (!own.has(payloadId)) others = without(others, (id) => id === payloadId);
  return { seqs: without(seqs, (seq) => seq === madeSeq), payload_ids: others };
}

/**
 * A list without its last entry that is the one, which takes its place. That is looked for from the end: an item may be moved over many
 * edges, and what has been added to it since it was given to an edge is before what the next one adds.
 */
function without<Entry>(list: readonly Entry[], isIt: (entry: Entry) => boolean): readonly Entry[] {
  const index = list.findLastIndex(isIt);
  if (index < 0) return list;
  if (list.length <= SHORT) return list.toSpliced(index, 1);
  (list as Entry[]).splice(index, 1);
  return list;
}

function looseOf(thread: ThreadState): LooseDeliveries {
  return (thread.loose ??= { of: new Map(), expected: new Map(), released: new Map() });
}

/** When a message was sent: an item that was seen before is not its delivery. */
function sentSeqOf({ call, resultOf }: EdgeState): number {
  return (call ?? resultOf)?.draft.execution.started_seq ?? 0;
}

/** Hosts put `Message Type: …` and more lines before the message itself. */
const HEADER = /^Message Type: [^\n]*\n(?:[^\n]*\n)*?Payload:\n/;

/** Long enough for any header; the pattern is not run over a whole message. */
const HEADER_CODE_UNITS = 2000;

function contentsOf(item: TranscriptItem): readonly string[] {
  const text = plainText(item.normal.parts);
  const encoded = item.normal.parts.map((part) => (part.type === "encoded" ? part.value : "")).join("");
  const header = HEADER.exec(text.slice(0, HEADER_CODE_UNITS))?.[0] ?? "";
  const payload = text.slice(header.length);
  return [...new Set([text, payload, encoded, payload + encoded])].filter((content) => content !== "");
}

/** More than a call waits for. */
const MOST_PARTS = 256;

/** What the parts of an item say each for itself: hosts put what they have to say beside the message. */
function partsOf({ normal: { parts } }: TranscriptItem): readonly string[] {
  const texts = parts.slice(0, MOST_PARTS).map((part) => (part.type === "text" ? part.text : ""));
  return [...new Set(texts)].filter((content) => content !== "");
}
