/** Reading the model-facing arrays of payloads, each distinct element once. */
import {
  asId,
  canonicalJson,
  type Dialect,
  isJsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadItem,
} from "@rollout-trace/protocol";
import { appended, NONE } from "../graph/draft.ts";
import { keepElement, knownElement, readBy } from "../state/known-elements.ts";
import type { Reduction } from "../reduction.ts";
import type { Conversation, SeenArray } from "../state/conversation-state.ts";
import type { ArrayReader } from "./dialect.ts";
import { DIALECT_READERS } from "./dialects.ts";
import { contextLength, fillIn, seenAt } from "./live-context.ts";
import {
  itemsOf,
  type NormalElement,
  type Normalise,
  type NormalItem,
  type NormalItems,
} from "./normal-item.ts";
import { textKey } from "./text-key.ts";

/** A model-facing document, compared with the live context as far as the store knows it to be the same. */
export interface Reading {
  /** How many items of the live context come before `rest`. */
  readonly kept: number;
  readonly rest: readonly NormalItem[];
  /** The history of a whole request, which the next one may begin with; null where it could not be read in full. */
  readonly seenArray: SeenArray | null;
}

export interface Document {
  readonly payloadId: string;
  readonly dialect: Dialect;
  readonly conversation: Conversation;
  /** Where in the live context the document begins; null for one that is not compared with it. */
  readonly comparedFrom: number | null;
}

/** The context of a request: its instructions, where they stand beside its history, and its history. */
export function readContext(reduction: Reduction, document: Document): Reading | null {
  const { head, history } = DIALECT_READERS[document.dialect];
  const instructions = head === null ? null : readHead(reduction, document.payloadId, head);
  const whole =
    addedTo(reduction, document, history) ?? arrayOf(reduction, document, { reader: history, mayGoOn: true });
  if (head === null || instructions === null) return readArrays(reduction, document, [whole]);
  const beside = { reader: head, items: instructions, isHead: true, mayGoOn: false, after: null };
  return readArrays(reduction, document, [beside, whole]);
}

/** What a request adds to the context that it continues. */
export function readAddition(reduction: Reduction, document: Document): Reading | null {
  const { history } = DIALECT_READERS[document.dialect];
  return readArrays(reduction, document, [arrayOf(reduction, document, { reader: history })]);
}

export function readResponse(reduction: Reduction, document: Document): Reading | null {
  const { response } = DIALECT_READERS[document.dialect];
  return readArrays(reduction, document, [arrayOf(reduction, document, { reader: response })]);
}

/** One of the two histories of a compaction's checkpoint. */
export function readHistory(
  reduction: Reduction,
  document: Document,
  key: "input_history" | "replacement_history",
): Reading | null {
  const { normalise } = DIALECT_READERS[document.dialect].history;
  return readArrays(reduction, document, [
    arrayOf(reduction, document, { reader: { keys: [key], normalise } }),
  ]);
}

/** The items of one element that is a payload of its own. */
export function readElement(
  reduction: Reduction,
  { payloadId, dialect }: { payloadId: string; dialect: Dialect },
): readonly NormalItem[] {
  const value = readJson(reduction, payloadId);
  return value === null ? [] : itemsOf(DIALECT_READERS[dialect].history.normalise(value, payloadId));
}

/** An array as it was recorded. `items` is null (and there was a diagnostic) when it cannot be read. */
interface RecordedArray {
  readonly reader: ArrayReader;
  readonly items: readonly PayloadItem[] | null;
  readonly isHead: boolean;
  /** Whether the next request may begin with it. */
  readonly mayGoOn: boolean;
  /** The elements before `items`, which the live context has from a place on; null for an array that is there as a whole. */
  readonly after: Omit<SeenArray, "payloadId" | "normalise"> | null;
}

/** More than any thread needs whose requests are about as long as its contexts, or whose contexts are looked through once. */
const LOOKAHEAD = 8;

/** Elements at the end of a history that the next one may have in another form: marks of the provider's cache, reminders. */
const CHANGING_ELEMENTS = 16;

function readArrays(
  reduction: Reduction,
  document: Document,
  arrays: readonly RecordedArray[],
): Reading | null {
  const { conversation, comparedFrom } = document;
  let length = 0;
  for (const { items, after } of arrays) length += (after?.count ?? 0) + (items?.length ?? 0);
  conversation.lookahead += LOOKAHEAD * length;
  if (comparedFrom !== null) fillIn(conversation, length);
  let reading: Reading | null = {
    kept: comparedFrom ?? contextLength(conversation),
    rest: NONE,
    seenArray: null,
  };
  for (const array of arrays) {
    reading = readArray(reduction, { document, array, before: reading });
    if (reading === null) return null;
  }
  return reading;
}

interface ArrayInDocument {
  readonly document: Document;
  readonly array: RecordedArray;
  /** What was read of the arrays before it. */
  readonly before: Reading;
}

