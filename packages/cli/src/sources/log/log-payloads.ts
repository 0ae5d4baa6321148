/**
 * The payloads of an imported rollout as a `PayloadReader`.
 *
 * Most payloads are a view of one line and cost a bit of memory; the others are kept as recipes. They come into being with the events that name them. A reader may ask for one before it has read the events; then one pass
 * over the logs is made for it.
 */
import { createHash } from "node:crypto";
import {
  asId,
  isJsonObject,
  type JsonValue,
  type PayloadId,
  type PayloadItem,
  type PayloadKind,
  type PayloadRead,
  type PayloadReader,
  type PayloadRef,
  type PayloadStat,
} from "@rollout-trace/protocol";
import {
  bytesOf,
  type Derive,
  elementsOf,
  lineDocument,
  type LineRef,
  type LogDocument,
  UnreadableLine,
  valueOf,
} from "./document.ts";
import type { LogFile } from "./log-file.ts";
import { LineMarks } from "./line-marks.ts";

interface LogPayload {
  readonly kind: PayloadKind;
  readonly document: LogDocument;
}

/** A kind of payload that is made of one line. */
export interface LineView {
  readonly kind: PayloadKind;
  readonly derive: Derive;
}

/** The views of a format by name; at most as many as a number has bits. */
export type LineViews = { readonly [name: string]: LineView };

export interface LogPayloadsOptions {
  readonly views: LineViews;
  /** Makes a pass that adds every payload. */
  readonly makeAll: () => void;
}

export class LogPayloads implements PayloadReader {
  readonly #composed = new Map<string, LogPayload>();
  /** By the name that the ids of a file's payloads begin with. */
  readonly #files = new Map<string, { readonly file: LogFile; readonly marks: LineMarks }>();
  readonly #views: LineViews;
  readonly #viewNames: readonly string[];
  readonly #makeAll: () => void;
  #all = false;

  constructor({ views, makeAll }: LogPayloadsOptions) {
    this.#views = views;
    this.#viewNames = Object.keys(views);
    this.#makeAll = makeAll;
  }

  /** Adds a payload. A second pass adds the same ones again. */
  add(id: string, payload: LogPayload): void {
    if (!this.#composed.has(id)) this.#composed.set(id, payload);
  }

  /** Adds the view of a line, and gives its reference. */
  addView(name: string, { file, line }: LineRef, view: string): PayloadRef {
    let known = this.#files.get(name);
    if (known === undefined) this.#files.set(name, (known = { file, marks: new LineMarks() }));
    known.marks.set(line, this.#viewNames.indexOf(view));
    const kind = this.#views[view]?.kind ?? "other";
    return { payload_id: asId<PayloadId>(`${name}:${line}:${view}`), kind };
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
    const known = this.#known(payloadId);
    if (known !== null || this.#all) return known;
    this.#all = true;
    this.#makeAll();
    return this.#known(payloadId);
  }

  #known(payloadId: string): LogPayload | null {
    const composed = this.#composed.get(payloadId);
    if (composed !== undefined) return composed;
    const [, name = "", number = "", viewName = ""] = VIEW_ID.exec(payloadId) ?? [];
    const known = this.#files.get(name);
    const index = this.#viewNames.indexOf(viewName);
    const line = Number(number);
    if (known === undefined || index === -1 || !known.marks.has(line, index)) return null;
    const view = this.#views[viewName];
    if (view === undefined) return null;
    return { kind: view.kind, document: lineDocument({ file: known.file, line }, view.derive) };
  }
}

const VIEW_ID = /^(.*):(\d+):(\w+)$/s;

type Element = () => JsonValue;

function arrayUnder(document: LogDocument, key: string): readonly Element[] | null {
  if (document.type === "object") {
    const member = Object.hasOwn(document.members, key) ? document.members[key] : undefined;
    if (member === undefined) return null;
    if (member.type === "array" || member.type === "list") return elementsOf(member);
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
