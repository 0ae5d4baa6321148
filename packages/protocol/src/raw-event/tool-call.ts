/**
 * The canonical lifecycle of a tool call. Every tool the host dispatches has exactly one `tool_call_started` and, unless
 * the process died, one `tool_call_ended`, whoever asked for it and however it ended.
 */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { ModelVisibleCallId, RuntimeCellId, RuntimeToolCallId, ToolCallId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import { type ExecutionStatus, executionStatusSchema } from "../status.ts";
import type { EventSchemas } from "./event-schemas.ts";

/** Kinds of tools that carry no further name. */
export const PLAIN_TOOL_KINDS = [
  "exec_command",
  "write_stdin",
  "apply_patch",
  "web",
  "image_generation",
  "spawn_agent",
  "assign_agent_task",
  "send_message",
  "wait_agent",
  "close_agent",
  "code_cell_exec",
  "code_cell_wait",
] as const;

/** What sort of tool was called. */
export type ToolKind =
  | { readonly type: (typeof PLAIN_TOOL_KINDS)[number] }
  | { readonly type: "mcp"; readonly server: string; readonly tool: string }
  | { readonly type: "other"; readonly name: string };

/** Who asked for the call. */
export type ToolRequester =
  | { readonly type: "model" }
  | { readonly type: "code_cell"; readonly runtime_cell_id: RuntimeCellId }
  | { readonly type: "host" };

/** How a call came to its end. */
export const TOOL_END_CAUSES = [
  "returned",
  "error",
  "rejected",
  "cell_ended",
  "cell_cancelled",
  "turn_interrupted",
  "timeout",
] as const;
export type ToolEndCause = (typeof TOOL_END_CAUSES)[number];

/** Previews have at most this many characters (code points), cut with `…`. */
export const PREVIEW_CODE_POINTS = 160;

export interface ToolCallStarted {
  readonly type: "tool_call_started";
  readonly tool_call_id: ToolCallId;
  readonly requester: ToolRequester;
  readonly model_visible_call_id?: ModelVisibleCallId | null | undefined;
  /** The cell's own id for a nested call. */
  readonly runtime_tool_call_id?: RuntimeToolCallId | null | undefined;
  readonly kind: ToolKind;
  readonly label: string;
  readonly input_preview?: string | null | undefined;
  readonly invocation?: PayloadRef | null | undefined;
}

/** How the host began executing the call. `kind` is what it turned out to be, where that is more than the dispatch knew. */
export interface ToolCallRuntimeStarted {
  readonly type: "tool_call_runtime_started";
  readonly tool_call_id: ToolCallId;
  readonly kind?: ToolKind | null | undefined;
  readonly runtime: PayloadRef;
}

export interface ToolCallRuntimeEnded {
  readonly type: "tool_call_runtime_ended";
  readonly tool_call_id: ToolCallId;
  readonly status: ExecutionStatus;
  readonly runtime: PayloadRef;
}

/** Sizes in bytes of UTF-8, where output was cut on the way. */
export interface ToolOutputSizes {
  readonly produced_bytes: number;
  readonly to_requester_bytes: number;
}

/** What went back to the requester. */
export interface ToolCallEnded {
  readonly type: "tool_call_ended";
  readonly tool_call_id: ToolCallId;
  readonly status: ExecutionStatus;
  readonly end_cause?: ToolEndCause | null | undefined;
  readonly result?: PayloadRef | null | undefined;
  readonly output_preview?: string | null | undefined;
  readonly sizes?: ToolOutputSizes | null | undefined;
}

/** A write went to the process that this exec call started. */
export interface StdinTargetResolved {
  readonly type: "stdin_target_resolved";
  readonly tool_call_id: ToolCallId;
  readonly exec_tool_call_id: ToolCallId;
}

/** The id sent in the MCP request's `_meta`, so that a server's logs can be joined. */
export interface McpCallAssigned {
  readonly type: "mcp_call_assigned";
  readonly tool_call_id: ToolCallId;
  readonly mcp_call_id: string;
}

export type ToolCallEventPayload =
  | ToolCallStarted
  | ToolCallRuntimeStarted
  | ToolCallRuntimeEnded
  | ToolCallEnded
  | StdinTargetResolved
  | McpCallAssigned;

export const toolKindSchema: z.ZodType<ToolKind> = z.discriminatedUnion("type", [
  z.object({ type: z.enum(PLAIN_TOOL_KINDS) }),
  z.object({ type: z.literal("mcp"), server: z.string(), tool: z.string() }),
  z.object({ type: z.literal("other"), name: z.string() }),
]);

const requester: z.ZodType<ToolRequester> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("model") }),
  z.object({ type: z.literal("code_cell"), runtime_cell_id: idSchema<RuntimeCellId>() }),
  z.object({ type: z.literal("host") }),
]);

const bytes = z.int().nonnegative();

export const toolCallEventSchemas: EventSchemas<ToolCallEventPayload> = {
  tool_call_started: z.object({
    type: z.literal("tool_call_started"),
    tool_call_id: idSchema<ToolCallId>(),
    requester,
    model_visible_call_id: idSchema<ModelVisibleCallId>().nullish(),
    runtime_tool_call_id: idSchema<RuntimeToolCallId>().nullish(),
    kind: toolKindSchema,
    label: z.string(),
    input_preview: z.string().nullish(),
    invocation: payloadRefSchema.nullish(),
  }),
  tool_call_runtime_started: z.object({
    type: z.literal("tool_call_runtime_started"),
    tool_call_id: idSchema<ToolCallId>(),
    kind: toolKindSchema.nullish(),
    runtime: payloadRefSchema,
  }),
  tool_call_runtime_ended: z.object({
    type: z.literal("tool_call_runtime_ended"),
    tool_call_id: idSchema<ToolCallId>(),
    status: executionStatusSchema,
    runtime: payloadRefSchema,
  }),
  tool_call_ended: z.object({
    type: z.literal("tool_call_ended"),
    tool_call_id: idSchema<ToolCallId>(),
    status: executionStatusSchema,
    end_cause: z.enum(TOOL_END_CAUSES).nullish(),
    result: payloadRefSchema.nullish(),
    output_preview: z.string().nullish(),
    sizes: z.object({ produced_bytes: bytes, to_requester_bytes: bytes }).nullish(),
  }),
  stdin_target_resolved: z.object({
    type: z.literal("stdin_target_resolved"),
    tool_call_id: idSchema<ToolCallId>(),
    exec_tool_call_id: idSchema<ToolCallId>(),
  }),
  mcp_call_assigned: z.object({
    type: z.literal("mcp_call_assigned"),
    tool_call_id: idSchema<ToolCallId>(),
    mcp_call_id: z.string(),
  }),
};
