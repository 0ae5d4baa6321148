/** The replacement of a thread's live history by a shorter one. */
import type { CompactionId, CompactionRequestId, ThreadId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefShape } from "../payload.ts";
import type { EventShapes } from "./event-shapes.ts";
import { id, object, string, word } from "../shape.ts";

export interface CompactionRequestStarted {
  readonly type: "compaction_request_started";
  readonly compaction_id: CompactionId;
  readonly compaction_request_id: CompactionRequestId;
  readonly thread_id: ThreadId;
  readonly turn_id: TurnId;
  readonly model: string;
  readonly provider: string;
  readonly request: PayloadRef;
}

export interface CompactionRequestCompleted {
  readonly type: "compaction_request_completed";
  readonly compaction_id: CompactionId;
  readonly compaction_request_id: CompactionRequestId;
  readonly response: PayloadRef;
}

export interface CompactionRequestFailed {
  readonly type: "compaction_request_failed";
  readonly compaction_id: CompactionId;
  readonly compaction_request_id: CompactionRequestId;
  readonly error: string;
}

/** The checkpoint payload is a `CompactionCheckpoint`. */
export interface CompactionInstalled {
  readonly type: "compaction_installed";
  readonly compaction_id: CompactionId;
  readonly checkpoint: PayloadRef;
}

export type CompactionEventPayload =
  | CompactionRequestStarted
  | CompactionRequestCompleted
  | CompactionRequestFailed
  | CompactionInstalled;

const requestIds = {
  compaction_id: id<CompactionId>(),
  compaction_request_id: id<CompactionRequestId>(),
};

export const compactionEventShapes: EventShapes<CompactionEventPayload> = {
  compaction_request_started: object({
    type: word("compaction_request_started"),
    ...requestIds,
    thread_id: id<ThreadId>(),
    turn_id: id<TurnId>(),
    model: string,
    provider: string,
    request: payloadRefShape,
  }),
  compaction_request_completed: object({
    type: word("compaction_request_completed"),
    ...requestIds,
    response: payloadRefShape,
  }),
  compaction_request_failed: object({
    type: word("compaction_request_failed"),
    ...requestIds,
    error: string,
  }),
  compaction_installed: object({
    type: word("compaction_installed"),
    compaction_id: id<CompactionId>(),
    checkpoint: payloadRefShape,
  }),
};
