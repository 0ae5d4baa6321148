/**
 * From what an importer says to raw events: this is where `seq` and payloads of an imported rollout come from.
 *
 * An importer is a pass over log files that yields drafts in causal order. The pass can be made any number of times and
 * must yield the same drafts each time.
 */
import {
  asId,
  type PayloadId,
  type PayloadKind,
  type PayloadRef,
  type RawEvent,
  type RawEventPayload,
  type RolloutId,
  type RolloutSource,
  SCHEMA_VERSION,
  type SourceProblem,
  type SourceRecord,
  type ThreadId,
  type TurnId,
} from "@rollout-trace/protocol";
import type { LineRef, LogDocument } from "./document.ts";
import { LogPayloads, type LineViews } from "./log-payloads.ts";

/** An event without its place in the rollout, or a place in a log that cannot be read. */
export type LogDraft =
  | {
      readonly type: "event";
      /** Microseconds since the epoch. One that goes back is taken for the time of the event before it. */
      readonly timeUs: number;
      readonly threadId: string | null;
      readonly turnId: string | null;
      readonly payload: RawEventPayload;
    }
  | { readonly type: "problem"; readonly timeUs: number; readonly problem: SourceProblem };

/** Keeps a document as a payload and gives the reference for an event. The id must be the same in every pass. */
export type AddPayload = (id: string, kind: PayloadKind, document: LogDocument) => PayloadRef;

/** Keeps a view of a line as a payload, under an id made of the file's name in the rollout, the line and the view. */
export type AddView = (name: string, ref: LineRef, view: string) => PayloadRef;

export interface LogImport {
  readonly rolloutId: string;
  /** What the importer makes payloads of single lines with. Default none. */
  readonly views?: LineViews | undefined;
  /** One pass over the logs. */
  drafts(add: AddPayload, addView: AddView): Iterable<LogDraft>;
}

/** An import as a source of raw events, with provenance `imported`. */
export function logRollout(imported: LogImport): RolloutSource {
  const rolloutId = asId<RolloutId>(imported.rolloutId);
  const payloads = new LogPayloads({
    views: imported.views ?? {},
    makeAll: () => {
      for (const _draft of imported.drafts(add, addView));
    },
  });
  const addView: AddView = (name, ref, view) => payloads.addView(name, ref, view);
  const add: AddPayload = (id, kind, document) => {
    payloads.add(id, { kind, document });
    return { payload_id: asId<PayloadId>(id), kind };
  };
  return {
    rolloutId,
    provenance: "imported",
    eventCount: null,
    payloads,
    events: (fromSeq = 1) => numbered(imported.drafts(add, addView), { rolloutId, fromSeq }),
  };
}

function* numbered(
  drafts: Iterable<LogDraft>,
  { rolloutId, fromSeq }: { rolloutId: RolloutId; fromSeq: number },
): Generator<SourceRecord, void, undefined> {
  let seq = 0;
  let timeUs = 0;
  for (const draft of drafts) {
    if (draft.type === "problem") {
      if (seq + 1 >= fromSeq) yield { type: "problem", problem: draft.problem };
      continue;
    }
    seq += 1;
    timeUs = Math.max(timeUs, draft.timeUs);
    if (seq < fromSeq) continue;
    const event: RawEvent = {
      schema_version: SCHEMA_VERSION,
      seq,
      time_unix_us: timeUs,
      rollout_id: rolloutId,
      thread_id: draft.threadId === null ? null : asId<ThreadId>(draft.threadId),
      turn_id: draft.turnId === null ? null : asId<TurnId>(draft.turnId),
      payload: draft.payload,
    };
    yield { type: "event", value: event };
  }
}
