/** The entries of a transcript as what a request or a response has of them. */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { blocksOf, entryIn } from "./record.ts";

/** A user entry as a message of a request. */
export function messageOf(line: JsonValue): JsonValue {
  const { message } = entryIn(line);
  const content = isJsonObject(message) ? (message["content"] ?? []) : [];
  return { role: "user", content };
}

/** An assistant entry as a message of a request. */
export function assistantMessageOf(line: JsonValue): JsonValue {
  return { role: "assistant", content: blocksIn(line) };
}

/** The blocks of an assistant entry. */
export function blocksIn(line: JsonValue): JsonValue {
  const { message } = entryIn(line);
  return isJsonObject(message) ? blocksOf(message) : [];
}

/** What the response of an assistant entry has cost so far. */
export function usageIn(line: JsonValue): JsonValue {
  const { message } = entryIn(line);
  return isJsonObject(message) ? (message["usage"] ?? null) : null;
}
