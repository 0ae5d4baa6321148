/** The OpenAI Responses dialect: elements of `input` and `output`. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { ITEM_ROLES, type ItemChannel, type ItemKind, type ItemRole } from "../graph/conversation.ts";
import {
  codePart,
  encodedPart,
  jsonPart,
  type NormalItem,
  type Normalise,
  payloadRefPart,
  type SizedPart,
  type SkippedItem,
  summaryPart,
  textPart,
} from "./normal-item.ts";

interface Shape {
  readonly role: ItemRole;
  readonly channel: ItemChannel | null;
  readonly kind: ItemKind;
  readonly parts: readonly SizedPart[];
  readonly distinguisher?: string;
  readonly agentMessage?: NormalItem["agentMessage"];
  readonly oddity?: NormalItem["oddity"];
}

/** The tool whose input is a script; its call items are shown as code. */
const EXEC_TOOL_NAME = "exec";

export const normaliseOpenAiResponses: Normalise = (element, payloadId) => {
  if (!isJsonObject(element)) return finish({}, unknownElement(element, "not an object", payloadId));
  if (element["type"] === "additional_tools") return { skipped: true, providerItemId: idOf(element) };
  return finish(element, shapeOf(element, payloadId));
};

function finish(element: JsonObject, shape: Shape): NormalItem | SkippedItem {
  return {
    skipped: false,
    providerItemId: idOf(element),
    role: shape.role,
    channel: shape.channel,
    kind: shape.kind,
    callId: stringOf(element["call_id"]),
    agentMessage: shape.agentMessage ?? null,
    parts: shape.parts.map(({ part }) => part),
    distinguisher: shape.distinguisher ?? "",
    bytes: shape.parts.reduce((sum, { bytes }) => sum + bytes, 0),
    oddity: shape.oddity ?? null,
  };
}

function shapeOf(element: JsonObject, payloadId: string): Shape {
  const type = stringOf(element["type"]) ?? ("role" in element ? "message" : "without a type");
  switch (type) {
    case "message":
      return messageShape(element, payloadId);
    case "agent_message":
      return agentMessageShape(element, payloadId);
    case "reasoning":
      return reasoningShape(element, payloadId);
    case "function_call":
      return {
        ...callShape("function_call", element),
        parts: [argumentsPart(element["arguments"], payloadId)],
      };
    case "custom_tool_call":
      return { ...callShape("custom_tool_call", element), parts: [customInputPart(element, payloadId)] };
    case "function_call_output":
    case "mcp_tool_call_output":
    case "tool_search_output":
      return outputShape("function_call_output", element, payloadId);
    case "custom_tool_call_output":
      return outputShape("custom_tool_call_output", element, payloadId);
    case "web_search_call":
    case "image_generation_call":
    case "local_shell_call":
    case "tool_search_call":
    case "file_search_call":
    case "computer_call":
    case "code_interpreter_call":
    case "mcp_call":
    case "mcp_list_tools":
    case "shell_call":
    case "apply_patch_call":
      return { ...callShape("function_call", element), parts: [jsonPart(withoutId(element), payloadId)] };
    case "compaction":
    case "compaction_summary":
    case "context_compaction":
      return {
        role: "assistant",
        channel: "summary",
        kind: "message",
        parts: readable(encryptedParts(element), element, payloadId),
      };
    default:
      return unknownElement(element, type, payloadId);
  }
}

function messageShape(element: JsonObject, payloadId: string): Shape {
  const role = ITEM_ROLES.find((known) => known === element["role"]);
  if (role === undefined) return unknownElement(element, "message without a known role", payloadId);
  return {
    role,
    channel: channelOf(element["phase"]),
    kind: "message",
    parts: readable(contentParts(element["content"], payloadId), element["content"] ?? null, payloadId),
  };
}

function channelOf(phase: JsonValue | undefined): ItemChannel | null {
  if (phase === "commentary") return "commentary";
  if (phase === "final_answer") return "final";
  return phase === "summary" ? "summary" : null;
}

function agentMessageShape(element: JsonObject, payloadId: string): Shape {
  return {
    role: "assistant",
    channel: "analysis",
    kind: "message",
    parts: readable(contentParts(element["content"], payloadId), element["content"] ?? null, payloadId),
    agentMessage: {
      author: stringOf(element["author"]) ?? "",
      recipient: stringOf(element["recipient"]) ?? "",
    },
  };
}

