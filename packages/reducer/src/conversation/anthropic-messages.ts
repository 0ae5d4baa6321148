/**
 * The Anthropic Messages dialect: `system` and `messages` of a request, `content` of a response.
 *
 * A message is a list of blocks, and each block is an item, in order. Only calls and their results have ids
 * (`tool_use_id`); a message that a host gave an `id` hands it to its first item, and the others are recognised by their
 * content. Where a host marks how far to cache a prompt (`cache_control`), the mark moves from request to request and is no
 * part of the content.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { ITEM_ROLES, type ItemRole } from "../graph/conversation.ts";
import type { DialectReader } from "./dialect.ts";
import {
  encodedPart,
  jsonPart,
  type Normalise,
  payloadRefPart,
  type SizedPart,
  textPart,
} from "./normal-item.ts";
import {
  calledTool,
  elementsOf,
  idOf,
  itemOf,
  nonEmpty,
  readable,
  reasoningShape,
  type Shape,
  stringOf,
  unknownShape,
  without,
} from "./shape.ts";

const message: Normalise = (element, payloadId) => {
  if (!isJsonObject(element)) return itemOf(unknownShape(element, "not an object", payloadId));
  const role = ITEM_ROLES.find((known) => known === element["role"]);
  if (role === undefined) {
    const whole = without(element, ["id"]);
    return itemOf(unknownShape(whole, "message without a known role", payloadId));
  }
  const [first, ...rest] = blocksOf(element["content"]).map((block) => blockShape(block, role, payloadId));
  const providerItemId = idOf(element);
  const only = first ?? messageShape(role, readable([], element["content"] ?? null, payloadId));
  return { items: [itemOf(only, { providerItemId, callId: null }), ...rest.map((shape) => itemOf(shape))] };
};

const blockBy =
  (role: ItemRole): Normalise =>
  (element, payloadId) =>
    itemOf(blockShape(element, role, payloadId));

export const anthropicMessages: DialectReader = {
  head: { keys: ["system"], normalise: blockBy("system"), fromText: (text) => ({ type: "text", text }) },
  history: { keys: ["messages"], normalise: message },
  response: { keys: ["content"], normalise: blockBy("assistant") },
  isOwn: ({ role, content }) => role !== undefined && elementsOf(content).some(isOwnBlock),
};

function isOwnBlock(block: JsonValue): boolean {
  const type = isJsonObject(block) ? stringOf(block["type"]) : null;
  return type !== null && (OWN_BLOCKS.has(type) || type.endsWith("tool_result"));
}

const OWN_BLOCKS: ReadonlySet<string> = new Set([
  "thinking",
  "redacted_thinking",
  "tool_use",
  "server_tool_use",
  "mcp_tool_use",
  "compaction",
]);

/** A bare string is short for one text block. */
function blocksOf(content: JsonValue | undefined): readonly JsonValue[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : elementsOf(content);
}

function blockShape(block: JsonValue, role: ItemRole, payloadId: string): Shape {
  if (!isJsonObject(block)) return unknownShape(block, "not an object", payloadId);
  const type = stringOf(block["type"]) ?? "without a type";
  switch (type) {
    case "text":
      return messageShape(role, [textPart(stringOf(block["text"]) ?? "")]);
    case "thinking":
    case "redacted_thinking":
      return reasoningShape(thinkingParts(block), uncached(block), payloadId);
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return {
        role: "assistant",
        channel: "commentary",
        kind: "function_call",
        callId: nonEmpty(block["id"]),
        distinguisher: calledTool(block["name"], block["server_name"]),
        parts: [jsonPart(block["input"] ?? null, payloadId)],
      };
    case "image":
    case "document":
    case "search_result":
    case "container_upload":
      return messageShape(role, [contentPart(block, payloadId)]);
    case "compaction":
      return {
        ...messageShape("assistant", readable(compactionParts(block), uncached(block), payloadId)),
        channel: "summary",
      };
    default:
      // Every tool that the provider runs itself has a result block of its own, named after it.
      if (type.endsWith("tool_result")) return resultShape(block, payloadId);
      return unknownShape(uncached(block), type, payloadId);
  }
}

function messageShape(role: ItemRole, parts: readonly SizedPart[]): Shape {
  return { role, channel: null, kind: "message", parts };
}

/** The signature stands for the whole thought: hosts replay it with the text, or the text may have been left out. */
function thinkingParts(block: JsonObject): readonly SizedPart[] {
  const text = nonEmpty(block["thinking"]);
  const signature = nonEmpty(block["signature"]);
  const data = nonEmpty(block["data"]);
  return [
    ...(text === null ? [] : [textPart(text)]),
    ...(signature === null ? [] : [encodedPart("signature", signature)]),
    ...(data === null ? [] : [encodedPart("redacted_thinking", data)]),
  ];
}

function compactionParts(block: JsonObject): readonly SizedPart[] {
  const text = nonEmpty(block["content"]);
  const encrypted = nonEmpty(block["encrypted_content"]);
  return [
    ...(text === null ? [] : [textPart(text)]),
    ...(encrypted === null ? [] : [encodedPart("encrypted_content", encrypted)]),
  ];
}

/** What came back from a tool: text and blocks, or where the provider ran the tool whatever it made of it. */
function resultShape(block: JsonObject, payloadId: string): Shape {
  const { content } = block;
  const parts =
    typeof content === "string" || Array.isArray(content)
      ? blocksOf(content).map((inner) => contentPart(inner, payloadId))
      : content === undefined || content === null
        ? []
        : [jsonPart(content, payloadId)];
  return {
    role: "tool",
    channel: "commentary",
    kind: "function_call_output",
    callId: nonEmpty(block["tool_use_id"]),
    distinguisher: block["is_error"] === true ? "is_error" : "",
    parts: readable(parts, content ?? null, payloadId),
  };
}

function contentPart(block: JsonValue, payloadId: string): SizedPart {
  if (!isJsonObject(block)) return payloadRefPart("unknown", block, payloadId);
  if (block["type"] === "text") return textPart(stringOf(block["text"]) ?? "");
  return payloadRefPart(stringOf(block["type"]) ?? "unknown", uncached(block), payloadId);
}

function uncached(block: JsonValue): JsonValue {
  return without(block, ["cache_control"]);
}
