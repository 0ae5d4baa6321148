/** One line of a transcript: an entry of the conversation or of what surrounds it. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { idOf, timeOf } from "../log/fields.ts";

export interface Entry {
  readonly type: string;
  /** The line, or the entry of another agent that it carries. */
  readonly value: JsonObject;
  readonly uuid: string | null;
  /** The entry that this one follows: null for one that follows none, undefined where the line does not say. */
  readonly parent: string | null | undefined;
  readonly timeUs: number | null;
  readonly message: JsonObject;
  readonly isSidechain: boolean;
  readonly agentId: string | null;
}

/** Reads a line, or says in words why it is no entry. */
export function readEntry(line: JsonValue): Entry | string {
  if (!isJsonObject(line)) return "not an object";
  const type = idOf(line["type"]);
  if (type === null) return "an object without a type";
  return entryOf(line, type);
}

function entryOf(value: JsonObject, type: string): Entry {
  const { parentUuid: parent, message } = value;
  return {
    type,
    value,
    uuid: idOf(value["uuid"]),
    parent: parent === null ? null : (idOf(parent) ?? undefined),
    timeUs: timeOf(value["timestamp"]),
    message: isJsonObject(message) ? message : {},
    isSidechain: value["isSidechain"] === true,
    agentId: idOf(value["agentId"]),
  };
}

/** An entry of a sub-agent that its parent's transcript repeats as progress of the call that started it. */
export interface Repeated {
  readonly agentId: string;
  /** The call that started the agent. */
  readonly callId: string | null;
  readonly entry: Entry;
}

export function repeatedIn({ type, value, timeUs }: Entry): Repeated | null {
  if (type !== "progress") return null;
  const agentId = idOf(valueAt(value, ["data", "agentId"]));
  const inner = valueAt(value, ["data", "message"]);
  const innerType = isJsonObject(inner) ? idOf(inner["type"]) : null;
  if (agentId === null || innerType === null || !isJsonObject(inner)) return null;
  const entry = entryOf(inner, innerType);
  const callId = idOf(value["parentToolUseID"]);
  return { agentId, callId, entry: { ...entry, timeUs: entry.timeUs ?? timeUs } };
}

/** What a payload is made of: the line, or the repeated entry in it. */
export function entryIn(line: JsonValue): JsonObject {
  if (!isJsonObject(line)) return {};
  const inner = line["type"] === "progress" ? valueAt(line, ["data", "message"]) : undefined;
  return isJsonObject(inner) ? inner : line;
}

/** What a writer puts in place of ids that it does not want to show; such an id says nothing. */
const REDACTED = /redacted|^[[<(*]|^\s*$|\.\.\.$/i;

/** An id that was not redacted, or null. */
export function knownIdOf(value: JsonValue | undefined): string | null {
  const id = idOf(value);
  return id === null || REDACTED.test(id) ? null : id;
}

/** The blocks of a message. Bare text is short for one block of it. */
export function blocksOf(message: JsonObject): readonly JsonValue[] {
  const { content } = message;
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as readonly JsonValue[]) : [];
}

/** The readable text of some content: a string, or blocks. */
export function textOf(content: JsonValue | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as readonly JsonValue[])
    .map((block) => (isJsonObject(block) && typeof block["text"] === "string" ? block["text"] : ""))
    .join("");
}

/** Whether two entries say the same, whoever copied the one from the other. */
export function saysTheSame(left: JsonObject, right: JsonObject): boolean {
  return (
    left["type"] === right["type"] &&
    contentText(left) === contentText(right) &&
    JSON.stringify(left["attachment"]) === JSON.stringify(right["attachment"])
  );
}

function contentText(entry: JsonObject): string {
  return JSON.stringify(valueAt(entry, ["message", "content"]) ?? entry["content"] ?? null);
}

/** What sort of event an entry is that changes nothing: its type, and what it is a type of. */
export function eventTypeOf({ type, value }: Entry): string {
  const path = SUBTYPES.get(type);
  const subtype = path === undefined ? null : idOf(valueAt(value, path));
  return subtype === null ? type : `${type}:${subtype}`;
}

const SUBTYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ["system", ["subtype"]],
  ["attachment", ["attachment", "type"]],
  ["progress", ["data", "type"]],
]);
