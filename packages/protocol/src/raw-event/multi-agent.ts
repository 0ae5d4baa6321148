/** Information passing between agents. */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { EdgeId, ThreadId, ToolCallId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import { type ExecutionStatus, executionStatusSchema } from "../status.ts";
import type { EventSchemas } from "./event-schemas.ts";

/** Interactions that a tool call makes. */
export const AGENT_INTERACTION_KINDS = [
  "spawn_agent",
  "assign_agent_task",
  "send_message",
  "close_agent",
] as const;
export type AgentInteractionKind = (typeof AGENT_INTERACTION_KINDS)[number];

/** `runtime` is the host's own account of the interaction, where it has one. */
export interface AgentInteractionStarted {
  readonly type: "agent_interaction_started";
  readonly tool_call_id: ToolCallId;
  readonly kind: AgentInteractionKind;
  readonly target_thread_id?: ThreadId | null | undefined;
  readonly message?: string | null | undefined;
  readonly runtime?: PayloadRef | null | undefined;
}

/** A spawn that made no thread ends `failed` without a target. `runtime` as for the start. */
export interface AgentInteractionEnded {
  readonly type: "agent_interaction_ended";
  readonly tool_call_id: ToolCallId;
  readonly kind: AgentInteractionKind;
  readonly target_thread_id?: ThreadId | null | undefined;
  readonly message?: string | null | undefined;
  readonly runtime?: PayloadRef | null | undefined;
  readonly status: ExecutionStatus;
}

/** A finished child reporting to its parent; not a tool call. */
export interface AgentResultObserved {
  readonly type: "agent_result_observed";
  readonly edge_id: EdgeId;
  readonly child_thread_id: ThreadId;
  readonly child_turn_id: TurnId;
  readonly parent_thread_id: ThreadId;
  readonly message: string;
  readonly carried?: PayloadRef | null | undefined;
}

export type MultiAgentEventPayload = AgentInteractionStarted | AgentInteractionEnded | AgentResultObserved;

export const multiAgentEventSchemas: EventSchemas<MultiAgentEventPayload> = {
  agent_interaction_started: z.object({
    type: z.literal("agent_interaction_started"),
    tool_call_id: idSchema<ToolCallId>(),
    kind: z.enum(AGENT_INTERACTION_KINDS),
    target_thread_id: idSchema<ThreadId>().nullish(),
    message: z.string().nullish(),
    runtime: payloadRefSchema.nullish(),
  }),
  agent_interaction_ended: z.object({
    type: z.literal("agent_interaction_ended"),
    tool_call_id: idSchema<ToolCallId>(),
    kind: z.enum(AGENT_INTERACTION_KINDS),
    target_thread_id: idSchema<ThreadId>().nullish(),
    message: z.string().nullish(),
    runtime: payloadRefSchema.nullish(),
    status: executionStatusSchema,
  }),
  agent_result_observed: z.object({
    type: z.literal("agent_result_observed"),
    edge_id: idSchema<EdgeId>(),
    child_thread_id: idSchema<ThreadId>(),
    child_turn_id: idSchema<TurnId>(),
    parent_thread_id: idSchema<ThreadId>(),
    message: z.string(),
    carried: payloadRefSchema.nullish(),
  }),
};