function readArray(reduction: Reduction, { document, array, before }: ArrayInDocument): Reading | null {
  const { payloadId, conversation } = document;
  const { reader, isHead, mayGoOn, after } = array;
  let { kept, rest } = before;
  const from = kept + rest.length;
  const goesOn = after !== null && rest.length === 0 && kept === after.from;
  const { items } = goesOn || after === null ? array : arrayOf(reduction, document, array);
  if (items === null) return null;
  if (goesOn) kept = after.ends.at(-1) ?? kept;
  const count = (goesOn ? after.count : 0) + items.length;
  if (count > conversation.longestArray) {
    reduction.state.elements.capacity += 2 * (count - conversation.longestArray);
    conversation.longestArray = count;
  }
  const ends = goesOn && items.length < CHANGING_ELEMENTS ? after.ends.slice(0, -1) : [];
  let isWhole = true;
  const { normalise } = reader;
  let index = rest.length > 0 ? 0 : sameAtOnce(conversation, kept, { items, normalise });
  kept += index;
  for (; index < items.length; index += 1) {
    if (mayGoOn && index + CHANGING_ELEMENTS > items.length) ends.push(kept + rest.length);
    const item = items[index] as PayloadItem;
    const same = rest.length > 0 ? 0 : sameItems(conversation, kept, item, reader);
    if (same > 0) {
      kept += same;
      continue;
    }
    const element = elementOf(reduction, item, { reader, payloadId, isHead });
    if (element === null) {
      isWhole = false;
      continue;
    }
    if (element.kind !== null) {
      rest = appended(rest, element);
      continue;
    }
    for (const normal of element.items) rest = appended(rest, normal);
    conversation.lookahead += LOOKAHEAD * Math.max(element.items.length - 1, 0);
    if (element.outsideId !== null) leaveOut(conversation, element.outsideId);
  }
  if (!isWhole || !mayGoOn) return { kept, rest, seenArray: null };
  ends.push(kept + rest.length);
  return { kept, rest, seenArray: { payloadId, normalise, count, from, ends } };
}

/** What a history has after what the one before it began with, where the source can tell. */
function addedTo(
  { payloads }: Reduction,
  { payloadId, conversation: { seenArray } }: Document,
  reader: ArrayReader,
): RecordedArray | null {
  if (seenArray === null || seenArray.normalise !== reader.normalise) return null;
  const [key = ""] = reader.keys;
  const { from, count, ends } = seenArray;
  const since = payloads.itemsSince?.(asId(payloadId), key, asId(seenArray.payloadId)) ?? null;
  if (since === null) return null;
  const { shared, items } = since;
  const place = ends.length - (count - shared);
  if (ends[place - 1] === undefined) return null;
  return {
    reader,
    items,
    isHead: false,
    mayGoOn: true,
    after: { count: shared, from, ends: ends.slice(0, place) },
  };
}

/**
 * How many elements at the beginning of an array, but for its last few, the store knows to be items of the live context, one each. Most
 * of a request is what the one before it was: this is what `sameItems` does, sooner, until an element stands for several items.
 */
function sameAtOnce(
  { before: { depth }, seenAs }: Conversation,
  position: number,
  { items, normalise }: { readonly items: readonly PayloadItem[]; readonly normalise: Normalise },
): number {
  const from = position - depth;
  const most = from < 0 ? 0 : Math.min(items.length - CHANGING_ELEMENTS, seenAs.length - from);
  for (let index = 0; index < most; index += 1) {
    const seen = seenAs[from + index] as NormalItem | null;
    if (seen === null || seen.contentId !== (items[index] as PayloadItem).contentId) return index;
    if (seen.normalise !== normalise || seen.siblings !== null) return index;
  }
  return Math.max(most, 0);
}

/** How many items of the live context, from `position` on, the store knows to be those of a recorded element. */
function sameItems(
  conversation: Conversation,
  position: number,
  item: PayloadItem,
  reader: ArrayReader,
): number {
  const { before, seenAs } = conversation;
  // Nearly all of it is filled in.
  const seen =
    position < before.depth ? seenAt(conversation, position) : (seenAs[position - before.depth] ?? null);
  if (seen === null || seen.contentId !== item.contentId || seen.normalise !== reader.normalise) return 0;
  const { siblings } = seen;
  if (siblings === null) return 1;
  for (let index = 0; index < siblings.length; index += 1) {
    if (seenAt(conversation, position + index) !== siblings[index]) return 0;
  }
  return siblings.length;
}

/** The acceptance of an element that is not part of the transcript is no lost item. */
function leaveOut(conversation: Conversation, providerItemId: string): void {
  conversation.outsideIds.add(providerItemId);
  conversation.acceptedUnseen.delete(providerItemId);
}

/** A document, or null (and a diagnostic, unless the payload is known to be missing) when it cannot be read. */
function readJson(reduction: Reduction, payloadId: string): JsonValue | null {
  const read = reduction.payloads.json(asId<PayloadId>(payloadId));
  if (read.ok) return read.value;
  unreadable(reduction, payloadId, read.message);
  return null;
}

type JsonFields = { readonly [key: string]: JsonValue };

