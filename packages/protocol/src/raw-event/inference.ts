/** Requests to models, their responses, and items entering a thread's live history. */
import type { InferenceCallId, ProviderItemId, ThreadId, TurnId } from "../ids.ts";
import { type PayloadRef, payloadRefShape } from "../payload.ts";
import type { EventShapes } from "./event-shapes.ts";
import { byType, id, nullish, object, oneOf, string, word, type Shape } from "../shape.ts";

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

const inputMode: Shape<InputMode> = byType([
  object({ type: word("full") }),
  object({ type: word("incremental"), previous_response_id: string }),
  object({
    type: word("incremental_untraced"),
    previous_response_id: string,
    prefix: payloadRefShape,
  }),
]);

export const inferenceEventShapes: EventShapes<InferenceEventPayload> = {
  inference_started: object({
    type: word("inference_started"),
    inference_call_id: id<InferenceCallId>(),
    thread_id: id<ThreadId>(),
    turn_id: id<TurnId>(),
    model: string,
    provider: string,
    dialect: oneOf(DIALECTS),
    input_mode: inputMode,
    request: payloadRefShape,
  }),
  inference_completed: object({
    type: word("inference_completed"),
    inference_call_id: id<InferenceCallId>(),
    response_id: nullish(string),
    upstream_request_id: nullish(string),
    response: payloadRefShape,
  }),
  inference_failed: object({
    type: word("inference_failed"),
    inference_call_id: id<InferenceCallId>(),
    error: string,
    upstream_request_id: nullish(string),
    partial_response: nullish(payloadRefShape),
  }),
  inference_cancelled: object({
    type: word("inference_cancelled"),
    inference_call_id: id<InferenceCallId>(),
    reason: string,
    upstream_request_id: nullish(string),
    partial_response: nullish(payloadRefShape),
  }),
  history_item_accepted: object({
    type: word("history_item_accepted"),
    item_id: id<ProviderItemId>(),
    item: nullish(payloadRefShape),
  }),
};
