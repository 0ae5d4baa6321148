/**
 * Messages as traces carry them, of whatever convention, as elements of the Responses dialect.
 *
 * Knows the GenAI conventions (`{role, parts}`), Chat Completions, the AI SDK (`{role, content: [{type: "tool-call"}]}`),
 * OpenInference (`message.role`, `message.contents`), Anthropic's blocks, and elements that are of the Responses dialect already.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { ITEM_KEY } from "./items-to-messages.ts";

/** The elements of a list of messages, or of one message. `role` is that of a message that names none. */
export function itemsOf(messages: JsonValue | undefined, role: string): readonly JsonObject[] {
  if (typeof messages === "string") return messages === "" ? [] : [textMessage(role, messages)];
  if (Array.isArray(messages)) {
    return (messages as readonly JsonValue[]).flatMap((each) => itemsOf(each, role));
  }
  return isJsonObject(messages) ? itemsOfMessage(messages, role) : [];
}

function itemsOfMessage(given: JsonObject, fallback: string): readonly JsonObject[] {
  const message = openInference(given);
  if (isElement(message)) return [message];
  const inner = message["message"] ?? message["delta"];
  if (isJsonObject(inner) && message["role"] === undefined) return itemsOfMessage(inner, fallback);
  const role = roleOf(message["role"], fallback);
  const content = message["parts"] ?? message["content"] ?? message["contents"] ?? message["text"];
  if (role === "tool" && typeof message["tool_call_id"] === "string") {
    return [outputItem(message["tool_call_id"], content ?? null)];
  }
  const thought = message["reasoning_content"] ?? message["reasoning"];
  const kept = isJsonObject(message[ITEM_KEY]) ? message[ITEM_KEY] : {};
  return [
    ...(typeof thought === "string" && thought !== "" ? [reasoningItem(thought)] : []),
    ...itemsOfParts(listOf(content), { role, kept }),
    ...listOf(message["tool_calls"]).flatMap((call) => callItems(call)),
    ...callItems(message["function_call"]),
  ];
}

/** OpenInference writes the key of every level: `message.role`, `message_content.text`, `tool_call.function`. */
function openInference(message: JsonObject): JsonObject {
  const inner = message["message"];
  return isJsonObject(inner) && ("role" in inner || "contents" in inner || "content" in inner)
    ? inner
    : message;
}

const ELEMENT_TYPES: ReadonlySet<JsonValue | undefined> = new Set([
  "message",
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "web_search_call",
  "file_search_call",
  "compaction",
]);

function isElement(message: JsonObject): boolean {
  if (!ELEMENT_TYPES.has(message["type"]) || "parts" in message) return false;
  return message["type"] !== "message" || (typeof message["role"] === "string" && "content" in message);
}

/** Texts and images of one message belong together; what else it has is an element of its own, in the same order. */
function itemsOfParts(
  parts: readonly JsonValue[],
  { role, kept }: { readonly role: string; readonly kept: JsonObject },
): readonly JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const close = (): void => {
    if (content.length > 0) items.push({ ...kept, type: "message", role, content });
    content = [];
  };
  for (const given of parts) {
    const item = itemOfPart(given);
    if (item === null) {
      const part = contentPart(given, role);
      if (part !== null) content.push(part);
      continue;
    }
    close();
    items.push(item);
  }
  close();
  return items;
}

/** A part that is an element of its own, or null. */
function itemOfPart(part: JsonValue): JsonObject | null {
  if (!isJsonObject(part)) return null;
  const kept = isJsonObject(part[ITEM_KEY]) ? part[ITEM_KEY] : null;
  switch (part["type"]) {
    case "tool_call":
    case "tool_use":
    case "tool-call": {
      const callId = part["id"] ?? part["toolCallId"] ?? null;
      const args = part["arguments"] ?? part["input"] ?? part["args"] ?? null;
      return callItem(callId, part["name"] ?? part["toolName"], args, kept);
    }
    case "tool_call_response":
    case "tool_result":
    case "tool-result": {
      const callId = part["id"] ?? part["tool_use_id"] ?? part["toolCallId"] ?? null;
      const output = part["response"] ?? part["result"] ?? part["output"] ?? part["content"] ?? null;
      return { ...outputItem(callId, output), ...kept };
    }
    case "reasoning":
    case "thinking":
      return (
        kept ??
        reasoningItem(textOf(part["content"] ?? part["text"] ?? part["thinking"] ?? part["reasoning"]))
      );
    default:
      return kept;
  }
}

/** A part of a message's content, or null for one that says nothing. */
function contentPart(given: JsonValue, role: string): JsonObject | null {
  const type = role === "assistant" ? "output_text" : "input_text";
  if (typeof given === "string") return given === "" ? null : { type, text: given };
  if (!isJsonObject(given)) return null;
  const inner = given["message_content"];
  const part = isJsonObject(inner) ? inner : given;
  const own = part["content"] ?? part["text"];
  const isText = part["type"] === undefined || part["type"] === "text" || part["type"] === type;
  if (isText && typeof own === "string") return own === "" ? null : { type, text: own };
  return part;
}

function callItems(given: JsonValue | undefined): readonly JsonObject[] {
  if (!isJsonObject(given)) return [];
  const inner = given["tool_call"];
  const call = isJsonObject(inner) ? inner : given;
  const called = isJsonObject(call["function"]) ? call["function"] : call;
  const name = called["name"] ?? call["toolName"];
  const args = called["arguments"] ?? called["args"] ?? called["input"] ?? null;
  return [callItem(call["id"] ?? call["toolCallId"] ?? null, name, args, null)];
}

function callItem(
  callId: JsonValue,
  name: JsonValue | undefined,
  args: JsonValue,
  kept: JsonObject | null,
): JsonObject {
  const call = { ...(typeof callId === "string" ? { call_id: callId } : {}), name: textOf(name) };
  if (kept?.["type"] === "custom_tool_call") return { ...call, input: textOf(args), ...kept };
  return {
    type: "function_call",
    ...call,
    arguments: typeof args === "string" ? args : JSON.stringify(args),
    ...kept,
  };
}

function outputItem(callId: JsonValue, output: JsonValue): JsonObject {
  return {
    type: "function_call_output",
    ...(typeof callId === "string" ? { call_id: callId } : {}),
    output: isContent(output) ? output : textOf(unwrapped(output)),
  };
}

/** The AI SDK wraps what a tool gave in its type. */
function unwrapped(output: JsonValue): JsonValue {
  if (!isJsonObject(output)) return output;
  const { type, value } = output;
  return value !== undefined && (type === "text" || type === "json" || type === "error-text")
    ? value
    : output;
}

function isContent(output: JsonValue): boolean {
  if (!Array.isArray(output)) return false;
  return (output as readonly JsonValue[]).every(
    (part) => isJsonObject(part) && typeof part["type"] === "string",
  );
}

function reasoningItem(text: string): JsonObject {
  return { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text }] };
}

function textMessage(role: string, text: string): JsonObject {
  return {
    type: "message",
    role,
    content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
  };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
}

/** Roles as the Responses dialect names them. */
function roleOf(role: JsonValue | undefined, fallback: string): string {
  if (typeof role !== "string" || role === "") return fallback;
  const name = role.toLowerCase();
  if (name === "model" || name === "ai") return "assistant";
  return name === "human" ? "user" : name === "function" ? "tool" : name;
}

export function textOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
