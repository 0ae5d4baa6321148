/** Rollouts, threads and turns: when they began and ended. */
import type { ThreadId, TraceId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefShape } from "../payload.ts";
import {
  type ExecutionStatus,
  executionStatusShape,
  type RolloutStatus,
  rolloutStatusShape,
} from "../status.ts";
import type { EventShapes } from "./event-shapes.ts";
import { byType, id, nullish, object, string, word, type Shape } from "../shape.ts";

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

const origin: Shape<ThreadOrigin> = byType([
  object({ type: word("root") }),
  object({
    type: word("spawned"),
    parent_thread_id: id<ThreadId>(),
    task_name: nullish(string),
    agent_role: nullish(string),
  }),
]);

export const rolloutEventShapes: EventShapes<RolloutEventPayload> = {
  rollout_started: object({
    type: word("rollout_started"),
    trace_id: id<TraceId>(),
    root_thread_id: id<ThreadId>(),
    host: nullish(object({ name: string, version: string })),
  }),
  rollout_ended: object({ type: word("rollout_ended"), status: rolloutStatusShape }),
  thread_started: object({
    type: word("thread_started"),
    thread_id: id<ThreadId>(),
    agent_path: string,
    origin,
    nickname: nullish(string),
    model: nullish(string),
    metadata: nullish(payloadRefShape),
  }),
  thread_resumed: object({ type: word("thread_resumed"), thread_id: id<ThreadId>() }),
  thread_ended: object({
    type: word("thread_ended"),
    thread_id: id<ThreadId>(),
    status: executionStatusShape,
  }),
  turn_started: object({
    type: word("turn_started"),
    turn_id: id<TurnId>(),
    thread_id: id<ThreadId>(),
  }),
  turn_ended: object({
    type: word("turn_ended"),
    turn_id: id<TurnId>(),
    status: executionStatusShape,
  }),
};
