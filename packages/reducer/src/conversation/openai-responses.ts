/** The OpenAI Responses dialect: elements of `input` and `output`. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { ITEM_ROLES, type ItemChannel, type ItemKind } from "../graph/conversation.ts";
import type { DialectReader } from "./dialect.ts";
import {
  encodedPart,
  jsonPart,
  type NormalItem,
  type Normalise,
  type OwnToolState,
  payloadRefPart,
  type SizedPart,
  summaryPart,
  textPart,
} from "./normal-item.ts";
import {
  argumentsPart,
  calledTool,
  customInputPart,
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

const normalise: Normalise = (element, payloadId) => {
  if (!isJsonObject(element)) return itemOf(unknownShape(element, "not an object", payloadId));
  const ids = idsOf(element);
  if (element["type"] === "additional_tools") return { items: [], outsideId: ids.providerItemId };
  return itemOf(shapeOf(element, payloadId), ids);
};

function idsOf(element: JsonObject): Pick<NormalItem, "providerItemId" | "callId"> {
  const providerItemId = idOf(element);
  const callId = nonEmpty(element["call_id"]);
  switch (element["type"]) {
    case "local_shell_call":
      return { providerItemId, callId: callId ?? providerItemId };
    // The answer is to the id of the request, which so is never left out.
    case "mcp_approval_request":
      return { providerItemId, callId: providerItemId };
    case "mcp_approval_response":
      return { providerItemId, callId: nonEmpty(element["approval_request_id"]) };
    case "local_shell_call_output":
      // Its `id` is documented to be that of the call; where it has a `call_id` too, it may be its own.
      return callId === null || callId === providerItemId
        ? { providerItemId: null, callId: callId ?? providerItemId }
        : { providerItemId, callId };
    default:
      return { providerItemId, callId };
  }
}

export const openAiResponses: DialectReader = {
  head: null,
  history: {
    keys: ["input"],
    normalise,
    fromText: (text) => ({ type: "message", role: "user", content: text }),
  },
  response: { keys: ["output_items", "output"], normalise },
  isOwn: ({ role, type, content }) =>
    role === undefined ? typeof type === "string" : elementsOf(content).some(isOwnPart),
};

function isOwnPart(part: JsonValue): boolean {
  return isJsonObject(part) && (part["type"] === "input_text" || part["type"] === "output_text");
}

function shapeOf(element: JsonObject, payloadId: string): Shape {
  const type = typeOf(element);
  switch (type) {
    case "message":
      return messageShape(element, payloadId);
    case "item_reference":
      return referenceShape(element, payloadId);
    case "agent_message":
      return agentMessageShape(element, payloadId);
    case "reasoning":
      return reasoning(element, payloadId);
    case "function_call":
      return callShape("function_call", element, [argumentsPart(element["arguments"], payloadId)]);
    case "custom_tool_call":
      return callShape("custom_tool_call", element, [
        customInputPart(element["name"], element["input"], payloadId),
      ]);
    case "function_call_output":
    case "mcp_tool_call_output":
    case "tool_search_output":
    case "local_shell_call_output":
      return outputShape("function_call_output", element, payloadId);
    case "shell_call_output":
    case "apply_patch_call_output":
    case "computer_call_output":
      return builtInOutputShape(element, payloadId);
    case "mcp_approval_response":
      return approvalShape(element, payloadId);
    case "custom_tool_call_output":
      return outputShape("custom_tool_call_output", element, payloadId);
    case "web_search_call":
    case "image_generation_call":
    case "file_search_call":
    case "code_interpreter_call":
    case "mcp_call":
      return { ...builtInCallShape(element, payloadId), ownTool: ownToolState(element) };
    case "local_shell_call":
    case "tool_search_call":
    case "computer_call":
    case "mcp_list_tools":
    case "mcp_approval_request":
    case "shell_call":
    case "apply_patch_call":
      return builtInCallShape(element, payloadId);
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
      return unknownShape(withoutId(element), type, payloadId);
  }
}

function typeOf(element: JsonObject): string {
  const type = stringOf(element["type"]);
  if (type !== null) return type;
  if ("role" in element) return "message";
  // A reference may leave its type out: it is known by having nothing but an id.
  const isBare = Object.keys(element).every((key) => key === "id" || key === "type");
  return isBare && idOf(element) !== null ? "item_reference" : "without a type";
}

/** Odd where there is no such item; otherwise it is a sighting of that item. */
function referenceShape(element: JsonObject, payloadId: string): Shape {
  const id = idOf(element);
  if (id === null) return unknownShape(element, "item_reference", payloadId);
  const message = `an element refers to item ${JSON.stringify(id)}, which its thread does not have or which is there already`;
  return {
    ...unknownShape({ type: "item_reference", id }, "item_reference", payloadId),
    isReference: true,
    oddity: { code: "unknown_item_type", message },
  };
}

