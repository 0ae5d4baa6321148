/** Items of model-facing elements after their dialect's normaliser: what all dialects have in common. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type JsonValue } from "@rollout-trace/protocol";
import type { DiagnosticCode } from "../diagnostics.ts";
import type { BodyPart, ConversationItem, ItemChannel, ItemKind, ItemRole } from "../graph/conversation.ts";

export interface NormalItem {
  readonly providerItemId: string | null;
  readonly role: ItemRole;
  readonly channel: ItemChannel | null;
  readonly kind: ItemKind;
  readonly callId: string | null;
  readonly agentMessage: ConversationItem["agent_message"];
  /** Whether it only names an item, of whatever sort, by the provider's id, and says nothing of it. */
  readonly isReference: boolean;
  /** For a call of a tool that the provider runs itself, whose element has what came of it too: whether that has come yet. */
  readonly ownTool: OwnToolState | null;
  readonly parts: readonly BodyPart[];
  /** What else tells two items apart and has no place in the graph, such as the name of a called tool. */
  readonly distinguisher: string;
  /** Bytes of UTF-8 that those parts stand for whose text is not kept. */
  readonly hiddenBytes: number;
  /** The recorded element that it was read from, by its content id in the store; null for what is no part of one. */
  contentId: string | null;
  /** What reads that element. */
  normalise: Normalise | null;
  /** Whether that element is of the instructions that stand beside the history. */
  isHead: boolean;
  /** All items of an element that stands for several, in order. */
  siblings: readonly NormalItem[] | null;
  /** What is odd about it; reported for each item that is created from it. */
  readonly oddity: { readonly code: DiagnosticCode; readonly message: string } | null;
}

export type OwnToolState = "running" | "over";

/** What an element of a model-facing array is that stands for several items, in order, or for none. */
export interface NormalItems {
  readonly items: readonly NormalItem[];
  /** The provider item id of an element that is not part of the transcript. */
  readonly outsideId?: string | null;
}

export function itemsOf(normalised: NormalItem | NormalItems): readonly NormalItem[] {
  return "items" in normalised ? normalised.items : [normalised];
}

/**
 * A distinct element of a model-facing array: every occurrence of it, in whatever payload, is this one object for as long as it is
 * known (`state/known-elements.ts`). Nearly every element stands for one item, and is that.
 */
export type NormalElement = NormalItem | (Required<NormalItems> & { readonly kind: null });

/** Takes a whole element of a model-facing array, and the payload that it is read from. */
export type Normalise = (element: JsonValue, payloadId: string) => NormalItem | NormalItems;

/** Enough to recognise a call by; the whole is in the payload. */
const JSON_PREVIEW_CODE_POINTS = 240;

/** A part and the bytes of UTF-8 that it stands for beside the text that it has. */
export interface SizedPart {
  readonly part: BodyPart;
  readonly hiddenBytes: number;
}

export function isCall({ kind }: Pick<NormalItem, "kind">): boolean {
  return kind === "function_call" || kind === "custom_tool_call";
}

export function isOutput({ kind }: Pick<NormalItem, "kind">): boolean {
  return kind === "function_call_output" || kind === "custom_tool_call_output";
}

/** How long an item is, about: code units and bytes together. */
export function lengthOf({ parts, hiddenBytes }: NormalItem): number {
  let length = hiddenBytes;
  for (const part of parts) length += textOf(part).length;
  return length;
}

