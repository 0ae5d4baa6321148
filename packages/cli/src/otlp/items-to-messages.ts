/**
 * Elements of requests and responses as messages of the GenAI conventions (`{role, parts}`).
 *
 * What the conventions have no place for stands beside in `rollout_trace_item`, so that elements of the Responses dialect come
 * back as they were (`messages-to-items.ts`).
 */
import { type Dialect, isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";

/** What an element has besides what its message says; for an element without a message of its own, all of it. */
export const ITEM_KEY = "rollout_trace_item";

/** The message of an element, or none. `fallback` is the role of one that names none. */
function messageOf(element: JsonValue, dialect: Dialect, fallback: string): JsonObject | null {
  if (typeof element === "string") return message(fallback, [text(element)]);
  if (!isJsonObject(element)) return null;
  switch (dialect) {
    case "openai_responses":
      return ofResponses(element, fallback);
    case "openai_chat":
      return ofChat(element, fallback);
    case "anthropic_messages":
      return message(roleOf(element, fallback), partsOf(element["content"]));
  }
}

/** The messages of elements; those that say nothing are left out. */
export function messagesOf(
  elements: readonly JsonValue[],
  dialect: Dialect,
  fallback: string,
): readonly JsonObject[] {
  return elements
    .map((element) => messageOf(element, dialect, fallback))
    .filter((message) => message !== null);
}

/** The parts of instructions that stand beside the messages. */
export function instructionParts(instructions: JsonValue | undefined): readonly JsonObject[] {
  return partsOf(instructions);
}

function ofResponses(element: JsonObject, fallback: string): JsonObject {
  const type = element["type"] ?? ("role" in element ? "message" : null);
  switch (type) {
    case "message": {
      const { role: _role, content, type: _type, ...rest } = element;
      return message(roleOf(element, fallback), partsOf(content), beside(rest));
    }
    case "function_call": {
      const { type: _type, call_id, name, arguments: written, ...rest } = element;
      const args = parsed(written);
      const isSame = typeof written !== "string" || JSON.stringify(args) === written || args === written;
      const kept = isSame ? rest : { ...rest, arguments: written };
      return assistant({
        type: "tool_call",
        ...id(call_id),
        name: name ?? "",
        arguments: args,
        ...beside(kept),
      });
    }
    case "custom_tool_call": {
      const { call_id, name, input, ...rest } = element;
      return assistant({
        type: "tool_call",
        ...id(call_id),
        name: name ?? "",
        arguments: input ?? "",
        ...beside(rest),
      });
    }
    case "function_call_output":
    case "custom_tool_call_output": {
      const { call_id, output, ...rest } = element;
      const kept = type === "function_call_output" ? without(rest, "type") : rest;
      return message("tool", [
        { type: "tool_call_response", ...id(call_id), response: output ?? null, ...beside(kept) },
      ]);
    }
    case "reasoning":
      return assistant({ type: "reasoning", content: textsOf(element).join("\n"), [ITEM_KEY]: element });
    default:
      return assistant({ type: typeof type === "string" ? type : "unknown", [ITEM_KEY]: element });
  }
}

function ofChat(element: JsonObject, fallback: string): JsonObject {
  const inner = element["message"] ?? element["delta"];
  if (isJsonObject(inner)) return ofChat(inner, "assistant");
  const role = roleOf(element, fallback);
  if (role === "tool") {
    return message(role, [
      { type: "tool_call_response", ...id(element["tool_call_id"]), response: element["content"] ?? null },
    ]);
  }
  const thought = element["reasoning_content"] ?? element["reasoning"];
  const calls = Array.isArray(element["tool_calls"]) ? (element["tool_calls"] as readonly JsonValue[]) : [];
  return message(role, [
    ...(typeof thought === "string" && thought !== "" ? [{ type: "reasoning", content: thought }] : []),
    ...partsOf(element["content"]),
    ...calls.flatMap((call) => toolCallPart(call)),
  ]);
}

function toolCallPart(call: JsonValue): readonly JsonObject[] {
  if (!isJsonObject(call)) return [];
  const { custom, function: called } = call;
  if (isJsonObject(custom)) {
    const rest = { type: "custom_tool_call" };
    return [
      {
        type: "tool_call",
        ...id(call["id"]),
        name: custom["name"] ?? "",
        arguments: custom["input"] ?? "",
        ...beside(rest),
      },
    ];
  }
  if (!isJsonObject(called)) return [];
  return [
    {
      type: "tool_call",
      ...id(call["id"]),
      name: called["name"] ?? "",
      arguments: parsed(called["arguments"]),
    },
  ];
}

function partsOf(content: JsonValue | undefined): readonly JsonObject[] {
  if (typeof content === "string") return [text(content)];
  if (!Array.isArray(content)) return [];
  return (content as readonly JsonValue[]).map((part) => partOf(part));
}

function partOf(part: JsonValue): JsonObject {
  if (typeof part === "string") return text(part);
  if (!isJsonObject(part)) return { type: "unknown", content: part };
  const { type } = part;
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
      return text(typeof part["text"] === "string" ? part["text"] : "");
    case "tool_use":
      return {
        type: "tool_call",
        ...id(part["id"]),
        name: part["name"] ?? "",
        arguments: part["input"] ?? null,
      };
    case "tool_result":
      return { type: "tool_call_response", ...id(part["tool_use_id"]), response: part["content"] ?? null };
    case "thinking":
      return { type: "reasoning", content: part["thinking"] ?? "" };
    default:
      return { ...part, type: typeof type === "string" ? type : "unknown" };
  }
}

function message(role: string, parts: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return { role, parts, ...more };
}

function assistant(part: JsonObject): JsonObject {
  return message("assistant", [part]);
}

function text(content: string): JsonObject {
  return { type: "text", content };
}

function id(value: JsonValue | undefined): JsonObject {
  return typeof value === "string" ? { id: value } : {};
}

function beside(rest: JsonObject): JsonObject {
  return Object.keys(rest).length === 0 ? {} : { [ITEM_KEY]: rest };
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

function roleOf(element: JsonObject, fallback: string): string {
  return typeof element["role"] === "string" ? element["role"] : fallback;
}

function textsOf(element: JsonObject): readonly string[] {
  return ["content", "summary"].flatMap((key) => {
    const parts = element[key];
    if (!Array.isArray(parts)) return [];
    return (parts as readonly JsonValue[]).flatMap((part) =>
      isJsonObject(part) && typeof part["text"] === "string" ? [part["text"]] : [],
    );
  });
}

/** Arguments as a value where they are JSON; a text that is JSON of a text stays what was written. */
function parsed(written: JsonValue | undefined): JsonValue {
  if (typeof written !== "string") return written ?? null;
  try {
    const value = JSON.parse(written) as JsonValue;
    return typeof value === "string" ? written : value;
  } catch {
    return written;
  }
}
