/** The runtime's view of exec, wait and cancel. */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { ModelVisibleCallId, RuntimeCellId, WaitId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import { type CellStatus, cellStatusSchema, type FinalCellStatus, finalCellStatusSchema } from "../status.ts";
import type { EventSchemas } from "./event-schemas.ts";

/** Until when an observation lasts: the next yield, or the pending frontier. */
export const WAIT_MODES = ["yield", "pending"] as const;
export type WaitMode = (typeof WAIT_MODES)[number];

/** How a wait ended. `abandoned`: nobody was listening any more. */
export const WAIT_OUTCOMES = [
  "yielded",
  "pending",
  "completed",
  "failed",
  "terminated",
  "missing",
  "busy",
  "abandoned",
] as const;
export type WaitOutcomeKind = (typeof WAIT_OUTCOMES)[number];

/** Which limit ended a cell. */
export const CELL_LIMIT_NAMES = ["memory", "cpu", "output", "pending_tool_calls", "timers"] as const;
export type CellLimitName = (typeof CELL_LIMIT_NAMES)[number];

/** Why a cell was cancelled. `model`: a wait with `terminate`. */
export const CANCEL_CAUSES = ["model", "turn_interrupted", "session_shutdown", "host", "limit"] as const;
export type CancelCause = (typeof CANCEL_CAUSES)[number];

/** Recorded before any JavaScript runs, so it always precedes the cell's nested tool calls. */
export interface CodeCellStarted {
  readonly type: "code_cell_started";
  readonly runtime_cell_id: RuntimeCellId;
  readonly model_visible_call_id: ModelVisibleCallId;
  readonly source: string;
}

/** What `exec` first returned. */
export interface CodeCellInitialResponse {
  readonly type: "code_cell_initial_response";
  readonly runtime_cell_id: RuntimeCellId;
  readonly status: CellStatus;
  readonly response?: PayloadRef | null | undefined;
}

export interface CodeCellWaitStarted {
  readonly type: "code_cell_wait_started";
  readonly wait_id: WaitId;
  readonly runtime_cell_id: RuntimeCellId;
  readonly model_visible_call_id?: ModelVisibleCallId | null | undefined;
  readonly mode: WaitMode;
}

export interface CodeCellWaitEnded {
  readonly type: "code_cell_wait_ended";
  readonly wait_id: WaitId;
  readonly outcome: WaitOutcomeKind;
  readonly response?: PayloadRef | null | undefined;
}

export interface CodeCellCancelRequested {
  readonly type: "code_cell_cancel_requested";
  readonly runtime_cell_id: RuntimeCellId;
  readonly model_visible_call_id?: ModelVisibleCallId | null | undefined;
  readonly cause: CancelCause;
  /** Present with the cause `limit`. */
  readonly limit?: CellLimitName | null | undefined;
}

/** `notify(...)`: a message to the model outside the cell's output. */
export interface CodeCellNotification {
  readonly type: "code_cell_notification";
  readonly runtime_cell_id: RuntimeCellId;
  readonly model_visible_call_id: ModelVisibleCallId;
  readonly text: string;
}

/** Exactly once per started cell, when it really ended, whether or not anybody was observing it. */
export interface CodeCellEnded {
  readonly type: "code_cell_ended";
  readonly runtime_cell_id: RuntimeCellId;
  readonly status: FinalCellStatus;
  readonly response?: PayloadRef | null | undefined;
  readonly journal?: PayloadRef | null | undefined;
}

export type CodeCellEventPayload =
  | CodeCellStarted
  | CodeCellInitialResponse
  | CodeCellWaitStarted
  | CodeCellWaitEnded
  | CodeCellCancelRequested
  | CodeCellNotification
  | CodeCellEnded;

export const codeCellEventSchemas: EventSchemas<CodeCellEventPayload> = {
  code_cell_started: z.object({
    type: z.literal("code_cell_started"),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    model_visible_call_id: idSchema<ModelVisibleCallId>(),
    source: z.string(),
  }),
  code_cell_initial_response: z.object({
    type: z.literal("code_cell_initial_response"),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    status: cellStatusSchema,
    response: payloadRefSchema.nullish(),
  }),
  code_cell_wait_started: z.object({
    type: z.literal("code_cell_wait_started"),
    wait_id: idSchema<WaitId>(),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    model_visible_call_id: idSchema<ModelVisibleCallId>().nullish(),
    mode: z.enum(WAIT_MODES),
  }),
  code_cell_wait_ended: z.object({
    type: z.literal("code_cell_wait_ended"),
    wait_id: idSchema<WaitId>(),
    outcome: z.enum(WAIT_OUTCOMES),
    response: payloadRefSchema.nullish(),
  }),
  code_cell_cancel_requested: z.object({
    type: z.literal("code_cell_cancel_requested"),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    model_visible_call_id: idSchema<ModelVisibleCallId>().nullish(),
    cause: z.enum(CANCEL_CAUSES),
    limit: z.enum(CELL_LIMIT_NAMES).nullish(),
  }),
  code_cell_notification: z.object({
    type: z.literal("code_cell_notification"),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    model_visible_call_id: idSchema<ModelVisibleCallId>(),
    text: z.string(),
  }),
  code_cell_ended: z.object({
    type: z.literal("code_cell_ended"),
    runtime_cell_id: idSchema<RuntimeCellId>(),
    status: finalCellStatusSchema,
    response: payloadRefSchema.nullish(),
    journal: payloadRefSchema.nullish(),
  }),
};
