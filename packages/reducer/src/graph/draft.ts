/**
 * Graph objects while they are being built.
 *
 * A draft's own fields may be assigned and its own lists `appended` to. Anything deeper (an execution window, an element of a
 * list) is replaced and never changed, so that copying the top level is enough to take a snapshot. The order of keys in the
 * literal that makes a draft is the order of keys in the canonical text.
 */
import type { ExecutionStatus } from "@rollout-trace/protocol";
import type { Evidence, ExecutionEndCause, ExecutionWindow, GraphObject } from "./base.ts";

/** Most lists of most objects are empty. */
export const NONE: readonly never[] = Object.freeze([]);

/**
 * Shorter lists are replaced and not changed, so that copies of an object may share them; and each of them, of which there are many,
 * is as long as it needs to be.
 */
export const SHORT = 8;

/** A list with one more entry. It takes the place of `list`, which must not be used any more. */
export function appended<Entry>(list: readonly Entry[], entry: Entry): readonly Entry[] {
  const { length } = list;
  if (length === 0) return [entry];
  if (length === 1) return [list[0] as Entry, entry];
  if (length === 2) return [list[0] as Entry, list[1] as Entry, entry];
  if (length === 3) return [list[0] as Entry, list[1] as Entry, list[2] as Entry, entry];
  if (length < SHORT) return list.concat([entry]);
  (list as Entry[]).push(entry);
  return list;
}

/** A list with another entry at `index`. It takes the place of `list`, which must not be used any more. */
export function replaced<Entry>(list: readonly Entry[], index: number, entry: Entry): readonly Entry[] {
  if (list.length < SHORT) return list.with(index, entry);
  (list as Entry[])[index] = entry;
  return list;
}

/** Its evidence is in order and without repeats, unless one of its lists is long. */
export interface Evidenced {
  evidence: Evidence;
}

/** What an object that others may be linked to was made by: an event, and the payloads that it names. */
export interface Made {
  readonly madeSeq: number;
  readonly madePayloads: readonly string[];
}

/** The order of its keys is that of the canonical text. */
export type Draft<Entry extends GraphObject> = { -readonly [Key in keyof Entry]: Entry[Key] };

/** Puts payloads in the order in which they were named. */
export type NamingOrder = (payloadIds: readonly string[]) => readonly string[];

/** The id of the first, second, … item of a rollout. */
export function itemIdOf(number: number): string {
  return `item:${number}`;
}

export function operationIdOf(number: number): string {
  return `terminal_operation:${number}`;
}

/** When something happened. */
export interface Moment {
  readonly at_us: number;
  readonly seq: number;
}

/** A graph object that nobody has seen yet. */
export type Unshared<Entry> = { -readonly [Key in keyof Entry]: Entry[Key] };

/** The fields of a kind of object that are lists. */
export type Lists<Entry> = readonly ListKey<Entry>[];
type ListKey<Entry> = {
  [Key in keyof Entry]: Entry[Key] extends readonly unknown[] ? Key : never;
}[keyof Entry];

/** Names the lists of a kind of object: one that is left out does not compile. */
export function listsOf<Entry extends GraphObject>(lists: {
  readonly [Key in ListKey<Entry>]: true;
}): Lists<Entry> {
  // The parameter has these keys and no others; the compiler takes any key for a string.
  return Object.keys(lists) as unknown as Lists<Entry>;
}

/** Makes a draft an object of the graph. */
export type Finish = <Entry extends GraphObject>(draft: Draft<Entry>, lists: Lists<Entry>) => Unshared<Entry>;

/** A copy of a draft, with its keys in the same order, that later changes to the draft do not reach. */
export const copyDraft: Finish = (draft, lists) => {
  // A spread keeps the shape that all drafts of a kind share; keys added one by one would not.
  const copy = { ...draft };
  for (const key of lists) {
    const list = copy[key] as readonly unknown[];
    if (list.length >= SHORT) copy[key] = list.slice() as (typeof copy)[typeof key];
  }
  copy.evidence = inOrder(draft.evidence);
  return copy;
};

/** The draft itself, which nobody may change any more. Long evidence is put in order once for all drafts that have any. */
export const takeDraft: Finish = (draft) => draft;

export function putInOrder(draft: Evidenced): void {
  draft.evidence = inOrder(draft.evidence);
}

function inOrder(evidence: Evidence): Evidence {
  const { seqs, payload_ids } = evidence;
  const ascending = isAscending(seqs);
  if (ascending && seqs.length < SHORT && (payload_ids.length < 2 || isPair(payload_ids))) return evidence;
  return {
    seqs: ascending ? seqs.slice() : [...new Set(seqs)].toSorted((left, right) => left - right),
    payload_ids: [...new Set(payload_ids)],
  };
}

/** The evidence of an object that several things made and changed; their payloads in the order of `parts`. */
export function joinedEvidence(parts: readonly Evidence[]): Evidence {
  const seqs = new Set(parts.flatMap((part) => part.seqs));
  return {
    seqs: [...seqs].toSorted((left, right) => left - right),
    payload_ids: [...new Set(parts.flatMap((part) => part.payload_ids))],
  };
}

function isPair(ids: readonly string[]): boolean {
  return ids.length === 2 && ids[0] !== ids[1];
}

function isAscending(seqs: readonly number[]): boolean {
  for (let index = 1; index < seqs.length; index += 1) {
    if ((seqs[index] ?? 0) <= (seqs[index - 1] ?? 0)) return false;
  }
  return true;
}

export function startedAt({ at_us, seq }: Moment): ExecutionWindow {
  return {
    started_at_us: at_us,
    started_seq: seq,
    ended_at_us: null,
    ended_seq: null,
    status: "running",
    end_cause: null,
  };
}

export function endedAt(
  window: ExecutionWindow,
  moment: Moment,
  end: { status: ExecutionStatus; cause: ExecutionEndCause },
): ExecutionWindow {
  return {
    ...window,
    // One of the two as it is: the largest of two numbers would be a new one to keep.
    ended_at_us: moment.at_us > window.started_at_us ? moment.at_us : window.started_at_us,
    ended_seq: Math.max(moment.seq, window.started_seq),
    status: end.status,
    end_cause: end.cause,
  };
}
