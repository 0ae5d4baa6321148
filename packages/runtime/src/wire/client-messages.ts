/** What a client sends to `code-mode-host`. */
import {
  CANCEL_CAUSES,
  type CancelCause,
  type CellLimits,
  type JsonValue,
  type ToolDefinition,
  toolKindSchema,
} from "@rollout-trace/protocol";
import { z } from "zod";
import { jsonSchema, toolNameSchema } from "./events.ts";
import { type Hello, helloSchema } from "./hello.ts";

/** A tool without its schemas: those are for the model, which the host does not talk to. */
export type WireTool = Omit<ToolDefinition, "inputSchema" | "outputSchema">;

export interface ExecuteOperation {
  readonly type: "execute" | "execute_to_pending";
  readonly toolCallId: string;
  readonly source: string;
  /** Of a `define_tools` before. */
  readonly toolset: number;
  readonly yieldTimeMs?: number | undefined;
  readonly limits?: CellLimits | undefined;
}

export interface ObserveOperation {
  readonly type: "wait" | "wait_to_pending";
  readonly cellId: string;
  readonly yieldTimeMs?: number | undefined;
  readonly toolCallId?: string | undefined;
  /** The caller had gone before it began to wait. */
  readonly abandoned?: boolean | undefined;
}

export interface TerminateOperation {
  readonly type: "terminate";
  readonly cellId: string;
  readonly toolCallId?: string | undefined;
  readonly cause?: CancelCause | undefined;
}

export type Operation =
  | ExecuteOperation
  | ObserveOperation
  | TerminateOperation
  | { readonly type: "shutdown" };

export type CallAnswer =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: string };

export type ClientMessage =
  | Hello
  /** Ids continue where another host's session left off. */
  | {
      readonly type: "open_session";
      readonly session: number;
      readonly firstCell: number;
      readonly firstWait: number;
      /** Whether anybody is told of nested calls, notifications, cancellations and first responses. */
      readonly observed: boolean;
    }
  /** A stored value, as JSON text, that the session had in another host. */
  | { readonly type: "store"; readonly session: number; readonly key: string; readonly json: string }
  | { readonly type: "define_tools"; readonly toolset: number; readonly tools: readonly WireTool[] }
  | { readonly type: "forget_tools"; readonly toolset: number }
  | {
      readonly type: "request";
      readonly id: number;
      readonly session: number;
      readonly operation: Operation;
    }
  /** Stops waiting; the request is answered all the same. */
  | { readonly type: "abandon"; readonly id: number }
  /** Answers `invoke_tool` and `notify`. */
  | { readonly type: "call_answered"; readonly call: number; readonly answer: CallAnswer }
  | { readonly type: "ping"; readonly id: number };

const id = z.number().int().nonnegative();

const toolSchema: z.ZodType<WireTool> = z.object({
  name: z.string(),
  toolName: toolNameSchema,
  description: z.string(),
  kind: z.enum(["function", "freeform"]),
  recordAs: toolKindSchema.optional(),
});

/** Ranges are the session's to check. */
const limitsSchema: z.ZodType<CellLimits> = z.object({
  heapBytes: z.number().optional(),
  outputBytes: z.number().optional(),
  pendingToolCalls: z.number().optional(),
  timers: z.number().optional(),
  cpuMs: z.number().optional(),
});

const operationSchema: z.ZodType<Operation> = z.discriminatedUnion("type", [
  z.object({
    type: z.enum(["execute", "execute_to_pending"]),
    toolCallId: z.string(),
    source: z.string(),
    toolset: id,
    yieldTimeMs: z.number().optional(),
    limits: limitsSchema.optional(),
  }),
  z.object({
    type: z.enum(["wait", "wait_to_pending"]),
    cellId: z.string(),
    yieldTimeMs: z.number().optional(),
    toolCallId: z.string().optional(),
    abandoned: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("terminate"),
    cellId: z.string(),
    toolCallId: z.string().optional(),
    cause: z.enum(CANCEL_CAUSES).optional(),
  }),
  z.object({ type: z.literal("shutdown") }),
]);

const answerSchema: z.ZodType<CallAnswer> = z.union([
  z.object({ ok: z.literal(true), value: jsonSchema }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** By `type`. */
export const clientMessageSchemas: {
  readonly [Type in ClientMessage["type"]]: z.ZodType<Extract<ClientMessage, { type: Type }>>;
} = {
  hello: helloSchema,
  open_session: z.object({
    type: z.literal("open_session"),
    session: id,
    firstCell: id,
    firstWait: id,
    observed: z.boolean(),
  }),
  store: z.object({ type: z.literal("store"), session: id, key: z.string(), json: z.string() }),
  define_tools: z.object({ type: z.literal("define_tools"), toolset: id, tools: z.array(toolSchema) }),
  forget_tools: z.object({ type: z.literal("forget_tools"), toolset: id }),
  request: z.object({ type: z.literal("request"), id, session: id, operation: operationSchema }),
  abandon: z.object({ type: z.literal("abandon"), id }),
  call_answered: z.object({ type: z.literal("call_answered"), call: id, answer: answerSchema }),
  ping: z.object({ type: z.literal("ping"), id }),
};
