/**
 * Graph objects while they are being built.
 *
 * A draft's own fields may be assigned and its own lists appended to. Anything deeper (an execution window, an element of a
 * list) is replaced and never changed, so that copying the top level is enough to take a snapshot. The order of keys in the
 * literal that makes a draft is the order of keys in the canonical text.
 */
import type { ExecutionStatus } from "@rollout-trace/protocol";
import type { ExecutionEndCause, ExecutionWindow, GraphObject } from "./base.ts";

type Mutable<Value> = Value extends readonly (infer Element)[] ? Element[] : Value;

/**
 * Unsorted and with repeats; `finishDraft` puts it in order. The first `seq` is that of the event that made the object, and
 * the first `createdWith` payloads are those that it names.
 */
export interface EvidenceDraft {
  seqs: number[];
  payload_ids: string[];
  readonly createdWith: number;
}

/** Longer lists grow by themselves; each of the short ones, of which there are many, is as long as it needs to be. */
const SHORT = 8;

/** Adds to a list of evidence. */
export function appended<Entry extends number | string>(list: Entry[], entry: Entry): Entry[] {
  if (list.length < SHORT) return list.concat(entry);
  list.push(entry);
  return list;
}

export type Draft<Entry extends GraphObject> = {
  -readonly [Key in keyof Entry]: Key extends "evidence" ? EvidenceDraft : Mutable<Entry[Key]>;
};

/** When something happened. */
export interface Moment {
  readonly at_us: number;
  readonly seq: number;
}

/** A graph object that nobody has seen yet. */
export type Unshared<Entry> = { -readonly [Key in keyof Entry]: Entry[Key] };

/** A copy of a draft, with its keys in the same order, that later changes to the draft do not reach. */
export function finishDraft<Entry extends GraphObject>(draft: Draft<Entry>): Unshared<Entry> {
  // A spread keeps the shape that all drafts of a kind share; keys added one by one would not.
  const copy = { ...draft } as Record<string, unknown>;
  for (const key in copy) {
    const value = copy[key];
    if (Array.isArray(value)) copy[key] = value.slice();
  }
  const { seqs, payload_ids } = draft.evidence;
  copy["evidence"] = {
    seqs: isAscending(seqs) ? seqs.slice() : [...new Set(seqs)].toSorted((left, right) => left - right),
    payload_ids: payload_ids.length < 2 ? payload_ids.slice() : [...new Set(payload_ids)],
  };
  return copy as unknown as Unshared<Entry>;
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
    ended_at_us: Math.max(moment.at_us, window.started_at_us),
    ended_seq: Math.max(moment.seq, window.started_seq),
    status: end.status,
    end_cause: end.cause,
  };
}
