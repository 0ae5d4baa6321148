/** What `code-mode-host` sends to its client. */
import type {
  CellNotification,
  CodeModeErrorCode,
  CodeModeEvent,
  JsonValue,
  NestedToolCall,
} from "@rollout-trace/protocol";
import { z } from "zod";
import { eventSchema, jsonSchema, nestedCallSchema, notificationSchema } from "./events.ts";
import { type Hello, helloSchema } from "./hello.ts";

/** `abandoned` answers a request that was abandoned, `internal` is a bug in the host. */
export type WireErrorCode = Exclude<CodeModeErrorCode, "host_lost"> | "abandoned" | "internal";

const WIRE_ERROR_CODES: readonly WireErrorCode[] = [
  "busy_observer",
  "already_terminating",
  "shutting_down",
  "invalid_request",
  "protocol",
  "limit",
  "abandoned",
  "internal",
];

export interface WireError {
  readonly code: WireErrorCode;
  readonly message: string;
}

export type OperationResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: WireError };

export type HostMessage =
  | Hello
  /** The host cannot work with this client and ends. */
  | { readonly type: "refused"; readonly message: string }
  /** A cell was admitted; the request's `response` follows. */
  | { readonly type: "admitted"; readonly id: number; readonly cellId: string }
  | { readonly type: "response"; readonly id: number; readonly result: OperationResult }
  | { readonly type: "event"; readonly session: number; readonly event: CodeModeEvent }
  | {
      readonly type: "invoke_tool";
      readonly call: number;
      readonly session: number;
      readonly invocation: NestedToolCall;
    }
  | {
      readonly type: "notify";
      readonly call: number;
      readonly session: number;
      readonly notification: CellNotification;
    }
  /** The answer is not needed any more; one may still come. */
  | { readonly type: "cancel_call"; readonly call: number; readonly session: number }
  | { readonly type: "cell_closed"; readonly session: number; readonly cellId: string }
  /** A completed cell stored a value, given as JSON text. */
  | { readonly type: "stored"; readonly session: number; readonly key: string; readonly json: string }
  | {
      readonly type: "isolate_lost";
      readonly session: number;
      readonly cellId: string;
      readonly how: "stuck" | "poisoned";
    }
  | { readonly type: "pong"; readonly id: number };

const id = z.number().int().nonnegative();

const resultSchema: z.ZodType<OperationResult> = z.union([
  z.object({ ok: z.literal(true), value: jsonSchema }),
  z.object({
    ok: z.literal(false),
    error: z.object({ code: z.enum(WIRE_ERROR_CODES), message: z.string() }),
  }),
]);

/** By `type`. */
export const hostMessageSchemas: {
  readonly [Type in HostMessage["type"]]: z.ZodType<Extract<HostMessage, { type: Type }>>;
} = {
  hello: helloSchema,
  refused: z.object({ type: z.literal("refused"), message: z.string() }),
  admitted: z.object({ type: z.literal("admitted"), id, cellId: z.string() }),
  response: z.object({ type: z.literal("response"), id, result: resultSchema }),
  event: z.object({ type: z.literal("event"), session: id, event: eventSchema }),
  invoke_tool: z.object({
    type: z.literal("invoke_tool"),
    call: id,
    session: id,
    invocation: nestedCallSchema,
  }),
  notify: z.object({ type: z.literal("notify"), call: id, session: id, notification: notificationSchema }),
  cancel_call: z.object({ type: z.literal("cancel_call"), call: id, session: id }),
  cell_closed: z.object({ type: z.literal("cell_closed"), session: id, cellId: z.string() }),
  stored: z.object({ type: z.literal("stored"), session: id, key: z.string(), json: z.string() }),
  isolate_lost: z.object({
    type: z.literal("isolate_lost"),
    session: id,
    cellId: z.string(),
    how: z.enum(["stuck", "poisoned"]),
  }),
  pong: z.object({ type: z.literal("pong"), id }),
};
