/** What a user entry is: hardly any of them was typed by a person. */
import { isJsonObject } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { blocksOf, type Entry, textOf } from "./record.ts";

/**
 * `prompt`: somebody asked for something. `results`: what tools returned. `summary`: what stands for a history that was
 * compacted. `interruption`: a person stopped the agent. `notice`: anything else that the host put before the model; it may or
 * may not make the model answer.
 */
export type UserSort = "prompt" | "results" | "summary" | "interruption" | "notice";

export function sortOfUser({ value, message }: Entry): UserSort {
  if (value["isCompactSummary"] === true) return "summary";
  const blocks = blocksOf(message);
  if (blocks.some((block) => isJsonObject(block) && block["type"] === "tool_result")) return "results";
  const text = textOf(message["content"]).slice(0, HEAD_CODE_UNITS);
  if (text.startsWith(INTERRUPTED)) return "interruption";
  if (value["isMeta"] === true || value["isVisibleInTranscriptOnly"] === true) return "notice";
  const origin = valueAt(value, ["origin", "kind"]);
  if (origin === "task-notification" || HOSTS_TEXT.test(text)) return "notice";
  return "prompt";
}

const HEAD_CODE_UNITS = 200;

const INTERRUPTED = "[Request interrupted by user";

/** Texts that a host writes as the user: commands and what they printed, reminders, news of what ran in the background. */
const HOSTS_TEXT =
  /^\s*(?:<(?:command-name|command-message|command-args|local-command-[a-z]+|bash-input|bash-stdout|bash-stderr|task-notification|agent-notification|system-reminder|session-start-hook|user-memory-input|teammate-message)\b|Caveat: The messages below)/;

/** Whether an interruption came while a tool ran, or was about to: then no request was under way. */
export function isOfTool(interruption: string): boolean {
  return interruption.startsWith("[Request interrupted by user for tool use]");
}
