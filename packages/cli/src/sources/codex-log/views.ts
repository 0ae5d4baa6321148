/** Payloads that are views of one line of a session log. */
import type { LineView, LineViews } from "../log/log-payloads.ts";
import { payloadOf } from "./record.ts";
import { account, commandBegin, commandEnd, mcpInvocation, mcpResult } from "./runtime-events.ts";
import { beginOfCall, invocation, result, terminalEnd } from "./tool-documents.ts";

export type CodexView =
  | "meta"
  | "event"
  | "invocation"
  | "begin"
  | "result"
  | "terminal_end"
  | "account"
  | "command_end"
  | "command_begin"
  | "mcp_invocation"
  | "mcp_result";

export const CODEX_VIEWS: LineViews & { readonly [View in CodexView]: LineView } = {
  meta: { kind: "thread_metadata", derive: payloadOf },
  event: { kind: "protocol_event", derive: (line) => line },
  invocation: { kind: "tool_invocation", derive: invocation },
  begin: { kind: "tool_runtime_event", derive: beginOfCall },
  result: { kind: "tool_result", derive: result },
  terminal_end: { kind: "tool_runtime_event", derive: terminalEnd },
  account: { kind: "tool_runtime_event", derive: account },
  command_end: { kind: "tool_runtime_event", derive: commandEnd },
  command_begin: { kind: "tool_runtime_event", derive: commandBegin },
  mcp_invocation: { kind: "tool_invocation", derive: mcpInvocation },
  mcp_result: { kind: "tool_result", derive: mcpResult },
};
