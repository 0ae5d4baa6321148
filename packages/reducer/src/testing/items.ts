/** Elements of the OpenAI Responses dialect, for tests. */
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";

type Extra = JsonObject;

/** A message of the user with one text. `extra` are further fields of the element, here and below, such as `id`. */
export function userMessage(text: string, extra: Extra = {}): JsonObject {
  return { type: "message", role: "user", content: [{ type: "input_text", text }], ...extra };
}

/** Instructions in the middle of a history. */
export function developerMessage(text: string, extra: Extra = {}): JsonObject {
  return { type: "message", role: "developer", content: [{ type: "input_text", text }], ...extra };
}

/** What the model said. */
export function assistantMessage(text: string, extra: Extra = {}): JsonObject {
  return { type: "message", role: "assistant", content: [{ type: "output_text", text }], ...extra };
}

/** What one agent tells another, by their paths. `content` is plain text, or parts as they are. */
export function agentMessage(author: string, recipient: string, content: string | JsonValue[]): JsonObject {
  const parts = typeof content === "string" ? [{ type: "input_text", text: content }] : content;
  return { type: "agent_message", author, recipient, content: parts };
}

/** A thought: readable, summed up, encrypted, or several of these. */
export function reasoning(fields: {
  text?: string;
  summary?: string;
  encrypted?: string;
  id?: string;
}): JsonObject {
  return {
    type: "reasoning",
    ...(fields.id === undefined ? {} : { id: fields.id }),
    summary: fields.summary === undefined ? [] : [{ type: "summary_text", text: fields.summary }],
    ...(fields.text === undefined ? {} : { content: [{ type: "reasoning_text", text: fields.text }] }),
    ...(fields.encrypted === undefined ? {} : { encrypted_content: fields.encrypted }),
  };
}

/** The model calls a function; `input` becomes its JSON text. */
export function functionCall(callId: string, name: string, input: JsonValue, extra: Extra = {}): JsonObject {
  return { type: "function_call", call_id: callId, name, arguments: JSON.stringify(input), ...extra };
}

/** What a function call came to: a text, or content parts. */
export function functionOutput(callId: string, output: JsonValue, extra: Extra = {}): JsonObject {
  return { type: "function_call_output", call_id: callId, output, ...extra };
}

/** The model runs a cell. */
export function execCall(callId: string, source: string, extra: Extra = {}): JsonObject {
  return { type: "custom_tool_call", call_id: callId, name: "exec", input: source, ...extra };
}

/** What a cell, or a wait for one, returned: a content part for each text. */
export function execOutput(callId: string, ...texts: readonly string[]): JsonObject {
  return {
    type: "custom_tool_call_output",
    call_id: callId,
    output: texts.map((text) => ({ type: "input_text", text })),
  };
}
