/** The events with excerpts of their payloads, as the page's evidence shows them. */
import {
  asId,
  type PayloadId,
  type PayloadRead,
  type JsonValue,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { eventOf, payloadRefs } from "../../objects/evidence.ts";
import { BOUNDS, pageText } from "./bounds.ts";
import type { PageEvent, PagePayload } from "./page/data.ts";

/** Kinds whose documents repeat the conversation: of those the elements of the long arrays are shown elsewhere, one by one. */
const REPEATING: ReadonlySet<string> = new Set([
  "inference_request",
  "compaction_request",
  "compaction_checkpoint",
]);

/** The events that can be read, in order. Holds one at a time. `startUs` is what their times count from. */
export function* pageEvents(rollout: RolloutSource, startUs: number): Generator<PageEvent, void, undefined> {
  for (const record of rollout.events()) {
    const event = record.type === "event" ? eventOf(record.value) : null;
    if (event === null) continue;
    const { type: _type, ...fields } = event.body;
    const place = {
      ...(event.threadId === null ? {} : { thread_id: event.threadId }),
      ...(event.turnId === null ? {} : { turn_id: event.turnId }),
    };
    yield {
      seq: event.seq,
      at: event.timeUs === null ? null : event.timeUs - startUs,
      type: event.type,
      body: pageText("event", "json", JSON.stringify({ ...place, ...fields }), BOUNDS.excerpt),
      payloads: payloadRefs(event.body).map(({ payload_id, kind }) => pagePayload(rollout, payload_id, kind)),
    };
  }
}

function pagePayload(rollout: RolloutSource, id: string, kind: string): PagePayload {
  const { bytes, read } = readPayload(rollout, id, kind);
  if (read === null) return { id, kind, bytes, text: null, problem: "too large to be quoted here" };
  if (!read.ok) return { id, kind, bytes, text: null, problem: `${read.code}: ${read.message}` };
  const text = pageText(id, "json", JSON.stringify(read.value), BOUNDS.excerpt);
  return { id, kind, bytes, text, problem: null };
}

/** A payload without the arrays that the page shows elsewhere; null where it is too large to be read for a quotation. */
export function readPayload(
  rollout: RolloutSource,
  payloadId: string,
  kind: string,
): { readonly bytes: number | null; readonly read: PayloadRead<JsonValue> | null } {
  const id = asId<PayloadId>(payloadId);
  const bytes = rollout.payloads.stat(id)?.size_bytes ?? null;
  const isRepeating = REPEATING.has(kind);
  if (isRepeating && rollout.payloads.frame !== undefined) {
    return { bytes, read: rollout.payloads.frame(id) };
  }
  const most = isRepeating ? BOUNDS.repeatingBytes : BOUNDS.payloadBytes;
  return { bytes, read: bytes !== null && bytes > most ? null : rollout.payloads.json(id) };
}