/** What the text parts of an item say together. */
export function plainText(parts: readonly BodyPart[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** Bytes of UTF-8 that an item amounts to. Few items are ever asked. */
export function bytesOf({ parts, hiddenBytes }: Pick<NormalItem, "parts" | "hiddenBytes">): number {
  return parts.reduce((sum, part) => sum + utf8Bytes(textOf(part)), hiddenBytes);
}

function textOf(part: BodyPart): string {
  switch (part.type) {
    case "text":
    case "summary":
      return part.text;
    case "code":
      return part.source;
    case "encoded":
      return part.value;
    case "json":
    case "payload_ref":
      return "";
  }
}

export function textPart(text: string): SizedPart {
  return { part: { type: "text", text }, hiddenBytes: 0 };
}

export function summaryPart(text: string): SizedPart {
  return { part: { type: "summary", text }, hiddenBytes: 0 };
}

export function codePart(language: string, source: string): SizedPart {
  return { part: { type: "code", language, source }, hiddenBytes: 0 };
}

export function encodedPart(label: string, value: string): SizedPart {
  return { part: { type: "encoded", label, value }, hiddenBytes: 0 };
}

/** `written` is the text that `value` was parsed from, where it was recorded as text: that is what the model wrote. */
export function jsonPart(value: JsonValue, payloadId: string, written: string | null = null): SizedPart {
  const canonical = canonicalJson(value);
  // A number that JavaScript rounds must not make two different arguments the same.
  const identity = written !== null && hasLongNumber(written) ? written : canonical;
  const preview = cutToCodePoints(written ?? canonical, JSON_PREVIEW_CODE_POINTS);
  return {
    part: { type: "json", preview, content_id: sha256Hex(identity), payload_id: payloadId },
    hiddenBytes: utf8Bytes(written ?? canonical),
  };
}

/** Up to fifteen digits a double is exact. */
const LONG_NUMBER = /\d[\d.]{15}/;

/** Digits in strings are no number: what has them is the same however it is written. */
function hasLongNumber(written: string): boolean {
  if (!LONG_NUMBER.test(written)) return false;
  return LONG_NUMBER.test(written.replaceAll(ESCAPED, "").replaceAll(QUOTED, '""'));
}

const ESCAPED = /\\./g;
const QUOTED = /"[^"]*"/g;

export function payloadRefPart(label: string, value: JsonValue, payloadId: string): SizedPart {
  const text = canonicalJson(value);
  return {
    part: { type: "payload_ref", label, content_id: sha256Hex(text), payload_id: payloadId },
    hiddenBytes: utf8Bytes(text),
  };
}

/** Of the Encoding Standard, which every platform has. It is many times faster than looking at each code unit here. */
declare const TextEncoder: new () => {
  /** Encodes as much as fits, without cutting a code point. `read` is in code units. */
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
};

const ENCODER = new TextEncoder();
/** Longer than nearly every text that is encoded. */
const ENCODED = new Uint8Array(1 << 14);

/** Making a hash costs more than to hash a short text: one is put back to the start each time. */
const START = sha256.create();
const HASH = sha256.create();
const DIGITS: number[] = Array.from({ length: 2 * START.outputLen }, () => 0);

export function sha256Hex(text: string): string {
  const digest = START._cloneInto(HASH).update(utf8Of(text)).digest();
  for (let index = 0; index < digest.length; index += 1) {
    const byte = digest[index] as number;
    DIGITS[2 * index] = hexDigit(byte >> 4);
    DIGITS[2 * index + 1] = hexDigit(byte & 15);
  }
  // A string that is put together from its digits would be kept as a tree of them.
  return String.fromCharCode(...DIGITS);
}

function utf8Of(text: string): Uint8Array {
  const { read, written } = ENCODER.encodeInto(text, ENCODED);
  return read === text.length ? ENCODED.subarray(0, written) : utf8ToBytes(text);
}

function hexDigit(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}

/** At most `limit` code points, the last of them `…` when something was cut. */
export function cutToCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (let count = 0; count < limit - 1; count += 1) end += isPairAt(text, end) ? 2 : 1;
  const rest = end + (isPairAt(text, end) ? 2 : 1);
  return rest >= text.length ? text : flatCopy(`${text.slice(0, end)}…`);
}

/**
 * The same text, which refers to no other. V8 makes of a part of a text something that refers to the whole: who keeps the first words
 * of a text would keep all of it.
 */
function flatCopy(part: string): string {
  return JSON.parse(JSON.stringify(part)) as string;
}

function isPairAt(text: string, index: number): boolean {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}

/** Length in UTF-8. A lone surrogate counts as the three bytes of U+FFFD that it is encoded as. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let rest = text; rest.length > 0;) {
    const { read, written } = ENCODER.encodeInto(rest, ENCODED);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes;
}
