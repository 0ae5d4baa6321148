/** The replacement of a thread's live history by a shorter one. */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { CompactionId, CompactionRequestId, ThreadId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import type { EventSchemas } from "./event-schemas.ts";

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
  compaction_id: idSchema<CompactionId>(),
  compaction_request_id: idSchema<CompactionRequestId>(),
};

export const compactionEventSchemas: EventSchemas<CompactionEventPayload> = {
  compaction_request_started: z.object({
    type: z.literal("compaction_request_started"),
    ...requestIds,
    thread_id: idSchema<ThreadId>(),
    turn_id: idSchema<TurnId>(),
    model: z.string(),
    provider: z.string(),
    request: payloadRefSchema,
  }),
  compaction_request_completed: z.object({
    type: z.literal("compaction_request_completed"),
    ...requestIds,
    response: payloadRefSchema,
  }),
  compaction_request_failed: z.object({
    type: z.literal("compaction_request_failed"),
    ...requestIds,
    error: z.string(),
  }),
  compaction_installed: z.object({
    type: z.literal("compaction_installed"),
    compaction_id: idSchema<CompactionId>(),
    checkpoint: payloadRefSchema,
  }),
};
