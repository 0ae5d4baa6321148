import type { RolloutSource } from "@rollout-trace/protocol";
import { eventOf, payloadRefs } from "./evidence.ts";

/** The `seq` of the events that name a payload. Reads all events. */
export function eventsNaming(source: RolloutSource, payloadId: string): readonly number[] {
  const seqs: number[] = [];
  for (const record of source.events()) {
    const event = record.type === "event" ? eventOf(record.value) : null;
    if (event !== null && payloadRefs(event.body).some((ref) => ref.payload_id === payloadId))
      seqs.push(event.seq);
  }
  return seqs;
}
