/** What `code-mode-host` sends to its client. */
import type {
  CellNotification,
  CodeModeErrorCode,
  CodeModeEvent,
  JsonValue,
  NestedToolCall,
} from "@rollout-trace/protocol";
import { type Check, exactly, json, members, natural, object, oneOf, outcome, text } from "./check.ts";
import { eventCheck, nestedCallCheck, notificationCheck } from "./events.ts";
import { type Hello, helloFields } from "./hello.ts";

/** `abandoned` answers a request that was abandoned, `internal` is a bug in the host. */
export type WireErrorCode = Exclude<CodeModeErrorCode, "host_lost"> | "abandoned" | "internal";

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

const wireErrorCheck: Check<WireError> = object<WireError>({
  code: oneOf<WireErrorCode>({
    busy_observer: true,
    already_terminating: true,
    shutting_down: true,
    invalid_request: true,
    protocol: true,
    limit: true,
    abandoned: true,
    internal: true,
  }),
  message: text,
});

const resultCheck: Check<OperationResult> = outcome<OperationResult>(
  { ok: exactly(true), value: json },
  { ok: exactly(false), error: wireErrorCheck },
);

/** By `type`. */
export const hostMessageChecks: ReadonlyMap<string, Check<unknown>> = members<HostMessage>({
  hello: helloFields,
  refused: { message: text },
  admitted: { id: natural, cellId: text },
  response: { id: natural, result: resultCheck },
  event: { session: natural, event: eventCheck },
  invoke_tool: { call: natural, session: natural, invocation: nestedCallCheck },
  notify: { call: natural, session: natural, notification: notificationCheck },
  cancel_call: { call: natural, session: natural },
  cell_closed: { session: natural, cellId: text },
  stored: { session: natural, key: text, json: text },
  isolate_lost: {
    session: natural,
    cellId: text,
    how: oneOf<"stuck" | "poisoned">({ stuck: true, poisoned: true }),
  },
  pong: { id: natural },
});
