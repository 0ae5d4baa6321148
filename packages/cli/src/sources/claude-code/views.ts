/** Payloads that are views of one line of a transcript. */
import type { JsonValue } from "@rollout-trace/protocol";
import type { LineView, LineViews } from "../log/log-payloads.ts";
import {
  account,
  commandBegin,
  commandEnd,
  fileChange,
  invocation,
  result,
  watchEnd,
} from "./tool-documents.ts";

export type ClaudeView =
  | "event"
  | "invocation"
  | "result"
  | "account"
  | "command_begin"
  | "command_end"
  | "watch_end"
  | "file_change";

const whole = (line: JsonValue): JsonValue => line;

export const CLAUDE_VIEWS: LineViews & { readonly [View in ClaudeView]: LineView } = {
  event: { kind: "protocol_event", derive: whole },
  invocation: { kind: "tool_invocation", derive: invocation },
  result: { kind: "tool_result", derive: result },
  account: { kind: "tool_runtime_event", derive: account },
  command_begin: { kind: "tool_runtime_event", derive: commandBegin },
  command_end: { kind: "tool_runtime_event", derive: commandEnd },
  watch_end: { kind: "tool_runtime_event", derive: watchEnd },
  file_change: { kind: "tool_runtime_event", derive: fileChange },
};
