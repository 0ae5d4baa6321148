/** Transcripts of Claude Code, of all generations. */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { type LogFormat, readEach, rolloutsOf } from "../log/log-format.ts";
import { openTranscript } from "./open-transcript.ts";
import { readEntry } from "./record.ts";
import { sessionsOf } from "./sessions.ts";
import { readTranscriptHead } from "./transcript-head.ts";

export const claudeCodeFormat: LogFormat = {
  files: "transcripts of Claude Code",

  isLine: (value) => typeof readEntry(value) !== "string",

  recognises: (sample) => sample.some(isOurs),

  rollouts: (paths, report) =>
    rolloutsOf(sessionsOf(readEach(paths, readTranscriptHead, report)), openTranscript),
};

/** Whether a line is one of ours: a message under the name of its role, or any entry that names its session. */
function isOurs(line: JsonValue): boolean {
  if (!isJsonObject(line) || typeof line["type"] !== "string") return false;
  const { type, message } = line;
  const isSpoken = type === "user" || type === "assistant";
  if (isSpoken && isJsonObject(message)) return "content" in message && (message["role"] ?? type) === type;
  if (type === "summary") return typeof line["leafUuid"] === "string";
  return !isSpoken && "sessionId" in line && (OUR_TYPES.has(type) || "parentUuid" in line);
}

/** Entries that may come before any message. */
const OUR_TYPES: ReadonlySet<string> = new Set([
  "agent-name",
  "ai-title",
  "attachment",
  "custom-title",
  "file-history-snapshot",
  "last-prompt",
  "mode",
  "permission-mode",
  "progress",
  "queue-operation",
  "system",
]);