/** A document that must be an object. */
export function readObject(reduction: Reduction, payloadId: string): JsonFields | null {
  const value = readJson(reduction, payloadId);
  if (value === null || isJsonObject(value)) return value;
  unreadable(reduction, payloadId, "it is not an object");
  return null;
}

/** A document that must be an object, for the fields that stand beside its model-facing arrays. */
export function readFrame(reduction: Reduction, payloadId: string): JsonFields | null {
  const { payloads } = reduction;
  const read = payloads.frame?.(asId<PayloadId>(payloadId)) ?? payloads.json(asId<PayloadId>(payloadId));
  if (read.ok && isJsonObject(read.value)) return read.value;
  unreadable(reduction, payloadId, read.ok ? "it is not an object" : read.message);
  return null;
}

function arrayOf(
  reduction: Reduction,
  { payloadId }: Document,
  { reader, mayGoOn = false }: { readonly reader: ArrayReader; readonly mayGoOn?: boolean },
): RecordedArray {
  let message = "";
  for (const key of reader.keys) {
    const read = reduction.payloads.items(asId<PayloadId>(payloadId), key);
    if (read.ok) return { reader, items: read.value, isHead: false, mayGoOn, after: null };
    message = read.message;
    if (read.code !== "no_such_array") break;
  }
  const items = shortForm(reduction, payloadId, reader);
  if (items === null) unreadable(reduction, payloadId, message);
  return { reader, items, isHead: false, mayGoOn, after: null };
}

/** A bare string in place of an array. */
function shortForm(
  reduction: Reduction,
  payloadId: string,
  { keys, fromText }: ArrayReader,
): readonly PayloadItem[] | null {
  if (fromText === undefined) return null;
  const read = reduction.payloads.json(asId<PayloadId>(payloadId));
  const fields = read.ok && isJsonObject(read.value) ? read.value : {};
  const text = keys.map((key) => fields[key]).find((value) => typeof value === "string");
  return text === undefined ? null : [itemOfText(text, fromText)];
}

/** The instructions of a request, or null when there are none, or none that can be read. */
function readHead(
  reduction: Reduction,
  payloadId: string,
  reader: ArrayReader,
): readonly PayloadItem[] | null {
  const frame = readFrame(reduction, payloadId);
  if (frame === null) return null;
  const [key = ""] = reader.keys;
  const value = Object.hasOwn(frame, key) ? frame[key] : undefined;
  if (typeof value === "string" && reader.fromText !== undefined) return [itemOfText(value, reader.fromText)];
  if (!Array.isArray(value)) return null;
  const elements = value as readonly JsonValue[];
  if (elements.length > 0)
    return elements.map((element) => itemOfValue(textKey(canonicalJson(element)), element));
  const read = reduction.payloads.items(asId<PayloadId>(payloadId), key);
  return read.ok ? read.value : null;
}

function itemOfText(text: string, fromText: (text: string) => JsonValue): PayloadItem {
  return itemOfValue(textKey(`text:${text}`), fromText(text));
}

function itemOfValue(contentId: string, value: JsonValue): PayloadItem {
  return { contentId, value: () => ({ ok: true, value }) };
}

/** A recorded element, read and normalised unless it is known from before. */
function elementOf(
  reduction: Reduction,
  item: PayloadItem,
  { reader, payloadId, isHead }: { reader: ArrayReader; payloadId: string; isHead: boolean },
): NormalElement | null {
  const { normalise } = reader;
  const { contentId } = item;
  const { elements } = reduction.state;
  const readBefore = readBy(elements, normalise);
  const known = knownElement(readBefore, contentId, elements.capacity);
  if (known !== undefined) return known;
  const read = item.value();
  if (!read.ok) {
    unreadable(reduction, payloadId, read.message);
    return null;
  }
  const normalised = normalise(read.value, payloadId);
  const element = "items" in normalised ? elementOfItems(normalised) : normalised;
  const readFrom = { contentId, normalise, isHead };
  if (element.kind !== null) noteElement(element, readFrom, null);
  else for (const normal of element.items) noteElement(normal, readFrom, element.items);
  keepElement(readBefore, { contentId, element }, elements.capacity);
  return element;
}

function noteElement(
  normal: NormalItem,
  { contentId, normalise, isHead }: Pick<NormalItem, "contentId" | "normalise" | "isHead">,
  siblings: readonly NormalItem[] | null,
): void {
  normal.contentId = contentId;
  normal.normalise = normalise;
  normal.isHead = isHead;
  normal.siblings = siblings;
}

function elementOfItems({ items, outsideId = null }: NormalItems): NormalElement {
  const [sole] = items;
  return sole !== undefined && items.length === 1 ? sole : { kind: null, items, outsideId };
}

function unreadable(reduction: Reduction, payloadId: string, message: string): void {
  // A payload that is not there was reported when it was first named.
  if (reduction.state.payloads.missing.has(payloadId)) return;
  reduction.diagnose("invalid_payload", `payload ${JSON.stringify(payloadId)}: ${message}`, {
    type: "payload",
    id: payloadId,
  });
}
