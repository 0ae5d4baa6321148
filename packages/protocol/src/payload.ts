/**
 * Payloads: the large pieces of evidence that events name.
 *
 * A payload is any JSON document. The shapes below are those that a reader may rely on where the event's field says so;
 * request, response and runtime documents of a provider or host keep whatever shape they had.
 */
import { z } from "zod";
import type { PayloadId } from "./ids.ts";
import { idSchema } from "./id-schema.ts";
import type { JsonValue } from "./json.ts";

/** What a payload is evidence of. */
export const PAYLOAD_KINDS = [
  "inference_request",
  "inference_response",
  "compaction_request",
  "compaction_response",
  "compaction_checkpoint",
  "tool_invocation",
  "tool_result",
  "tool_runtime_event",
  "code_cell_response",
  "code_cell_journal",
  "protocol_event",
  "thread_metadata",
  "agent_result",
  "other",
] as const;
export type PayloadKind = (typeof PAYLOAD_KINDS)[number];

/** How an event names a payload. */
export interface PayloadRef {
  readonly payload_id: PayloadId;
  readonly kind: PayloadKind;
}

export const payloadKindSchema: z.ZodType<PayloadKind> = z.enum(PAYLOAD_KINDS);
export const payloadRefSchema: z.ZodType<PayloadRef> = z.object({
  payload_id: idSchema<PayloadId>(),
  kind: payloadKindSchema,
});

/** A `tool_invocation` payload: what the requester handed to the tool. */
export interface ToolInvocation {
  readonly tool_name: string;
  readonly tool_namespace?: string | null | undefined;
  readonly payload:
    | { readonly type: "function"; readonly arguments: string }
    | { readonly type: "custom"; readonly input: string }
    | { readonly type: "json"; readonly value: JsonValue };
}

/** A `tool_result` payload: what went back to the requester. */
export type ToolResult =
  /** The output item for the model. */
  | { readonly type: "direct"; readonly item: JsonValue }
  /** The value handed to JavaScript. */
  | { readonly type: "code_mode"; readonly value: JsonValue }
  | { readonly type: "error"; readonly error: string };

/** A `tool_runtime_event` payload of a terminal. Other hosts' runtime events have other types and are kept as they are. */
export type TerminalRuntimeEvent =
  | {
      readonly type: "exec_command_begin";
      readonly command: readonly string[];
      readonly cwd: string;
      readonly process_id?: string | null | undefined;
    }
  | {
      readonly type: "write_stdin_begin";
      readonly stdin: string;
      readonly process_id?: string | null | undefined;
    }
  | {
      readonly type: "exec_command_end" | "write_stdin_end";
      readonly exit_code?: number | null | undefined;
      readonly stdout: string;
      readonly stderr: string;
      readonly formatted_output?: string | null | undefined;
      readonly process_id?: string | null | undefined;
    };

/** A `compaction_checkpoint` payload. */
export interface CompactionCheckpoint {
  readonly input_history: readonly JsonValue[];
  readonly replacement_history: readonly JsonValue[];
}

/**
 * A `code_cell_journal` payload: what a cell's outcome depended on besides its source, so that it can be run again.
 * `truncated` is true when the journal reached its bound and the rest was not kept.
 */
export interface CellJournal {
  readonly random_seed: number;
  /** Milliseconds since the epoch, in the order in which the script read its clock. */
  readonly clock_reads: readonly number[];
  readonly deliveries: readonly CellDelivery[];
  readonly truncated?: boolean | undefined;
}

/** One thing that the isolate received, in the order of receiving. */
export type CellDelivery =
  | { readonly type: "tool_result"; readonly runtime_tool_call_id: string; readonly ok: boolean }
  | { readonly type: "timer"; readonly timer_id: number };
