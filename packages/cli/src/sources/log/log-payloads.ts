/**
 * The payloads of an imported rollout as a `PayloadReader`.
 *
 * They come into being with the events that name them. A reader may ask for one before it has read the events; then one pass
 * over the logs is made for it.
 */
import { createHash } from "node:crypto";
import {
  isJsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadItem,
  type PayloadKind,
  type PayloadRead,
  type PayloadReader,
  type PayloadStat,
} from "@rollout-trace/protocol";
import { bytesOf, elementsOf, type LogDocument, UnreadableLine, valueOf } from "./document.ts";

interface LogPayload {
  readonly kind: PayloadKind;
  readonly document: LogDocument;
}

export class LogPayloads implements PayloadReader {
  readonly #payloads = new Map<string, LogPayload>();
  readonly #makeAll: () => void;
  #all = false;

  /** `makeAll` makes a pass that adds every payload. */
  constructor(makeAll: () => void) {
    this.#makeAll = makeAll;
  }

  /** Adds a payload. A second pass adds the same ones again. */
  add(id: string, payload: LogPayload): void {
    if (!this.#payloads.has(id)) this.#payloads.set(id, payload);
  }

  json(payloadId: PayloadId): PayloadRead<JsonValue> {
    const payload = this.#find(payloadId);
    if (payload === null) return missing(payloadId);
    return attempt(payloadId, () => valueOf(payload.document));
  }

  items(payloadId: PayloadId, key: string): PayloadRead<readonly PayloadItem[]> {
    const payload = this.#find(payloadId);
    if (payload === null) return missing(payloadId);
    const read = attempt(payloadId, () => arrayUnder(payload.document, key));
    if (!read.ok) return read;
    if (read.value === null) {
      return { ok: false, code: "no_such_array", message: `payload ${payloadId} has no array "${key}"` };
    }
    return { ok: true, value: read.value.map((element) => itemOf(payloadId, element)) };
  }

  stat(payloadId: PayloadId): PayloadStat | null {
    const payload = this.#find(payloadId);
    return payload === null ? null : { kind: payload.kind, size_bytes: bytesOf(payload.document) };
  }

  #find(payloadId: string): LogPayload | null {
    const known = this.#payloads.get(payloadId);
    if (known !== undefined || this.#all) return known ?? null;
    this.#all = true;
    this.#makeAll();
    return this.#payloads.get(payloadId) ?? null;
  }
}

type Element = () => JsonValue;

function arrayUnder(document: LogDocument, key: string): readonly Element[] | null {
  if (document.type === "object") {
    const member = Object.hasOwn(document.members, key) ? document.members[key] : undefined;
    if (member === undefined) return null;
    if (member.type === "array") return elementsOf(member);
    return elementsOfValue(valueOf(member));
  }
  const value = valueOf(document);
  return elementsOfValue(isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);
}

function elementsOfValue(value: JsonValue | undefined): readonly Element[] | null {
  return Array.isArray(value) ? (value as readonly JsonValue[]).map((element) => () => element) : null;
}

function itemOf(payloadId: string, element: Element): PayloadItem {
  let contentId: string | null = null;
  return {
    get contentId() {
      contentId ??= contentIdOf(payloadId, element);
      return contentId;
    },
    value: () => attempt(payloadId, element),
  };
}

function contentIdOf(payloadId: string, element: Element): string {
  const read = attempt(payloadId, element);
  const text = read.ok ? JSON.stringify(read.value) : read.message;
  return createHash("sha256").update(text).digest("hex");
}

function attempt<Value>(payloadId: string, read: () => Value): PayloadRead<Value> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    return { ok: false, code: "invalid_payload", message: `payload ${payloadId}: ${error.message}` };
  }
}

function missing(payloadId: string): PayloadRead<never> {
  return {
    ok: false,
    code: "missing_payload",
    message: `payload ${payloadId}: no event of the log names it`,
  };
}
