/**
 * Code mode: the data that a host and a session hand to each other.
 *
 * These are in-memory types, so their keys are `camelCase`; everything in them is plain data that survives
 * `structuredClone` and, except for `AbortSignal`, JSON.
 */
import type { JsonValue } from "./json.ts";
import type { ToolKind } from "./raw-event/tool-call.ts";
import type { CancelCause } from "./raw-event/code-cell.ts";

/** What a tool is called at the host: a name and, where names repeat, the namespace it is in. */
export interface ToolName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** `function` tools take a JSON object or nothing, `freeform` tools take a string. */
export type NestedToolKind = "function" | "freeform";

/** A tool that a cell may call as `tools.<name>(input)`. */
export interface ToolDefinition {
  /** What the script calls it; characters that no identifier may have are replaced by `_`. */
  readonly name: string;
  /** What the host calls it. */
  readonly toolName: ToolName;
  readonly description: string;
  readonly kind: NestedToolKind;
  /** JSON Schema of the input, for the declaration that the model reads. Not enforced. */
  readonly inputSchema?: JsonValue | undefined;
  /** JSON Schema of the result. Not enforced. */
  readonly outputSchema?: JsonValue | undefined;
  /** The kind a recorder files the call under. Default: `{type: "other", name: toolName.name}`. */
  readonly recordAs?: ToolKind | undefined;
}

/** Bounds of one cell. Passing one ends that cell with an error that names the limit. */
export interface CellLimits {
  /** Bytes of V8 heap. Default 128 MiB, at least 8 MiB. */
  readonly heapBytes?: number | undefined;
  /** Bytes of UTF-8 that the helpers may append in all. Default 32 MiB. */
  readonly outputBytes?: number | undefined;
  /** Nested calls that may be in flight at once. Default 16 384. */
  readonly pendingToolCalls?: number | undefined;
  /** Timers that may be set at once. Default 4 096. */
  readonly timers?: number | undefined;
  /** Milliseconds of CPU that the cell may use without anybody observing a yield. Default: no limit. */
  readonly cpuMs?: number | undefined;
}

/** One `exec`. */
export interface ExecuteRequest {
  /** The model-visible call id of the exec call. */
  readonly toolCallId: string;
  /** JavaScript, run as an async module. */
  readonly source: string;
  readonly enabledTools: readonly ToolDefinition[];
  /** Milliseconds until the first response when the cell is still running. Default 10 000. */
  readonly yieldTimeMs?: number | undefined;
  /** Budget for the model-visible output, carried for whoever shapes it. Default 10 000 tokens. */
  readonly maxOutputTokens?: number | undefined;
  readonly limits?: CellLimits | undefined;
}

/** A cell that was admitted. */
export interface StartedCell {
  /** `"1"`, `"2"`, … in the order of admission; never used again in the session. */
  readonly cellId: string;
  /** What `exec` shows first: the result, or `yielded` when the deadline or `yield_control()` came first. */
  readonly initialResponse: Promise<RuntimeResponse>;
}

/** Observes a running cell until it yields or ends. */
export interface WaitRequest {
  readonly cellId: string;
  /** Milliseconds until `yielded` when nothing else happened. Default 10 000. */
  readonly yieldTimeMs?: number | undefined;
  /** The model-visible call id of the wait call, where a model asked. */
  readonly toolCallId?: string | undefined;
  /** Stops observing; the cell goes on and what the caller would have got is kept for the next one. */
  readonly signal?: AbortSignal | undefined;
}

/** Observes a cell until its pending frontier, where it is frozen. */
export interface WaitToPendingRequest {
  readonly cellId: string;
  readonly toolCallId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Ends a cell. */
export interface TerminateRequest {
  readonly cellId: string;
  readonly toolCallId?: string | undefined;
  /** Why. Default `host`. */
  readonly cause?: CancelCause | undefined;
}

/** One item of a cell's output. */
export type ContentItem =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "input_image"; readonly image_url: string; readonly detail: ImageDetail };

/** How closely a model should look at an image. */
export const IMAGE_DETAILS = ["auto", "low", "high", "original"] as const;
export type ImageDetail = (typeof IMAGE_DETAILS)[number];

/** What an observation of a cell gives: the output since the last one, and whether the cell is over. */
export interface RuntimeResponse {
  /** `yielded`: the cell is still running. `terminated` and `result`: it is over. */
  readonly type: "yielded" | "terminated" | "result";
  readonly cellId: string;
  readonly contentItems: readonly ContentItem[];
  /** Present when the script failed; its stack has the line numbers of the model's own source. */
  readonly errorText?: string | undefined;
}

/** What observing to the pending frontier gives. */
export type PendingOutcome =
  | {
      readonly type: "pending";
      readonly cellId: string;
      readonly contentItems: readonly ContentItem[];
      /** The cell's own ids (`tool-1`, …) of its outstanding calls, in the order of asking. */
      readonly pendingToolCallIds: readonly string[];
    }
  | { readonly type: "completed"; readonly response: RuntimeResponse };

/** `missing`: no such cell (any more); `response` says so in words for the model. */
export interface WaitOutcome {
  readonly type: "live" | "missing";
  readonly response: RuntimeResponse;
}

export type WaitToPendingOutcome =
  | { readonly type: "live"; readonly outcome: PendingOutcome }
  | { readonly type: "missing"; readonly response: RuntimeResponse };

/** A cell asks its host to run a tool. */
export interface NestedToolCall {
  readonly cellId: string;
  /** The cell's own id of this call: `tool-1`, `tool-2`, … in the order of asking. */
  readonly runtimeToolCallId: string;
  readonly toolName: ToolName;
  readonly kind: NestedToolKind;
  /** Absent when the script passed nothing. */
  readonly input?: JsonValue | undefined;
}

/** `notify(...)`: a message to the model outside the cell's output. */
export interface CellNotification {
  /** The exec call's model-visible id. */
  readonly callId: string;
  readonly cellId: string;
  readonly text: string;
}
