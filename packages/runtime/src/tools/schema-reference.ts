/**
 * Finds what a local `$ref` names: `#`, or a JSON pointer behind `#`.
 *
 * Anything that would have to be fetched, and any anchor, stays unresolved. Every step looks at own keys only, so that a
 * pointer such as `#/constructor` or `#/__proto__` finds nothing but what the document itself holds.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";

/** A schema and the document that its own `$ref`s are relative to. */
export interface LocatedSchema {
  readonly schema: JsonValue;
  readonly base: JsonObject;
}

/** Longest pointer that is followed. A longer one is no name that anybody wrote by hand. */
const MAX_POINTER_CHARACTERS = 1_000;

/** Most `$ref`s that lead to each other before `followReferences` gives up. */
const MAX_HOPS = 16;

/** `schema[key]` where it is the schema's own. */
export function ownKeyword(schema: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(schema, key) ? schema[key] : undefined;
}

/** Where `$ref`s inside `schema` start: at itself when its `$id` makes it a document of its own. */
export function baseWithin(schema: JsonObject, base: JsonObject): JsonObject {
  const id = ownKeyword(schema, "$id");
  return typeof id === "string" && id !== "" && !id.startsWith("#") ? schema : base;
}

/** What `reference` names, or null when that is not in this document. */
export function resolveReference(reference: string, base: JsonObject): LocatedSchema | null {
  if (reference === "#") return { schema: base, base };
  if (!reference.startsWith("#/") || reference.length > MAX_POINTER_CHARACTERS) return null;
  let found: LocatedSchema = { schema: base, base };
  for (const encoded of reference.slice(2).split("/")) {
    const segment = decodeSegment(encoded);
    const next = segment === null ? undefined : step(found.schema, segment);
    if (next === undefined) return null;
    found = { schema: next, base: isJsonObject(next) ? baseWithin(next, found.base) : found.base };
  }
  return found;
}

/** `located`, or what it leads to when it is nothing but a reference. */
export function followReferences(located: LocatedSchema): LocatedSchema {
  let current = located;
  for (let hops = 0; hops < MAX_HOPS; hops += 1) {
    if (!isJsonObject(current.schema)) return current;
    const reference = ownKeyword(current.schema, "$ref");
    const next = typeof reference === "string" ? resolveReference(reference, current.base) : null;
    if (next === null) return current;
    current = next;
  }
  return current;
}

/** The last segment of a pointer, for naming what it points at; null for the document itself. */
export function referenceName(reference: string): string | null {
  if (reference === "#") return null;
  return decodeSegment(reference.slice(reference.lastIndexOf("/") + 1));
}

function step(schema: JsonValue, segment: string): JsonValue | undefined {
  if (Array.isArray(schema)) return /^\d{1,9}$/.test(segment) ? schema[Number(segment)] : undefined;
  return isJsonObject(schema) ? ownKeyword(schema, segment) : undefined;
}

function decodeSegment(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return null;
  }
}
