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

/** Unsorted and with repeats; `finishDraft` puts it in order. */
export interface EvidenceDraft {
  readonly seqs: number[];
  readonly payload_ids: string[];
  /** The event that made the object, and the payloads that it names. */
  readonly created: { readonly seq: number; readonly payload_ids: readonly string[] };
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
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(draft)) {
    copy[key] = Array.isArray(value) ? value.slice() : value;
  }
  const { seqs, payload_ids } = draft.evidence;
  copy["evidence"] = {
    seqs: [...new Set(seqs)].toSorted((left, right) => left - right),
    payload_ids: [...new Set(payload_ids)],
  };
  return copy as unknown as Unshared<Entry>;
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