function messageShape(element: JsonObject, payloadId: string): Shape {
  const role = ITEM_ROLES.find((known) => known === element["role"]);
  if (role === undefined) return unknownShape(withoutId(element), "message without a known role", payloadId);
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

function reasoning(element: JsonObject, payloadId: string): Shape {
  const texts = textsOf(element["content"]).map(textPart);
  const summaries = textsOf(element["summary"]).map(summaryPart);
  const parts = [...texts, ...summaries, ...encryptedParts(element)];
  return reasoningShape(parts, withoutId(element), payloadId);
}

function callShape(kind: ItemKind, element: JsonObject, parts: readonly SizedPart[]): Shape {
  const distinguisher = calledTool(element["name"], element["namespace"]);
  return { role: "assistant", channel: "commentary", kind, parts, distinguisher };
}

function builtInCallShape(element: JsonObject, payloadId: string): Shape {
  return callShape("function_call", element, [jsonPart(withoutId(element), payloadId)]);
}

/** A call that says nothing of its state is from a response that is complete. */
function ownToolState({ status }: JsonObject): OwnToolState {
  return typeof status === "string" && RUNNING.has(status) ? "running" : "over";
}

const RUNNING: ReadonlySet<string> = new Set([
  "in_progress",
  "searching",
  "interpreting",
  "generating",
  "calling",
]);

/** Whether somebody lets the provider call a tool of an MCP server. */
function approvalShape({ approve = null, reason = null }: JsonObject, payloadId: string): Shape {
  return {
    role: "tool",
    channel: "commentary",
    kind: "function_call_output",
    parts: [jsonPart({ approve, reason }, payloadId)],
  };
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

/** What a host made of a call of one of the provider's own tools. */
function builtInOutputShape(element: JsonObject, payloadId: string): Shape {
  const { output, status } = element;
  // A patch that went well may say nothing, and one that did not may say the same.
  const said = output ?? (status === undefined ? null : { status });
  const isScreenshot = isJsonObject(said) && element["type"] === "computer_call_output";
  return {
    role: "tool",
    channel: "commentary",
    kind: "function_call_output",
    distinguisher: status === "failed" ? "failed" : "",
    parts: [
      typeof said === "string"
        ? textPart(said)
        : isScreenshot
          ? contentPart(said, payloadId)
          : jsonPart(said, payloadId),
    ],
  };
}

function contentParts(content: JsonValue | undefined, payloadId: string): readonly SizedPart[] {
  if (typeof content === "string") return [textPart(content)];
  return elementsOf(content).map((part) => contentPart(part, payloadId));
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
  return elementsOf(value).flatMap((part) =>
    isJsonObject(part) && typeof part["text"] === "string" && part["text"] !== "" ? [part["text"]] : [],
  );
}

function encryptedParts(element: JsonObject): readonly SizedPart[] {
  const value = nonEmpty(element["encrypted_content"]);
  return value === null ? [] : [encodedPart("encrypted_content", value)];
}

/** What may differ between two sightings of one element. */
const VOLATILE = ["id", "internal_chat_message_metadata_passthrough"];

function withoutId(element: JsonValue): JsonValue {
  return without(element, VOLATILE);
}
