/** Messages of both ends of a code-mode host's pipe, as they should be. None makes an isolate: those are not what is fuzzed. */
import type { JsonValue } from "@rollout-trace/protocol";

const response = { type: "result", cellId: "1", contentItems: [{ type: "input_text", text: "t" }] };
const invocation = {
  cellId: "1",
  runtimeToolCallId: "tool-1",
  toolName: { name: "t" },
  kind: "function",
  input: {},
};
const ended = { type: "cell_ended", cellId: "1", status: "completed", response, journal: null };

export const CLIENT_FRAMES: readonly JsonValue[] = [
  { type: "open_session", session: 1, firstCell: 1, firstWait: 1, observed: true },
  {
    type: "define_tools",
    toolset: 1,
    tools: [{ name: "t", toolName: { name: "t" }, description: "", kind: "function" }],
  },
  { type: "request", id: 1, session: 1, operation: { type: "wait", cellId: "1", yieldTimeMs: 1 } },
  { type: "request", id: 2, session: 1, operation: { type: "terminate", cellId: "1" } },
  { type: "request", id: 3, session: 1, operation: { type: "shutdown" } },
  { type: "abandon", id: 1 },
  { type: "call_answered", call: 1, answer: { ok: true, value: { deep: [1, "two", null] } } },
  { type: "store", session: 1, key: "k", json: "1" },
  { type: "forget_tools", toolset: 1 },
  { type: "ping", id: 1 },
];

export const HOST_FRAMES: readonly JsonValue[] = [
  { type: "hello", protocol: 1, name: "code-mode-host", version: "1.0.0", capabilities: ["sessions"] },
  { type: "admitted", id: 1, cellId: "1" },
  { type: "response", id: 1, result: { ok: true, value: response } },
  { type: "response", id: 1, result: { ok: false, error: { code: "limit", message: "no" } } },
  { type: "event", session: 1, event: { type: "cell_started", cellId: "1", toolCallId: "c", source: "" } },
  { type: "event", session: 1, event: ended },
  { type: "invoke_tool", call: 1, session: 1, invocation },
  { type: "notify", call: 2, session: 1, notification: { callId: "c", cellId: "1", text: "t" } },
  { type: "cancel_call", call: 1, session: 1 },
  { type: "cell_closed", session: 1, cellId: "1" },
  { type: "stored", session: 1, key: "k", json: "1" },
  { type: "isolate_lost", session: 1, cellId: "1", how: "stuck" },
  { type: "pong", id: 1 },
];
