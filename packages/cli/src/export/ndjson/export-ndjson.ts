/**
 * A rollout as plain lines: one raw event a line, exactly as the source has it, with the payloads that it names beside it.
 *
 * Holds one event and one payload at a time. Owns no file.
 */
import {
  asId,
  isJsonObject,
  type JsonValue,
  type PayloadId,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { payloadRefs } from "../../objects/evidence.ts";

export interface NdjsonOptions {
  /** Leave the payloads out: the events name them. Default: false. */
  readonly payloadRefs?: boolean | undefined;
  /** Told of each place that cannot be read and each payload that is missing. The text quotes the recording. */
  readonly onLoss?: ((message: string) => void) | undefined;
}

/**
 * The lines, each with its line break. A line is the event's envelope with two keys more, which `decodeRawEvent` leaves out:
 * `payloads`, by id, and `payload_problems`, why one cannot be read. They are there only where they hold something.
 */
export function* ndjsonLines(
  rollout: RolloutSource,
  { payloadRefs: refsOnly = false, onLoss }: NdjsonOptions = {},
): Generator<string, void, undefined> {
  for (const record of rollout.events()) {
    if (record.type === "problem") {
      onLoss?.(`${record.problem.where}: ${record.problem.message}`);
      continue;
    }
    const event = record.value as JsonValue;
    const line = JSON.stringify(event);
    const beside = refsOnly || !isJsonObject(event) ? "" : payloadsBeside(rollout, event["payload"], onLoss);
    // Put together as text: ids are recorded text, and a key of an object may not be any text.
    yield beside === "" ? `${line}\n` : `${line.slice(0, -1)},${beside}}\n`;
  }
}

function payloadsBeside(
  rollout: RolloutSource,
  body: JsonValue | undefined,
  onLoss: NdjsonOptions["onLoss"],
): string {
  const payloads: string[] = [];
  const problems: string[] = [];
  for (const id of new Set(payloadRefs(body ?? null).map((ref) => ref.payload_id))) {
    const read = rollout.payloads.json(asId<PayloadId>(id));
    if (read.ok) payloads.push(`${JSON.stringify(id)}:${JSON.stringify(read.value)}`);
    else {
      problems.push(`${JSON.stringify(id)}:${JSON.stringify(`${read.code}: ${read.message}`)}`);
      onLoss?.(read.message);
    }
  }
  return [
    ...(payloads.length === 0 ? [] : [`"payloads":{${payloads.join(",")}}`]),
    ...(problems.length === 0 ? [] : [`"payload_problems":{${problems.join(",")}}`]),
  ].join(",");
}
