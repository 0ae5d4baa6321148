/** Events that never change the graph. */
import { isJson, type JsonValue, MAX_JSON_LEVELS, type PayloadOf } from "@rollout-trace/protocol";
import type { Lazy, OtherOptions } from "./handles.ts";
import type { Evidence } from "./rollout-recorder.ts";

export function protocolEventOf(
  eventType: string,
  event: Lazy,
  evidence: Evidence,
): PayloadOf<"protocol_event_observed"> {
  return {
    type: "protocol_event_observed",
    event_type: String(eventType),
    event: evidence("protocol_event", event),
  };
}

export function otherOf(options: OtherOptions, evidence: Evidence): PayloadOf<"other"> {
  return {
    type: "other",
    kind: String(options.kind),
    summary: String(options.summary),
    payloads: (options.payloads ?? []).map(({ kind, value }) => evidence(kind, value)),
    metadata: metadataOf(options.metadata?.() ?? null),
  };
}

/** As readers take it. Throws for what they would not, which costs the event. */
function metadataOf(metadata: unknown): JsonValue {
  const value: unknown = JSON.parse(JSON.stringify(metadata));
  if (!isJson(value)) throw new RangeError(`the metadata has more than ${MAX_JSON_LEVELS} levels`);
  return value;
}
