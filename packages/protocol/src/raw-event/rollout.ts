/** Rollouts, threads and turns: when they began and ended. */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { ThreadId, TraceId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import {
  type ExecutionStatus,
  executionStatusSchema,
  type RolloutStatus,
  rolloutStatusSchema,
} from "../status.ts";
import type { EventSchemas } from "./event-schemas.ts";

/** The program that recorded. */
export interface HostInfo {
  readonly name: string;
  readonly version: string;
}

/** Always `seq` 1. `trace_id` names this recording; the envelope's `rollout_id` names the product's session. */
export interface RolloutStarted {
  readonly type: "rollout_started";
  readonly trace_id: TraceId;
  readonly root_thread_id: ThreadId;
  readonly host?: HostInfo | null | undefined;
}

export interface RolloutEnded {
  readonly type: "rollout_ended";
  readonly status: RolloutStatus;
}

/** Where a thread came from. */
export type ThreadOrigin =
  | { readonly type: "root" }
  | {
      readonly type: "spawned";
      readonly parent_thread_id: ThreadId;
      readonly task_name?: string | null | undefined;
      readonly agent_role?: string | null | undefined;
    };

export interface ThreadStarted {
  readonly type: "thread_started";
  readonly thread_id: ThreadId;
  /** For example `/root` or `/root/search_docs`. */
  readonly agent_path: string;
  readonly origin: ThreadOrigin;
  readonly nickname?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly metadata?: PayloadRef | null | undefined;
}

/** A thread that had ended goes on in the same rollout. */
export interface ThreadResumed {
  readonly type: "thread_resumed";
  readonly thread_id: ThreadId;
}

/** The end of a child is not the end of the rollout. */
export interface ThreadEnded {
  readonly type: "thread_ended";
  readonly thread_id: ThreadId;
  readonly status: ExecutionStatus;
}

export interface TurnStarted {
  readonly type: "turn_started";
  readonly turn_id: TurnId;
  readonly thread_id: ThreadId;
}

export interface TurnEnded {
  readonly type: "turn_ended";
  readonly turn_id: TurnId;
  readonly status: ExecutionStatus;
}

export type RolloutEventPayload =
  | RolloutStarted
  | RolloutEnded
  | ThreadStarted
  | ThreadResumed
  | ThreadEnded
  | TurnStarted
  | TurnEnded;

const origin: z.ZodType<ThreadOrigin> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("root") }),
  z.object({
    type: z.literal("spawned"),
    parent_thread_id: idSchema<ThreadId>(),
    task_name: z.string().nullish(),
    agent_role: z.string().nullish(),
  }),
]);

export const rolloutEventSchemas: EventSchemas<RolloutEventPayload> = {
  rollout_started: z.object({
    type: z.literal("rollout_started"),
    trace_id: idSchema<TraceId>(),
    root_thread_id: idSchema<ThreadId>(),
    host: z.object({ name: z.string(), version: z.string() }).nullish(),
  }),
  rollout_ended: z.object({ type: z.literal("rollout_ended"), status: rolloutStatusSchema }),
  thread_started: z.object({
    type: z.literal("thread_started"),
    thread_id: idSchema<ThreadId>(),
    agent_path: z.string(),
    origin,
    nickname: z.string().nullish(),
    model: z.string().nullish(),
    metadata: payloadRefSchema.nullish(),
  }),
  thread_resumed: z.object({ type: z.literal("thread_resumed"), thread_id: idSchema<ThreadId>() }),
  thread_ended: z.object({
    type: z.literal("thread_ended"),
    thread_id: idSchema<ThreadId>(),
    status: executionStatusSchema,
  }),
  turn_started: z.object({
    type: z.literal("turn_started"),
    turn_id: idSchema<TurnId>(),
    thread_id: idSchema<ThreadId>(),
  }),
  turn_ended: z.object({
    type: z.literal("turn_ended"),
    turn_id: idSchema<TurnId>(),
    status: executionStatusSchema,
  }),
};
