/**
 * What a bundle's vocabulary cannot say, carried in a field of its own that other readers of bundles ignore.
 *
 * An exported event holds under `CARRIED` the fields that have no place in it; an event that has no counterpart at all is a
 * `protocol_event_observed` whose type begins with `STAND_IN`, since to other readers that is a mere breadcrumb. Reading merges both back, unchecked: the result is decoded like any other event.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";

export const CARRIED = "rollout_trace";
export const STAND_IN = "rollout_trace:";

export interface Carried {
  /** Microseconds since the epoch, finer than the bundle's clock; null where the bundle's is exact. */
  readonly timeUnixUs: number | null;
  readonly fields: JsonObject;
  /** Of a rollout that was derived from a log before it became a bundle; said by its first event. */
  readonly isImported: boolean;
  /** Payloads that only `fields` name, as bundles write references. */
  readonly payloads: readonly JsonValue[];
}

/** Reads what an event's payload carries; null when it carries nothing. */
export function carriedBy(payload: JsonObject): Carried | null {
  const value = Object.hasOwn(payload, CARRIED) ? payload[CARRIED] : undefined;
  if (!isJsonObject(value)) return null;
  const { time_unix_us: time, fields, payloads, provenance } = value;
  return {
    timeUnixUs: typeof time === "number" && Number.isSafeInteger(time) ? time : null,
    fields: isJsonObject(fields) ? fields : {},
    isImported: provenance === "imported",
    payloads: Array.isArray(payloads) ? payloads : [],
  };
}

/** The translated payload with what the event carried. */
export function withCarried(payload: JsonObject, translated: JsonObject): JsonObject {
  const carried = carriedBy(payload);
  if (carried === null) return translated;
  const eventType = payload["event_type"];
  if (
    payload["type"] === "protocol_event_observed" &&
    typeof eventType === "string" &&
    eventType.startsWith(STAND_IN)
  ) {
    return carried.fields;
  }
  const { [CARRIED]: _carried, ...rest } = translated;
  return { ...rest, ...carried.fields };
}

/** A payload document without the fields that an export added to it. */
export function withoutAdded(document: JsonObject): JsonObject {
  const note = Object.hasOwn(document, CARRIED) ? document[CARRIED] : undefined;
  const added = isJsonObject(note) ? note["added"] : undefined;
  if (!Array.isArray(added)) return document;
  const dropped = new Set<JsonValue>([CARRIED, ...(added as readonly JsonValue[])]);
  return Object.fromEntries(Object.entries(document).filter(([key]) => !dropped.has(key)));
}
