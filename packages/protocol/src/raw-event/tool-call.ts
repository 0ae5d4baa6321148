/**
 * The canonical lifecycle of a tool call. Every tool the host dispatches has exactly one `tool_call_started` and, unless
 * the process died, one `tool_call_ended`, whoever asked for it and however it ended.
 */
import type { ModelVisibleCallId, RuntimeCellId, RuntimeToolCallId, ToolCallId } from "../ids.ts";
import { type PayloadRef, payloadRefShape } from "../payload.ts";
import { type ExecutionStatus, executionStatusShape } from "../status.ts";
import type { EventShapes } from "./event-shapes.ts";
import { byType, id, integer, nullish, object, oneOf, string, word, type Shape } from "../shape.ts";

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

export const toolKindShape: Shape<ToolKind> = byType([
  object({ type: oneOf(PLAIN_TOOL_KINDS) }),
  object({ type: word("mcp"), server: string, tool: string }),
  object({ type: word("other"), name: string }),
]);

const requester: Shape<ToolRequester> = byType([
  object({ type: word("model") }),
  object({ type: word("code_cell"), runtime_cell_id: id<RuntimeCellId>() }),
  object({ type: word("host") }),
]);

const bytes = integer(0);

export const toolCallEventShapes: EventShapes<ToolCallEventPayload> = {
  tool_call_started: object({
    type: word("tool_call_started"),
    tool_call_id: id<ToolCallId>(),
    requester,
    model_visible_call_id: nullish(id<ModelVisibleCallId>()),
    runtime_tool_call_id: nullish(id<RuntimeToolCallId>()),
    kind: toolKindShape,
    label: string,
    input_preview: nullish(string),
    invocation: nullish(payloadRefShape),
  }),
  tool_call_runtime_started: object({
    type: word("tool_call_runtime_started"),
    tool_call_id: id<ToolCallId>(),
    kind: nullish(toolKindShape),
    runtime: payloadRefShape,
  }),
  tool_call_runtime_ended: object({
    type: word("tool_call_runtime_ended"),
    tool_call_id: id<ToolCallId>(),
    status: executionStatusShape,
    runtime: payloadRefShape,
  }),
  tool_call_ended: object({
    type: word("tool_call_ended"),
    tool_call_id: id<ToolCallId>(),
    status: executionStatusShape,
    end_cause: nullish(oneOf(TOOL_END_CAUSES)),
    result: nullish(payloadRefShape),
    output_preview: nullish(string),
    sizes: nullish(object({ produced_bytes: bytes, to_requester_bytes: bytes })),
  }),
  stdin_target_resolved: object({
    type: word("stdin_target_resolved"),
    tool_call_id: id<ToolCallId>(),
    exec_tool_call_id: id<ToolCallId>(),
  }),
  mcp_call_assigned: object({
    type: word("mcp_call_assigned"),
    tool_call_id: id<ToolCallId>(),
    mcp_call_id: string,
  }),
};
