/** What an export needs of the events themselves, because the graph says only what came of it. */
import type { JsonObject, JsonValue, RolloutSource } from "@rollout-trace/protocol";
import { decodeRawEvent, type InputMode, type PayloadOf, type RawEvent } from "@rollout-trace/protocol";

/** A message of one agent to another, at its start or at its end. */
export type Interaction = RawEvent<
  PayloadOf<"agent_interaction_started"> | PayloadOf<"agent_interaction_ended">
>;

export interface RecordedFacts {
  /** Of inference calls, by the `seq` of their start. */
  readonly inputModes: ReadonlyMap<number, InputMode>;
  /** By the `seq` of each. */
  readonly interactions: ReadonlyMap<number, Interaction>;
  /** Results that agents reported, in order. */
  readonly results: readonly RawEvent<PayloadOf<"agent_result_observed">>[];
}

export function recordedFacts(rollout: RolloutSource): RecordedFacts {
  const inputModes = new Map<number, InputMode>();
  const interactions = new Map<number, Interaction>();
  const results: RawEvent<PayloadOf<"agent_result_observed">>[] = [];
  for (const record of rollout.events()) {
    if (record.type !== "event" || !WANTED.has(typeOf(record.value))) continue;
    const decoded = decodeRawEvent(record.value);
    if (!decoded.ok) continue;
    const { event } = decoded;
    const { payload } = event;
    if (payload.type === "inference_started") inputModes.set(event.seq, payload.input_mode);
    else if (payload.type === "agent_result_observed") results.push({ ...event, payload });
    else if (payload.type === "agent_interaction_started" || payload.type === "agent_interaction_ended") {
      interactions.set(event.seq, { ...event, payload });
    }
  }
  return { inputModes, interactions, results };
}

const WANTED: ReadonlySet<JsonValue | undefined> = new Set([
  "inference_started",
  "agent_interaction_started",
  "agent_interaction_ended",
  "agent_result_observed",
]);

function typeOf(event: unknown): JsonValue | undefined {
  return ((event as JsonObject | null)?.["payload"] as JsonObject | undefined)?.["type"];
}