function reasoningShape(element: JsonObject, payloadId: string): Shape {
  const texts = textsOf(element["content"]).map(textPart);
  const summaries = textsOf(element["summary"]).map(summaryPart);
  const parts = [...texts, ...summaries, ...encryptedParts(element)];
  const shape = { role: "assistant", channel: "analysis", kind: "reasoning" } as const;
  if (parts.length > 0) return { ...shape, parts };
  return {
    ...shape,
    parts: readable(parts, withoutId(element), payloadId),
    oddity: {
      code: "empty_reasoning",
      message: "a reasoning item has no text, summary or encrypted content",
    },
  };
}

function callShape(kind: ItemKind, element: JsonObject): Omit<Shape, "parts"> {
  const name = stringOf(element["name"]) ?? "";
  const namespace = stringOf(element["namespace"]) ?? "";
  return { role: "assistant", channel: "commentary", kind, distinguisher: `${namespace}\n${name}` };
}

function argumentsPart(value: JsonValue | undefined, payloadId: string): SizedPart {
  if (typeof value !== "string") return jsonPart(value ?? null, payloadId);
  try {
    return jsonPart(JSON.parse(value) as JsonValue, payloadId);
  } catch {
    return textPart(value);
  }
}

function customInputPart(element: JsonObject, payloadId: string): SizedPart {
  const input = element["input"];
  if (typeof input !== "string") return jsonPart(input ?? null, payloadId);
  return element["name"] === EXEC_TOOL_NAME ? codePart("javascript", input) : textPart(input);
}

function outputShape(kind: ItemKind, element: JsonObject, payloadId: string): Shape {
  const output = element["output"] ?? element["tools"] ?? null;
  const parts =
    typeof output === "string"
      ? [textPart(output)]
      : Array.isArray(output) && element["output"] !== undefined
        ? readable(contentParts(output, payloadId), output, payloadId)
        : [jsonPart(output, payloadId)];
  return { role: "tool", channel: "commentary", kind, parts };
}

function unknownElement(element: JsonValue, type: string, payloadId: string): Shape {
  return {
    role: "assistant",
    channel: null,
    kind: "message",
    parts: [jsonPart(isJsonObject(element) ? withoutId(element) : element, payloadId)],
    oddity: { code: "unknown_item_type", message: `an element of type ${JSON.stringify(type)} is not known` },
  };
}

function contentParts(content: JsonValue | undefined, payloadId: string): readonly SizedPart[] {
  if (typeof content === "string") return [textPart(content)];
  if (!Array.isArray(content)) return [];
  return (content as readonly JsonValue[]).map((part) => contentPart(part, payloadId));
}

function contentPart(part: JsonValue, payloadId: string): SizedPart {
  if (typeof part === "string") return textPart(part);
  if (!isJsonObject(part)) return payloadRefPart("unknown", part, payloadId);
  const type = stringOf(part["type"]) ?? "unknown";
  if (type === "input_text" || type === "output_text" || type === "text") {
    return textPart(stringOf(part["text"]) ?? "");
  }
  const encrypted = stringOf(part["encrypted_content"]);
  if (type === "encrypted_content" && encrypted !== null) return encodedPart("encrypted_content", encrypted);
  return payloadRefPart(type, part, payloadId);
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).flatMap((part) =>
    isJsonObject(part) && typeof part["text"] === "string" && part["text"] !== "" ? [part["text"]] : [],
  );
}

function encryptedParts(element: JsonObject): readonly SizedPart[] {
  const value = stringOf(element["encrypted_content"]);
  return value === null ? [] : [encodedPart("encrypted_content", value)];
}

/** `parts`, or where there are none a reference that says so. */
function readable(parts: readonly SizedPart[], value: JsonValue, payloadId: string): readonly SizedPart[] {
  return parts.length > 0 ? parts : [payloadRefPart("empty_content", value, payloadId)];
}

/** Without what may differ between two sightings of one element. */
function withoutId(element: JsonObject): JsonObject {
  const { id: _id, internal_chat_message_metadata_passthrough: _metadata, ...rest } = element;
  return rest;
}

function idOf(element: JsonObject): string | null {
  const id = stringOf(element["id"]);
  return id === "" ? null : id;
}

function stringOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
