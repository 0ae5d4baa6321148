/** Reads the events and payloads behind an object and quotes from them: bounded, and where they speak of the object. */
import {
  asId,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PayloadId,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { hasContents } from "./contents.ts";

/** An event as the source has it. */
export interface FoundEvent {
  readonly seq: number;
  readonly timeUs: number | null;
  readonly type: string;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly body: JsonObject;
}

/** One event and what it names, in its own words. All text is untrusted. */
export interface Quote {
  readonly seq: number;
  readonly time_unix_us: number | null;
  readonly type: string;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  /** The event's fields besides its type, as JSON; a large one is cut. */
  readonly event: string;
  /** Whether the event itself holds everything that was looked for. */
  readonly event_matches: boolean;
  readonly payloads: readonly PayloadQuote[];
  /** Whether the event or one of its payloads holds everything that was looked for. */
  readonly matches: boolean;
}

export interface PayloadQuote {
  readonly payload_id: string;
  readonly kind: string;
  readonly size_bytes: number | null;
  /** A piece of the recorded document; null when it cannot be read, and `problem` says why. */
  readonly excerpt: string | null;
  readonly problem: string | null;
  /** Whether it holds everything that was looked for. */
  readonly matches: boolean;
}

/** What a quote should show: texts and contents that must all be in the same element of a payload, or in the event. */
export interface Sought {
  readonly needles: readonly string[];
  /** Content ids, which only payloads have (`hasContents`). Default: none. */
  readonly contents?: readonly string[];
  /** Which of several elements: a call comes before its output, which repeats its id. */
  readonly pick: "first" | "last";
}

/** Anything will do. */
export const ANYTHING: Sought = Object.freeze({ needles: [], pick: "first" });

/** Characters of an event's or payload's JSON that a quote keeps. */
const KEPT = 600;
/** Characters kept in front of what was looked for. */
const LEAD = 60;
/** Events read past without being asked for before it is cheaper to look the next one up. */
const SKIPPED_EVENTS = 256;

/** The events with these `seq` (ascending); those that the source does not have are left out. */
export function eventsAt(source: RolloutSource, seqs: readonly number[]): readonly FoundEvent[] {
  const found: FoundEvent[] = [];
  let next = 0;
  while (next < seqs.length) {
    const first = seqs[next] ?? 0;
    let read = 0;
    for (const record of source.events(first)) {
      const event = record.type === "event" ? eventOf(record.value) : null;
      if (event === null) continue;
      while (next < seqs.length && (seqs[next] ?? 0) < event.seq) next += 1;
      if (seqs[next] === event.seq) {
        found.push(event);
        next += 1;
      }
      read += 1;
      const wanted = seqs[next];
      if (wanted === undefined || wanted - event.seq > SKIPPED_EVENTS || read > seqs.length * SKIPPED_EVENTS)
        break;
    }
    // Nothing at or after the wanted place: a source that ends early has none of the others either.
    if (read === 0) break;
    if (seqs[next] === first) next += 1;
  }
  return found;
}

/** An event of a source, or null for what is none. */
export function eventOf(record: unknown): FoundEvent | null {
  const value = record as JsonValue | undefined;
  if (!isJsonObject(value)) return null;
  const { seq, time_unix_us: time, payload } = value;
  if (typeof seq !== "number" || payload === undefined || !isJsonObject(payload)) return null;
  return {
    seq,
    timeUs: typeof time === "number" ? time : null,
    type: typeof payload["type"] === "string" ? payload["type"] : "?",
    threadId: typeof value["thread_id"] === "string" ? value["thread_id"] : null,
    turnId: typeof value["turn_id"] === "string" ? value["turn_id"] : null,
    body: payload,
  };
}

export function quoteEvent(source: RolloutSource, event: FoundEvent, sought: Sought = ANYTHING): Quote {
  const { type: _type, ...fields } = event.body;
  const text = JSON.stringify(fields);
  const payloads = payloadRefs(event.body).map((ref) => quotePayload(source, ref, sought));
  const inFields = holds(text, sought);
  const inEvent = inFields || holds(JSON.stringify([event.threadId, event.turnId, fields]), sought);
  return {
    seq: event.seq,
    time_unix_us: event.timeUs,
    type: event.type,
    thread_id: event.threadId,
    turn_id: event.turnId,
    event: around(text, inFields ? sought : ANYTHING),
    event_matches: inEvent,
    payloads,
    matches: inEvent || payloads.some((payload) => payload.matches),
  };
}

interface Ref {
  readonly payload_id: string;
  readonly kind: string;
}

/** The payloads that an event names, in the order of its fields. */
export function payloadRefs(value: JsonValue, depth = 0): readonly Ref[] {
  if (typeof value !== "object" || value === null || depth > REF_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((entry) => payloadRefs(entry, depth + 1));
  const { payload_id, kind } = value as JsonObject;
  if (typeof payload_id === "string" && payload_id !== "" && typeof kind === "string") {
    return [{ payload_id, kind }];
  }
  return Object.values(value).flatMap((entry) => payloadRefs(entry, depth + 1));
}

/** No event nests its references deeper; what hosts put into an event may. */
const REF_DEPTH = 4;

function quotePayload(source: RolloutSource, { payload_id, kind }: Ref, sought: Sought): PayloadQuote {
  const id = asId<PayloadId>(payload_id);
  const size_bytes = source.payloads.stat(id)?.size_bytes ?? null;
  const read = source.payloads.json(id);
  if (!read.ok) {
    const problem = `${read.code}: ${read.message}`;
    return { payload_id, kind, size_bytes, excerpt: null, problem, matches: false };
  }
  const picked = pickedFrom(elementsOf(read.value), sought);
  const text = picked ?? JSON.stringify(read.value);
  const matches = picked !== null || shows(read.value, text, sought);
  const excerpt = around(text, picked === null && matches ? sought : ANYTHING);
  return { payload_id, kind, size_bytes, excerpt, problem: null, matches };
}

/** The elements of the arrays of a document: the items of a request or a response, in any dialect. */
function elementsOf(document: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(document)) return [];
  return Object.values(document).flatMap((value) => (Array.isArray(value) ? value : []));
}

/** The element that shows what is looked for, as JSON; null for none, or when anything will do. */
function pickedFrom(elements: readonly JsonValue[], sought: Sought): string | null {
  const { needles, contents = [], pick } = sought;
  if (needles.length === 0 && contents.length === 0) return null;
  for (const element of pick === "first" ? elements : elements.toReversed()) {
    const text = JSON.stringify(element);
    if (shows(element, text, sought)) return text;
  }
  return null;
}

function shows(value: JsonValue, text: string, sought: Sought): boolean {
  return includesAll(text, sought) && hasContents(value, sought.contents ?? []);
}

/** Whether an event's own text shows it. */
function holds(text: string, sought: Sought): boolean {
  return (sought.contents ?? []).length === 0 && includesAll(text, sought);
}

function includesAll(text: string, { needles }: Sought): boolean {
  return needles.every((needle) => text.includes(needle));
}

/** A piece of a long text around what was looked for. */
function around(text: string, { needles }: Sought): string {
  if (text.length <= KEPT) return text;
  const place = needles[0] === undefined ? 0 : Math.max(0, text.indexOf(needles[0]) - LEAD);
  const piece = text.slice(place, place + KEPT);
  return `${place > 0 ? "…" : ""}${piece}${place + KEPT < text.length ? "…" : ""}`;
}

/** How the beginning of a text stands in JSON: what to look for where a message has no id. */
export function asNeedle(text: string): string {
  return JSON.stringify(text.slice(0, NEEDLE).toWellFormed()).slice(1, -1);
}

/** Characters: enough to tell messages apart, few enough to survive a cut preview. */
const NEEDLE = 48;
