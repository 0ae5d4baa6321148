/** What holds for the events of a recording before anything is made of them. */
import { asId, decodeRawEvent, type PayloadId } from "@rollout-trace/protocol";
import { eventOf, payloadRefs } from "../objects/evidence.ts";
import type { OpenSource } from "../sources/open-source.ts";
import { Problems } from "./problems.ts";

export interface CheckedEvents {
  readonly events: number;
  readonly payloads: number;
  readonly order: Problems;
  readonly contents: Problems;
  readonly payloadsPresent: Problems;
}

/**
 * Reads every event and every payload that one names: `seq` counts from 1 without a gap, time does not go back (in a store,
 * whose recorder promises it), events have the shape of their type, and payloads are there and are JSON of the kind named.
 */
export function checkEvents({ rollout, format }: OpenSource): CheckedEvents {
  const order = new Problems();
  const contents = new Problems();
  const payloadsPresent = new Problems();
  const seen = new Set<string>();
  let last = 0;
  let lastTimeUs = Number.NEGATIVE_INFINITY;
  let events = 0;
  for (const record of rollout.events()) {
    if (record.type === "problem") {
      contents.add(`${record.problem.where}: ${record.problem.message}`);
      continue;
    }
    events += 1;
    const event = eventOf(record.value);
    if (event === null) {
      contents.add(`after seq ${last}: no event`);
      continue;
    }
    if (event.seq !== last + 1) order.add(`seq ${event.seq} after seq ${last}`);
    last = event.seq;
    if (format === "store" && event.timeUs !== null && event.timeUs < lastTimeUs) {
      order.add(`seq ${event.seq}: time goes back by ${lastTimeUs - event.timeUs} µs`);
    }
    lastTimeUs = event.timeUs ?? lastTimeUs;
    const decoded = decodeRawEvent(record.value);
    // A type that this version does not know is not damage; the reduction says so.
    if (!decoded.ok && decoded.error.code !== "unknown_event_type") {
      contents.add(`seq ${event.seq} (${event.type}): ${decoded.error.message}`);
    }
    for (const { payload_id, kind } of payloadRefs(event.body)) {
      if (seen.has(payload_id)) continue;
      seen.add(payload_id);
      const id = asId<PayloadId>(payload_id);
      const where = `payload ${payload_id}, named by seq ${event.seq}`;
      const read = rollout.payloads.json(id);
      if (!read.ok) payloadsPresent.add(`${where}: ${read.code}: ${read.message}`);
      const stored = rollout.payloads.stat(id)?.kind;
      if (stored !== undefined && stored !== kind) payloadsPresent.add(`${where}: is ${stored}, not ${kind}`);
    }
  }
  if (events === 0) order.add("there is no event");
  return { events, payloads: seen.size, order, contents, payloadsPresent };
}
