/** What items of requests and responses are to an importer: whose they are, what text they have, which call they make. */
import { isJsonObject, type JsonObject, type JsonValue, type ToolKind } from "@rollout-trace/protocol";
import { idOf, stringOf } from "../log/fields.ts";

/**
 * `made`: the model made it, so it is of a response. `given`: the host put it into a request. `outside`: the host keeps it in
 * the log but never shows it to a model.
 */
export type ItemSort = "made" | "given" | "outside";

export function sortOf(item: JsonObject): ItemSort {
  const type = typeOf(item);
  if (type === "ghost_snapshot" || type === "compaction_trigger") return "outside";
  if (type === "message") return item["role"] === "assistant" ? "made" : "given";
  return type === "reasoning" || type.endsWith("_call") ? "made" : "given";
}

export function typeOf(item: JsonObject): string {
  return stringOf(item["type"]) ?? (typeof item["role"] === "string" ? "message" : "");
}

/** The readable text of an item's content or output. */
export function textOf(item: JsonObject): string {
  const content = item["output"] ?? item["content"] ?? item["message"];
  if (typeof content === "string") return content;
  if (isJsonObject(content)) return stringOf(content["content"]) ?? "";
  if (!Array.isArray(content)) return "";
  return (content as readonly JsonValue[])
    .map((part) => (isJsonObject(part) ? (stringOf(part["text"]) ?? "") : ""))
    .join("");
}

/** User messages that the host writes; a person typed none of them. */
const HARNESS_TEXT =
  /^\s*(?:<environment_context>|<permissions instructions>|# AGENTS\.md instructions|<user_instructions>|<subagent_notification>|<recommended_plugins>|<turn_aborted>|<skills_instructions>|<user_shell_command>)/;

/** Whether an item is what a person typed. */
export function isUserInput(item: JsonObject): boolean {
  return typeOf(item) === "message" && item["role"] === "user" && !HARNESS_TEXT.test(textOf(item));
}

/** A call that an item makes, as far as the item says it. */
export interface CallItem {
  readonly callId: string;
  readonly name: string;
  readonly kind: ToolKind;
  readonly input: string;
  /** The arguments, where they are a JSON object. */
  readonly args: JsonObject;
}

/**
 * The call that the host has to carry out for an item of a response; null for an item that asks for none, such as a search
 * or an image that the provider made itself.
 */
export function callOf(item: JsonObject): CallItem | null {
  const type = typeOf(item);
  const callId = idOf(item["call_id"]) ?? (type === "local_shell_call" ? idOf(item["id"]) : null);
  if (callId === null || !type.endsWith("_call") || type === "web_search_call") return null;
  const given = item["arguments"] ?? item["input"] ?? item["action"] ?? null;
  const input = typeof given === "string" ? given : JSON.stringify(given);
  const name = nameOf(item, type);
  const args = isJsonObject(given) ? given : parseObject(input);
  const kind = kindOf(item, name, args);
  return { callId, name, kind, input, args };
}

function nameOf(item: JsonObject, type: string): string {
  const name = idOf(item["name"]);
  if (name !== null) return name;
  return type === "local_shell_call" ? "local_shell" : type.replace(/_call$/, "");
}

function parseObject(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Tools by the names that the generations of the program gave them. */
const KINDS: ReadonlyMap<string, Exclude<ToolKind["type"], "mcp" | "other">> = new Map([
  ["exec_command", "exec_command"],
  ["shell", "exec_command"],
  ["shell_command", "exec_command"],
  ["container.exec", "exec_command"],
  ["local_shell", "exec_command"],
  ["unified_exec", "exec_command"],
  ["write_stdin", "write_stdin"],
  ["apply_patch", "apply_patch"],
  ["spawn_agent", "spawn_agent"],
  ["followup_task", "assign_agent_task"],
  ["assign_task", "assign_agent_task"],
  ["send_message", "send_message"],
  ["send_input", "send_message"],
  ["wait_agent", "wait_agent"],
  ["close_agent", "close_agent"],
  ["interrupt_agent", "close_agent"],
  ["web_search", "web"],
  ["image_generation", "image_generation"],
]);

const MCP_PREFIX = "mcp__";

function kindOf(item: JsonObject, name: string, args: JsonObject): ToolKind {
  const namespace = stringOf(item["namespace"]) ?? "";
  const whole = `${namespace}${name}`;
  if (whole.startsWith(MCP_PREFIX)) return mcpKind(whole.slice(MCP_PREFIX.length), name);
  if (name === "exec" && typeOf(item) === "custom_tool_call") return { type: "code_cell_exec" };
  if (name === "wait") return { type: "cell_id" in args ? "code_cell_wait" : "wait_agent" };
  const known = KINDS.get(name);
  if (known !== undefined) return { type: known };
  // Before tools had namespaces, those of MCP servers were named `server__tool`.
  return /^[A-Za-z0-9]+__[A-Za-z0-9]/.test(name) ? mcpKind(name, name) : { type: "other", name };
}

function mcpKind(qualified: string, name: string): ToolKind {
  const at = qualified.indexOf("__");
  if (at <= 0) return { type: "other", name };
  return { type: "mcp", server: qualified.slice(0, at), tool: qualified.slice(at + 2) };
}
