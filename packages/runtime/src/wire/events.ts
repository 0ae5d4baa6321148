/** What an observer is told, as the host sends it. */
import {
  CANCEL_CAUSES,
  CELL_LIMIT_NAMES,
  type CellNotification,
  cellStatusSchema,
  type CodeModeEvent,
  type ContentItem,
  executionStatusSchema,
  finalCellStatusSchema,
  IMAGE_DETAILS,
  type JsonValue,
  type NestedToolCall,
  type RuntimeResponse,
  TOOL_END_CAUSES,
  toolKindSchema,
  WAIT_MODES,
  WAIT_OUTCOMES,
} from "@rollout-trace/protocol";
import { z } from "zod";

/** Whatever JSON.parse gave; it is not looked at. */
export const jsonSchema: z.ZodType<JsonValue> = z.unknown() as unknown as z.ZodType<JsonValue>;

export const contentItemSchema: z.ZodType<ContentItem> = z.union([
  z.object({ type: z.literal("input_text"), text: z.string() }),
  z.object({ type: z.literal("input_image"), image_url: z.string(), detail: z.enum(IMAGE_DETAILS) }),
]);

export const responseSchema: z.ZodType<RuntimeResponse> = z.object({
  type: z.enum(["yielded", "terminated", "result"]),
  cellId: z.string(),
  contentItems: z.array(contentItemSchema),
  errorText: z.string().optional(),
});

export const toolNameSchema: z.ZodType<{ name: string; namespace?: string | undefined }> = z.object({
  name: z.string(),
  namespace: z.string().optional(),
});

export const nestedCallSchema: z.ZodType<NestedToolCall> = z.object({
  cellId: z.string(),
  runtimeToolCallId: z.string(),
  toolName: toolNameSchema,
  kind: z.enum(["function", "freeform"]),
  input: jsonSchema.optional(),
});

export const notificationSchema: z.ZodType<CellNotification> = z.object({
  callId: z.string(),
  cellId: z.string(),
  text: z.string(),
});

const journalSchema = z.object({
  random_seed: z.number(),
  clock_reads: z.array(z.number()),
  deliveries: z.array(
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("tool_result"), runtime_tool_call_id: z.string(), ok: z.boolean() }),
      z.object({ type: z.literal("timer"), timer_id: z.number() }),
    ]),
  ),
  truncated: z.boolean().optional(),
});

export const eventSchema: z.ZodType<CodeModeEvent> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("cell_started"),
    cellId: z.string(),
    toolCallId: z.string(),
    source: z.string(),
  }),
  z.object({
    type: z.literal("cell_initial_response"),
    cellId: z.string(),
    status: cellStatusSchema,
    response: responseSchema,
  }),
  z.object({
    type: z.literal("wait_started"),
    waitId: z.string(),
    cellId: z.string(),
    toolCallId: z.string().nullable(),
    mode: z.enum(WAIT_MODES),
  }),
  z.object({
    type: z.literal("wait_ended"),
    waitId: z.string(),
    cellId: z.string(),
    outcome: z.enum(WAIT_OUTCOMES),
    response: responseSchema.nullable(),
  }),
  z.object({
    type: z.literal("cancel_requested"),
    cellId: z.string(),
    toolCallId: z.string().nullable(),
    cause: z.enum(CANCEL_CAUSES),
    limit: z.enum(CELL_LIMIT_NAMES).nullable(),
  }),
  z.object({ type: z.literal("nested_call_started"), call: nestedCallSchema, recordAs: toolKindSchema }),
  z.object({
    type: z.literal("nested_call_ended"),
    cellId: z.string(),
    runtimeToolCallId: z.string(),
    status: executionStatusSchema,
    endCause: z.enum(TOOL_END_CAUSES),
    result: z
      .discriminatedUnion("type", [
        z.object({ type: z.literal("value"), value: jsonSchema }),
        z.object({ type: z.literal("error"), error: z.string() }),
      ])
      .nullable(),
  }),
  z.object({
    type: z.literal("notification"),
    cellId: z.string(),
    callId: z.string(),
    text: z.string(),
  }),
  z.object({
    type: z.literal("cell_ended"),
    cellId: z.string(),
    status: finalCellStatusSchema,
    response: responseSchema,
    journal: journalSchema.nullable(),
  }),
]);
