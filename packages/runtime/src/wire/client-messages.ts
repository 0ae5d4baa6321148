/** What a client sends to `code-mode-host`. */
import type { CancelCause, CellLimits, JsonValue, ToolDefinition } from "@rollout-trace/protocol";
import {
  type Check,
  exactly,
  flag,
  json,
  list,
  members,
  natural,
  number,
  object,
  optional,
  outcome,
  text,
  union,
} from "./check.ts";
import { cancelCauseCheck, nestedToolKindCheck, toolKindCheck, toolNameCheck } from "./events.ts";
import { type Hello, helloFields } from "./hello.ts";

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

const toolCheck: Check<WireTool> = object<WireTool>({
  name: text,
  toolName: toolNameCheck,
  description: text,
  kind: nestedToolKindCheck,
  recordAs: optional(toolKindCheck),
});

/** Ranges are the session's to check. */
const limitsCheck: Check<CellLimits> = object<CellLimits>({
  heapBytes: optional(number),
  outputBytes: optional(number),
  pendingToolCalls: optional(number),
  timers: optional(number),
  cpuMs: optional(number),
});

const EXECUTE_FIELDS = {
  toolCallId: text,
  source: text,
  toolset: natural,
  yieldTimeMs: optional(number),
  limits: optional(limitsCheck),
};

const OBSERVE_FIELDS = {
  cellId: text,
  yieldTimeMs: optional(number),
  toolCallId: optional(text),
  abandoned: optional(flag),
};

const operationCheck: Check<Operation> = union<Operation>({
  execute: EXECUTE_FIELDS,
  execute_to_pending: EXECUTE_FIELDS,
  wait: OBSERVE_FIELDS,
  wait_to_pending: OBSERVE_FIELDS,
  terminate: { cellId: text, toolCallId: optional(text), cause: optional(cancelCauseCheck) },
  shutdown: {},
});

const answerCheck: Check<CallAnswer> = outcome<CallAnswer>(
  { ok: exactly(true), value: json },
  { ok: exactly(false), error: text },
);

/** By `type`. */
export const clientMessageChecks: ReadonlyMap<string, Check<unknown>> = members<ClientMessage>({
  hello: helloFields,
  open_session: { session: natural, firstCell: natural, firstWait: natural, observed: flag },
  store: { session: natural, key: text, json: text },
  define_tools: { toolset: natural, tools: list(toolCheck) },
  forget_tools: { toolset: natural },
  request: { id: natural, session: natural, operation: operationCheck },
  abandon: { id: natural },
  call_answered: { call: natural, answer: answerCheck },
  ping: { id: natural },
});
