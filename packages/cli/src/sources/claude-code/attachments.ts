/** Attachments: what the host puts before the model beside messages, and records of hooks that the model never sees. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { idOf, stringOf } from "../log/fields.ts";
import { entryIn } from "./record.ts";

/** Types that are records for the host, or messages for the person in front of it. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  "already_read_file",
  "batching_reminder_sent",
  "command_permissions",
  "dynamic_skill",
  "hook_cancelled",
  "hook_error_during_execution",
  "hook_non_blocking_error",
  "hook_permission_decision",
  "hook_system_message",
  "prompt_snapshot",
  "structured_output",
]);

/** What a hook printed reaches the model when one of these set it off. */
const SHOWN_HOOKS: ReadonlySet<string> = new Set(["SessionStart", "UserPromptSubmit"]);

/** Whether the model was shown an attachment. One of a type that is not known is taken for shown. */
export function isShown(attachment: JsonObject): boolean {
  const type = idOf(attachment["type"]);
  if (type === null || NOT_SHOWN.has(type)) return false;
  if (type !== "hook_success") return true;
  return SHOWN_HOOKS.has(stringOf(attachment["hookEvent"]) ?? "") && idOf(attachment["content"]) !== null;
}

/** The type of an entry's attachment. */
export function attachmentOf(entry: JsonObject): JsonObject {
  return isJsonObject(entry["attachment"]) ? entry["attachment"] : {};
}

/**
 * An attachment as a message. The log has what it says and not how the host worded it: the text is that of the attachment,
 * or where it has none the attachment as JSON.
 */
export function attachmentMessage(line: JsonValue): JsonValue {
  const attachment = attachmentOf(entryIn(line));
  const { prompt } = attachment;
  if (Array.isArray(prompt)) return { role: "user", content: prompt };
  const text = TEXT_KEYS.map((key) => textOf(attachment[key])).find((found) => found !== "");
  return { role: "user", content: [{ type: "text", text: text ?? JSON.stringify(attachment) }] };
}

/** Where the types have what they say, the most telling first. */
const TEXT_KEYS = ["prompt", "content", "text", "snippet", "addedBlocks", "addedLines", "banner"] as const;

function textOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || value.length === 0) return "";
  const lines = value as readonly JsonValue[];
  return lines.every((line) => typeof line === "string") ? lines.join("\n") : "";
}
