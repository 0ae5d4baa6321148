/** One line of a bundle's event log, read loosely: what a newer recorder adds must not stop the reader. */
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import { isJsonObject } from "@rollout-trace/protocol";

export interface BundleEvent {
  readonly schemaVersion: JsonValue;
  readonly seq: number;
  readonly timeUnixMs: number;
  readonly rolloutId: JsonValue;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly type: string;
  readonly payload: JsonObject;
}

/** A payload reference as bundles write it. */
export interface BundlePayloadRef {
  readonly id: string;
  readonly kind: string;
  readonly path: string;
}

/** Reads one line, or says in words what is wrong with it. */
export function parseBundleEvent(text: string): BundleEvent | string {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (!isJsonObject(value)) return "not an object";
  const payload = value["payload"];
  if (!isJsonObject(payload)) return "no payload";
  const type = payload["type"];
  if (typeof type !== "string") return "the payload has no type";
  const seq = value["seq"];
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) {
    return `seq is ${JSON.stringify(seq)}; it must be an integer of at least 1`;
  }
  const time = value["wall_time_unix_ms"];
  return {
    schemaVersion: value["schema_version"] ?? null,
    seq,
    timeUnixMs: typeof time === "number" && Number.isFinite(time) ? time : 0,
    rolloutId: value["rollout_id"] ?? null,
    threadId: stringOrNull(value["thread_id"]),
    turnId: stringOrNull(value["codex_turn_id"]),
    type,
    payload,
  };
}

/** The value as a payload reference, or null when it is none. */
export function asPayloadRef(value: JsonValue | undefined): BundlePayloadRef | null {
  if (!isJsonObject(value)) return null;
  const id = value["raw_payload_id"];
  const path = value["path"];
  const kind = isJsonObject(value["kind"]) ? value["kind"]["type"] : null;
  if (typeof id !== "string" || id === "" || typeof path !== "string") return null;
  return { id, path, kind: typeof kind === "string" ? kind : "other" };
}

export function stringOrNull(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
