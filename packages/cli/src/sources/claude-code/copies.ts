/**
 * Which entries of a transcript are copies of another one's: a session that was resumed under another id begins with those of
 * the session before it, and an agent that was forked with those of the agent that it came from.
 */
import { type JsonObject, isJsonObject } from "@rollout-trace/protocol";
import { idOf } from "../log/fields.ts";
import type { LogFile } from "../log/log-file.ts";
import { type Entry, readEntry } from "./record.ts";
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
      for (const name of namesOf(entry)) if (!owners.has(name)) owners.set(name, index);
    }
  }
  return new Map(
    files.map((file, index) => {
      const isOlder = (name: string): boolean => (owners.get(name) ?? index) < index;
      return [file, (entry: Entry) => saysSo(entry.value) || namesOf(entry).some(isOlder)];
    }),
  );
}

/** Whether an entry itself says that it was copied. */
export function saysSo(value: JsonObject): boolean {
  return isJsonObject(value["forkedFrom"]);
}

function namesOf(entry: Entry): readonly string[] {
  if (entry.type !== "user" && entry.type !== "assistant") return [];
  const response = entry.type === "assistant" ? responseIdOf(entry) : null;
  return [response, idOf(entry.uuid ?? undefined)].filter((name) => name !== null);
}
