/** Session logs of Codex (`rollout-*.jsonl`), of all generations. */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { type LogFormat, readEach, rolloutsOf } from "../log/log-format.ts";
import { openSession } from "./open-session.ts";
import { isRecordType, readRecord, STATE_MARKER } from "./record.ts";
import { readSessionHead } from "./session-head.ts";
import { sessionsOf } from "./sessions.ts";

export const codexLogFormat: LogFormat = {
  files: "session logs of Codex",

  isLine: (value) => typeof readRecord(value) !== "string",

  recognises: (sample) => sample.some(isOurs),

  rollouts: (paths, report) => rolloutsOf(sessionsOf(readEach(paths, readSessionHead, report)), openSession),
};

/** Whether a line is one of ours: an envelope of a known type, or a bare head, marker or item. */
function isOurs(line: JsonValue): boolean {
  const record = readRecord(line);
  if (typeof record === "string" || !isJsonObject(line)) return false;
  if (!record.bare) return isRecordType(record.type);
  // Lines of other programs' transcripts have types and roles, too; theirs have identities of their own.
  if (FOREIGN_KEYS.some((key) => key in line)) return false;
  if (record.type !== "response_item") return record.type === STATE_MARKER || isRecordType(record.type);
  return typeof line["role"] === "string" || typeof line["call_id"] === "string";
}

const FOREIGN_KEYS = ["uuid", "sessionId", "parentId", "parentUuid"];
