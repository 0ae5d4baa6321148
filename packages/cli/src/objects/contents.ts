/** Finds what the graph knows only by a hash: content that it leaves in the payload, by the payload that has it. */
import { hash } from "node:crypto";
import { canonicalJson, isJsonObject, type JsonValue } from "@rollout-trace/protocol";

/** Values inside of an element that are looked at: an item, its content, a part of that. */
const DEPTH = 3;

/**
 * Whether an element of a payload is or has every one of the contents: SHA-256 (hex) of the canonical JSON of a value, of
 * a value that stands in it as JSON text, or of that text.
 */
export function hasContents(element: JsonValue, contents: readonly string[]): boolean {
  const missing = new Set(contents);
  for (const text of textsIn(element, DEPTH)) {
    if (missing.size === 0) return true;
    missing.delete(hash("sha256", text, "hex"));
  }
  return missing.size === 0;
}

function* textsIn(value: JsonValue, depth: number): Generator<string, void, undefined> {
  yield canonicalJson(value);
  if (typeof value === "string") {
    yield value;
    const parsed = parse(value);
    if (parsed !== undefined) yield canonicalJson(parsed);
  }
  if (depth === 0) return;
  const inside = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  for (const each of inside as readonly JsonValue[]) yield* textsIn(each, depth - 1);
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
