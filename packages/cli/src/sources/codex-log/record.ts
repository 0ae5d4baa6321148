/** One line of a session log: with an envelope, or bare as the oldest versions wrote them. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { lineDocument, type LineRef, type LogDocument, valueAt } from "../log/document.ts";
import { integerOf, timeOf } from "../log/fields.ts";

export interface CodexRecord {
  readonly type: string;
  readonly payload: JsonObject;
  /** Null for a line without a readable time. */
  readonly timeUs: number | null;
  /** Whether the line is the payload itself, without an envelope. */
  readonly bare: boolean;
  /** Position in the thread's history, where the host counts. */
  readonly ordinal: number | null;
}

/** Record types that have an envelope. */
export const RECORD_TYPES = [
  "session_meta",
  "turn_context",
  "response_item",
  "event_msg",
  "compacted",
  "world_state",
  "inter_agent_communication",
  "inter_agent_communication_metadata",
  "token_usage_record",
] as const;

export type RecordType = (typeof RECORD_TYPES)[number];

export function isRecordType(type: string): type is RecordType {
  return (RECORD_TYPES as readonly string[]).includes(type);
}

/** A bare line that only marks the state of the recorder. */
export const STATE_MARKER = "state";

/** Reads a line, or says in words why it is no record. */
export function readRecord(value: JsonValue): CodexRecord | string {
  if (!isJsonObject(value)) return "not an object";
  const { type, payload, ordinal } = value;
  const common = {
    timeUs: timeOf(value["timestamp"] ?? value["created_at"]),
    ordinal: integerOf(ordinal),
  };
  if (typeof type === "string" && isJsonObject(payload)) return { ...common, type, payload, bare: false };
  const bareType = typeOfBareLine(value);
  if (bareType === null) return "neither a record with a payload nor an item";
  return { ...common, type: bareType, payload: value, bare: true };
}

function typeOfBareLine(line: JsonObject): string | null {
  if (typeof line["record_type"] === "string") return STATE_MARKER;
  const { type, role, id } = line;
  if (typeof role === "string") return "response_item";
  if (typeof type === "string" && type !== "") return isItemType(type) ? "response_item" : type;
  const isHead = "instructions" in line || "git" in line;
  return typeof id === "string" && isHead ? "session_meta" : null;
}

/** Types of the items of requests and responses, among them those that only early or foreign writers use. */
export function isItemType(type: string): boolean {
  return ITEM_TYPE.test(type);
}

const ITEM_TYPE =
  /^(?:message|reasoning|agent_message|compaction|compaction_summary|context_compaction|additional_tools|ghost_snapshot|.*_call|.*_call_output|.*_output|tool_result|function_result)$/;

/** The payload of a line as a document. */
export function payloadDocument(ref: LineRef, record: CodexRecord): LogDocument {
  return lineDocument(ref, record.bare ? bareItem : payloadOf);
}

/** The payload of a line, or all of a bare one. */
export function payloadOf(line: JsonValue): JsonValue {
  const payload = valueAt(line, ["payload"]);
  return isJsonObject(payload) ? payload : line;
}

/** A bare line as an item: without what the writer added. */
function bareItem(line: JsonValue): JsonValue {
  if (!isJsonObject(line)) return line;
  const { timestamp: _time, created_at: _created, message, ...item } = line;
  return message === undefined || "content" in item ? item : { ...item, content: message };
}
