/** A rollout kept in memory. */
import {
  canonicalJson,
  type ItemsSince,
  isJsonObject,
  type JsonValue,
  type PayloadItem,
  type PayloadKind,
  type PayloadRead,
  type PayloadReader,
  type RawEvent,
  type RolloutId,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { utf8Bytes } from "../conversation/normal-item.ts";
import { textKey } from "../conversation/text-key.ts";

export interface MemoryPayload {
  readonly kind: PayloadKind;
  readonly value: JsonValue;
}

/** Elements that were asked for before: tests put one element into many requests. Elements are never changed. */
const items = new WeakMap<object, PayloadItem>();

function itemOf(value: JsonValue): PayloadItem {
  if (typeof value !== "object" || value === null) return newItem(value);
  const known = items.get(value);
  if (known !== undefined) return known;
  const item = newItem(value);
  items.set(value, item);
  return item;
}

function newItem(value: JsonValue): PayloadItem {
  return { contentId: textKey(textOf(value)), value: () => ({ ok: true, value }) };
}

/** What is nested deeper than `JSON.stringify` goes has a text all the same. */
function textOf(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch {
    return canonicalJson(value);
  }
}

/** Reads payloads by id. An element's content id is its JSON text. */
export class MemoryPayloads implements PayloadReader {
  readonly #payloads: ReadonlyMap<string, MemoryPayload>;

  constructor(payloads: ReadonlyMap<string, MemoryPayload>) {
    this.#payloads = payloads;
  }

  json(payloadId: string): PayloadRead<JsonValue> {
    const payload = this.#payloads.get(payloadId);
    if (payload !== undefined) return { ok: true, value: payload.value };
    return { ok: false, code: "missing_payload", message: `no payload ${JSON.stringify(payloadId)}` };
  }

  items(payloadId: string, key: string): PayloadRead<readonly PayloadItem[]> {
    const read = this.json(payloadId);
    if (!read.ok) return read;
    const array = isJsonObject(read.value) ? read.value[key] : undefined;
    if (!Array.isArray(array))
      return { ok: false, code: "no_such_array", message: `no array ${JSON.stringify(key)}` };
    return {
      ok: true,
      value: (array as readonly JsonValue[]).map(itemOf),
    };
  }

  itemsSince(payloadId: string, key: string, other: string): ItemsSince | null {
    const [read, before] = [this.items(payloadId, key), this.items(other, key)];
    if (!read.ok || !before.ok) return null;
    const differs = read.value.findIndex((item, index) => item.contentId !== before.value[index]?.contentId);
    const shared = differs < 0 ? read.value.length : differs;
    return shared === 0 ? null : { shared, items: read.value.slice(shared) };
  }

  stat(payloadId: string): { kind: PayloadKind; size_bytes: number } | null {
    const payload = this.#payloads.get(payloadId);
    return payload === undefined
      ? null
      : { kind: payload.kind, size_bytes: utf8Bytes(textOf(payload.value)) };
  }
}

/** A source over events and payloads that the caller may go on adding to. */
export function memorySource(
  rolloutId: string,
  { events, payloads }: { events: readonly RawEvent[]; payloads: ReadonlyMap<string, MemoryPayload> },
): RolloutSource {
  return {
    rolloutId: rolloutId as RolloutId,
    provenance: "recorded",
    get eventCount() {
      return events.length;
    },
    events: (fromSeq = 1) =>
      events.filter(({ seq }) => seq >= fromSeq).map((value) => ({ type: "event", value }) as const),
    payloads: new MemoryPayloads(payloads),
  };
}
