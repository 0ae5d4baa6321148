/** Payload documents in the shapes that bundles have: the reverse of what reading a bundle does, every other field kept. */
import { isJsonObject, type JsonObject, type JsonValue, type PayloadKind } from "@rollout-trace/protocol";

/** The document as a bundle writes it. `change` is what the event that names it needs of it besides. */
export function bundleDocument(
  kind: PayloadKind,
  document: JsonValue,
  change: (document: JsonObject) => JsonObject = (same) => same,
): JsonValue {
  if (!isJsonObject(document)) return document;
  return change(shaped(kind, document));
}

function shaped(kind: PayloadKind, document: JsonObject): JsonObject {
  switch (kind) {
    case "tool_result":
      return resultForBundle(document);
    case "tool_runtime_event":
      return runtimeEventForBundle(document);
    case "inference_request":
    case "compaction_request":
      return withListedItems(document, ["input"]);
    case "compaction_checkpoint":
      return withListedItems(document, ["input_history", "replacement_history"]);
    case "inference_response":
    case "compaction_response":
      return withListedItems(responseForBundle(document), ["output_items"]);
    case "code_cell_response":
      return cellResponseForBundle(document);
    default:
      return document;
  }
}

/** Bundles write every message with its type and its text as a part; providers take shorter forms too. */
function withListedItems(document: JsonObject, keys: readonly string[]): JsonObject {
  const changed: Record<string, JsonValue> = {};
  for (const key of keys) {
    const items = document[key];
    if (Array.isArray(items) && items.some(isShort)) changed[key] = items.map(atLength);
    if (key === "input" && typeof items === "string")
      changed[key] = [atLength({ role: "user", content: items })];
  }
  return Object.keys(changed).length === 0 ? document : { ...document, ...changed };
}

function isShort(item: JsonValue): item is JsonObject {
  if (!isJsonObject(item)) return false;
  const isMessage =
    item["type"] === "message" || (item["type"] === undefined && typeof item["role"] === "string");
  return isMessage && (item["type"] === undefined || typeof item["content"] === "string");
}

function atLength(item: JsonValue): JsonValue {
  if (!isShort(item)) return item;
  const { type: _type, content = [], ...rest } = item;
  const partType = item["role"] === "assistant" ? "output_text" : "input_text";
  return {
    type: "message",
    ...rest,
    content: typeof content === "string" ? [{ type: partType, text: content }] : content,
  };
}

function resultForBundle(document: JsonObject): JsonObject {
  switch (document["type"]) {
    case "direct": {
      const { item = null, ...rest } = document;
      return { ...rest, type: "direct_response", response_item: item };
    }
    case "code_mode":
      return { ...document, type: "code_mode_response" };
    default:
      return document;
  }
}

/** Bundles tell a command's begin from its end by the fields; the output of both streams is one. */
function runtimeEventForBundle(document: JsonObject): JsonObject {
  if (!Array.isArray(document["command"])) return document;
  const { type, ...rest } = document;
  if (type === "exec_command_begin") return rest;
  if (type !== "exec_command_end") return document;
  const { stdout = "", stderr = "", ...others } = rest;
  // What reading has put there goes; what was recorded stays.
  const isRead = others["aggregated_output"] === stdout && stderr === "";
  return isRead && others["formatted_output"] === undefined ? others : rest;
}

function responseForBundle(document: JsonObject): JsonObject {
  if (Array.isArray(document["output_items"])) return document;
  const { output, usage, ...rest } = document;
  return { ...rest, output_items: output ?? [], token_usage: flatUsage(usage) };
}

function flatUsage(usage: JsonValue | undefined): JsonValue {
  if (!isJsonObject(usage)) return null;
  const { input_tokens_details: input, output_tokens_details: output } = usage;
  return {
    input_tokens: usage["input_tokens"] ?? 0,
    cached_input_tokens: (isJsonObject(input) ? input["cached_tokens"] : undefined) ?? 0,
    output_tokens: usage["output_tokens"] ?? 0,
    reasoning_output_tokens: (isJsonObject(output) ? output["reasoning_tokens"] : undefined) ?? 0,
    total_tokens: usage["total_tokens"] ?? 0,
  };
}

/** `{type: "result", cellId, …}` of our runtime is `{Result: {cell_id, …}}` of the original's. */
function cellResponseForBundle(document: JsonObject): JsonObject {
  const { type, cellId, contentItems, errorText } = document;
  if (typeof type !== "string" || cellId === undefined) return document;
  const name = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
  return {
    response: {
      [name]: { cell_id: cellId, content_items: contentItems ?? [], error_text: errorText ?? null },
    },
  };
}
