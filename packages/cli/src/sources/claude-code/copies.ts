/**
 * Which entries of a transcript are copies of another one's: a session that was resumed under another id begins with those of
 * the session before it, and an agent that was forked with those of the agent that it came from.
 */
import { type JsonObject, isJsonObject } from "@rollout-trace/protocol";
import { idOf } from "../log/fields.ts";
import type { LogFile } from "../log/log-file.ts";
import { blocksOf, type Entry, readEntry } from "./record.ts";
import { responseIdOf } from "./responses.ts";

/** Whether an entry of a file is a copy. */
export type IsCopy = (entry: Entry) => boolean;

/** Knows, for each of some files, the entries that an earlier one has. Reads all but the last of them once. */
export function copiesAmong(files: readonly LogFile[]): ReadonlyMap<LogFile, IsCopy> {
  const owners = new Map<string, number>();
  for (const [index, file] of files.slice(0, -1).entries()) {
    for (const { content } of file.lines()) {
      const entry = content.ok ? readEntry(content.value) : "";
      if (typeof entry === "string") continue;
      const name = nameOf(entry);
      if (name !== null && !owners.has(name)) owners.set(name, index);
    }
  }
  return new Map(
    files.map((file, index) => {
      const isCopy: IsCopy = (entry) =>
        saysSo(entry.value) || (owners.get(nameOf(entry) ?? "") ?? index) < index;
      return [file, isCopy];
    }),
  );
}

/** Whether an entry itself says that it was copied. */
export function saysSo(value: JsonObject): boolean {
  return isJsonObject(value["forkedFrom"]);
}

/** What an entry and its copies have in common. Ids alone do not tell: some writers number their entries, or redact ids. */
function nameOf(entry: Entry): string | null {
  if (entry.type !== "user" && entry.type !== "assistant") return null;
  const response = entry.type === "assistant" ? responseIdOf(entry) : null;
  const id = response ?? entry.uuid;
  return id === null ? null : `${id}|${shapeOf(entry)}`;
}

/** The blocks of a message by type, and by id or length. */
function shapeOf({ message }: Entry): string {
  return blocksOf(message)
    .map((block) => {
      if (!isJsonObject(block)) return "";
      const text = block["text"] ?? block["thinking"] ?? block["content"];
      const mark =
        idOf(block["id"]) ?? idOf(block["tool_use_id"]) ?? (typeof text === "string" ? text.length : "");
      return `${idOf(block["type"]) ?? ""}:${mark}`;
    })
    .join(",");
}
