/** Reading the model-facing arrays of payloads, each distinct element once. */
import {
  asId,
  type Dialect,
  isJsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadItem,
} from "@rollout-trace/protocol";
import type { Reduction } from "../reduction.ts";
import type { Conversation } from "../state/conversation-state.ts";
import type { NormalItem, Normalise, SkippedItem } from "./normal-item.ts";
import { normaliseOpenAiResponses } from "./openai-responses.ts";

/** An element of a model-facing array that belongs to the transcript. */
export interface Element {
  readonly normal: NormalItem;
  /** The store's content id, or "" for an element that is not of a listed array. */
  readonly contentId: string;
}

/** The wire formats that can be read. */
const NORMALISERS: { readonly [Known in Dialect]?: Normalise } = {
  openai_responses: normaliseOpenAiResponses,
};

/** The keys under which each kind of document keeps its items. */
const REQUEST_KEYS = ["input"] as const;
const RESPONSE_KEYS = ["output_items", "output"] as const;

export type ElementKeys =
  | typeof REQUEST_KEYS
  | typeof RESPONSE_KEYS
  | readonly ["input_history"]
  | readonly ["replacement_history"];

export { REQUEST_KEYS, RESPONSE_KEYS };

/** A model-facing array, compared with the live context as far as the store knows it to be the same. */
export interface Reading {
  /** How many items of the live context come before `elements`. */
  readonly kept: number;
  readonly elements: readonly Element[];
}

export interface ElementSource {
  readonly payloadId: string;
  readonly keys: ElementKeys;
  readonly dialect: Dialect;
  readonly conversation: Conversation;
  /** Where in the live context the array begins; null for one that is not compared with it. */
  readonly comparedFrom: number | null;
}

/** The elements of an array, or null (and a diagnostic) when there is none that can be read. */
export function readElements(reduction: Reduction, source: ElementSource): Reading | null {
  const normalise = normaliserOf(reduction, source);
  if (normalise === null) return null;
  const items = readArray(reduction, source);
  if (items === null) return null;
  const { live, liveContent } = source.conversation;
  let kept = source.comparedFrom ?? live.length;
  const elements: Element[] = [];
  for (const item of items) {
    if (elements.length === 0 && kept < live.length && item.contentId === liveContent[kept]) {
      kept += 1;
      continue;
    }
    const normal = normalItem(reduction, item, { ...source, normalise });
    if (normal === null) continue;
    if (!normal.skipped) elements.push({ normal, contentId: item.contentId });
    else if (normal.providerItemId !== null) leaveOut(source.conversation, normal.providerItemId);
  }
  return { kept, elements };
}

/** The acceptance of an element that is not part of the transcript is no lost item. */
function leaveOut(conversation: Conversation, providerItemId: string): void {
  conversation.outsideIds.add(providerItemId);
  conversation.acceptedUnseen.delete(providerItemId);
}

/** One element that is a payload of its own. */
export function readElement(
  reduction: Reduction,
  source: { payloadId: string; dialect: Dialect },
): NormalItem | SkippedItem | null {
  const normalise = normaliserOf(reduction, source);
  if (normalise === null) return null;
  const value = readJson(reduction, source.payloadId);
  return value === null ? null : normalise(value, source.payloadId);
}

function normaliserOf(
  reduction: Reduction,
  { payloadId, dialect }: { payloadId: string; dialect: Dialect },
): Normalise | null {
  const normalise = NORMALISERS[dialect];
  if (normalise !== undefined) return normalise;
  reduction.diagnose(
    "unsupported_dialect",
    `the conversation of payload ${JSON.stringify(payloadId)} is in dialect ${dialect}, which cannot be read`,
    { type: "payload", id: payloadId },
  );
  return null;
}

/** A document, or null (and a diagnostic, unless the payload is known to be missing) when it cannot be read. */
export function readJson(reduction: Reduction, payloadId: string): JsonValue | null {
  const read = reduction.payloads.json(asId<PayloadId>(payloadId));
  if (read.ok) return read.value;
  unreadable(reduction, payloadId, read.message);
  return null;
}

/** A document that must be an object. */
export function readObject(
  reduction: Reduction,
  payloadId: string,
): { readonly [key: string]: JsonValue } | null {
  const value = readJson(reduction, payloadId);
  if (value === null || isJsonObject(value)) return value;
  unreadable(reduction, payloadId, "it is not an object");
  return null;
}

function readArray(reduction: Reduction, { payloadId, keys }: ElementSource): readonly PayloadItem[] | null {
  let message = "";
  for (const key of keys) {
    const read = reduction.payloads.items(asId<PayloadId>(payloadId), key);
    if (read.ok) return read.value;
    message = read.message;
    if (read.code !== "no_such_array") break;
  }
  if (keys === REQUEST_KEYS) {
    const text = promptOf(reduction, payloadId);
    if (text !== null) return text;
  }
  unreadable(reduction, payloadId, message);
  return null;
}

/** The Responses API takes a bare string for a single user message. */
function promptOf(reduction: Reduction, payloadId: string): readonly PayloadItem[] | null {
  const read = reduction.payloads.json(asId<PayloadId>(payloadId));
  if (!read.ok || !isJsonObject(read.value)) return null;
  const input = read.value["input"];
  if (typeof input !== "string") return null;
  const value = { type: "message", role: "user", content: input };
  return [{ contentId: `prompt:${payloadId}`, value: () => ({ ok: true, value }) }];
}

function normalItem(
  reduction: Reduction,
  item: PayloadItem,
  source: { payloadId: string; dialect: Dialect; normalise: Normalise },
): NormalItem | SkippedItem | null {
  const normalItems = reduction.state.normalItems[source.dialect];
  const known = normalItems.get(item.contentId);
  if (known !== undefined) return known;
  const read = item.value();
  if (!read.ok) {
    unreadable(reduction, source.payloadId, read.message);
    return null;
  }
  const normal = source.normalise(read.value, source.payloadId);
  normalItems.set(item.contentId, normal);
  return normal;
}

function unreadable(reduction: Reduction, payloadId: string, message: string): void {
  // A payload that is not there was reported when it was first named.
  if (reduction.state.payloads.get(payloadId)?.size_bytes === null) return;
  reduction.diagnose("invalid_payload", `payload ${JSON.stringify(payloadId)}: ${message}`, {
    type: "payload",
    id: payloadId,
  });
}
