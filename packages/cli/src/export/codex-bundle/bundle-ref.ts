/** How an exported event names its payloads. */
import type { JsonObject, JsonValue, PayloadRef } from "@rollout-trace/protocol";

/** Writes payloads and numbers them: `payloads/<number>.json`. */
export interface RefWriter {
  /** The number of a payload, written at its first mention. `change` says what the event needs of the document. */
  number(ref: PayloadRef, change?: (document: JsonObject) => JsonObject): number;
  /** Writes a document that the recording does not have. */
  add(document: JsonObject): number;
  /** The number of an empty document, for events that must name one and have none. */
  placeholder(): number;
}

/** A reference in the bundle's form; null stays null. */
export function said(
  ref: PayloadRef | null | undefined,
  refs: RefWriter,
  change?: (document: JsonObject) => JsonObject,
): JsonValue {
  return ref ? refTo(refs.number(ref, change), bundleKindOf(ref.kind)) : null;
}

export function refTo(number: number, kind: string): JsonObject {
  return { raw_payload_id: `raw_payload:${number}`, kind: { type: kind }, path: `payloads/${number}.json` };
}

/** A reference in our form to what the bundle has. */
export function ownRef(ref: PayloadRef, refs: RefWriter): JsonObject {
  return { payload_id: `raw_payload:${refs.number(ref)}`, kind: ref.kind };
}

export function isRef(value: unknown): value is PayloadRef {
  return typeof value === "object" && value !== null && "payload_id" in value && "kind" in value;
}

/** Two of our kinds are one in bundles, and one has another name. */
export function bundleKindOf(kind: string): string {
  if (kind === "thread_metadata") return "session_metadata";
  return kind === "code_cell_response" ? "tool_result" : kind;
}
