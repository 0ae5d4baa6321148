/** Requests to models, their responses, and items entering a thread's live history. */
import { z } from "zod";
import { idSchema } from "../id-schema.ts";
import type { InferenceCallId, ProviderItemId, ThreadId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefSchema } from "../payload.ts";
import type { EventSchemas } from "./event-schemas.ts";

/** Which wire format the request and response payloads have. */
export const DIALECTS = ["openai_responses", "openai_chat", "anthropic_messages"] as const;
export type Dialect = (typeof DIALECTS)[number];

/** What the request's model-facing array is relative to. */
export type InputMode =
  /** The array is the whole context. */
  | { readonly type: "full" }
  /** The array continues the recorded call that has this response id. */
  | { readonly type: "incremental"; readonly previous_response_id: string }
  /** The array continues a response that was not recorded; `prefix` is what came before it. */
  | {
      readonly type: "incremental_untraced";
      readonly previous_response_id: string;
      readonly prefix: PayloadRef;
    };

export interface InferenceStarted {
  readonly type: "inference_started";
  readonly inference_call_id: InferenceCallId;
  readonly thread_id: ThreadId;
  readonly turn_id: TurnId;
  readonly model: string;
  readonly provider: string;
  readonly dialect: Dialect;
  readonly input_mode: InputMode;
  readonly request: PayloadRef;
}

export interface InferenceCompleted {
  readonly type: "inference_completed";
  readonly inference_call_id: InferenceCallId;
  readonly response_id?: string | null | undefined;
  readonly upstream_request_id?: string | null | undefined;
  readonly response: PayloadRef;
}

export interface InferenceFailed {
  readonly type: "inference_failed";
  readonly inference_call_id: InferenceCallId;
  readonly error: string;
  readonly upstream_request_id?: string | null | undefined;
  readonly partial_response?: PayloadRef | null | undefined;
}

/** The host stopped reading the stream. */
export interface InferenceCancelled {
  readonly type: "inference_cancelled";
  readonly inference_call_id: InferenceCallId;
  readonly reason: string;
  readonly upstream_request_id?: string | null | undefined;
  readonly partial_response?: PayloadRef | null | undefined;
}

/**
 * An item with this provider item id entered the thread's live history, which may be long before a request carries it.
 * `item` is its body where no request or response will carry it.
 */
export interface HistoryItemAccepted {
  readonly type: "history_item_accepted";
  readonly item_id: ProviderItemId;
  readonly item?: PayloadRef | null | undefined;
}

export type InferenceEventPayload =
  | InferenceStarted
  | InferenceCompleted
  | InferenceFailed
  | InferenceCancelled
  | HistoryItemAccepted;

const inputMode: z.ZodType<InputMode> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("full") }),
  z.object({ type: z.literal("incremental"), previous_response_id: z.string() }),
  z.object({
    type: z.literal("incremental_untraced"),
    previous_response_id: z.string(),
    prefix: payloadRefSchema,
  }),
]);

export const inferenceEventSchemas: EventSchemas<InferenceEventPayload> = {
  inference_started: z.object({
    type: z.literal("inference_started"),
    inference_call_id: idSchema<InferenceCallId>(),
    thread_id: idSchema<ThreadId>(),
    turn_id: idSchema<TurnId>(),
    model: z.string(),
    provider: z.string(),
    dialect: z.enum(DIALECTS),
    input_mode: inputMode,
    request: payloadRefSchema,
  }),
  inference_completed: z.object({
    type: z.literal("inference_completed"),
    inference_call_id: idSchema<InferenceCallId>(),
    response_id: z.string().nullish(),
    upstream_request_id: z.string().nullish(),
    response: payloadRefSchema,
  }),
  inference_failed: z.object({
    type: z.literal("inference_failed"),
    inference_call_id: idSchema<InferenceCallId>(),
    error: z.string(),
    upstream_request_id: z.string().nullish(),
    partial_response: payloadRefSchema.nullish(),
  }),
  inference_cancelled: z.object({
    type: z.literal("inference_cancelled"),
    inference_call_id: idSchema<InferenceCallId>(),
    reason: z.string(),
    upstream_request_id: z.string().nullish(),
    partial_response: payloadRefSchema.nullish(),
  }),
  history_item_accepted: z.object({
    type: z.literal("history_item_accepted"),
    item_id: idSchema<ProviderItemId>(),
    item: payloadRefSchema.nullish(),
  }),
};
