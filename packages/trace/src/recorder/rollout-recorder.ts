/**
 * Where a rollout's events are made: time, payloads and text of each, handed to the store's writer.
 *
 * Total: whatever goes wrong while an event is being built costs that event and is counted; whatever goes wrong while a
 * payload is being built costs that payload, and the event stands.
 */
import type { PayloadKind, PayloadRef, RawEventPayload } from "@rollout-trace/protocol";
import { payloadIdOf } from "../store/read-payloads.ts";
import type { EntryPayload, Recording } from "../store/recording.ts";
import { NO_REDACTION, type Redactor } from "../redact/redactor.ts";
import { cutDocument, type RopeDocument } from "../store/rope.ts";
import type { StoreWriter } from "../store/store-writer.ts";
import { messageOf, TraceStoreError } from "../trace-store-error.ts";
import type { Clock } from "./clock.ts";
import type { Lazy } from "./handles.ts";
import { preview } from "./preview.ts";

/** In which thread and turn something happened. */
export interface Scope {
  readonly threadId: string | null;
  readonly turnId: string | null;
}

/** Stores a payload with the event that is being built, and gives its name. */
export type Evidence = (kind: PayloadKind, value: Lazy) => PayloadRef;

/** What all recorders of a store share. */
export interface RecorderParts {
  readonly writer: StoreWriter;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Whether what is recorded is told to OpenTelemetry as well. */
  readonly openTelemetry: boolean;
}

/** UTF-16 units. What is large belongs into payloads; writing more than this holds the host up. */
const MAX_BODY_LENGTH = 16 * 1024 * 1024;

/** Ids of threads and turns whose stored form is remembered. */
const KEPT_IDS = 64;

export class RolloutRecorder {
  readonly recording: Recording;
  readonly openTelemetry: boolean;
  readonly #writer: StoreWriter;
  readonly #redactor: Redactor;
  readonly #clock: Clock;
  readonly #storedIds: Map<string, string> = new Map();
  #hasReportedEnd = false;
  /** Reported once each: a host that cannot serialise something tends to try it again with every event. */
  readonly #reportedKinds: Set<PayloadKind> = new Set();

  constructor(recording: Recording, { writer, redactor, clock, openTelemetry }: RecorderParts) {
    this.recording = recording;
    this.openTelemetry = openTelemetry;
    this.#writer = writer;
    this.#redactor = redactor;
    this.#clock = clock;
  }

  /** Records the event that `build` gives. Its `seq`, if it is in the file already. */
  record(scope: Scope, build: (evidence: Evidence) => RawEventPayload): number | null {
    if (this.recording.state !== "open") return this.#refuse();
    const { lastSeq } = this.recording;
    const payloads: EntryPayload[] = [];
    try {
      let cost = 0;
      const payload = build((kind, value) => {
        const added = this.#payload(scope.threadId, kind, value);
        cost += added.document.freshSize;
        payloads.push(added);
        return { payload_id: payloadIdOf(added.ordinal), kind };
      });
      const text = JSON.stringify(payload);
      if (text.length > MAX_BODY_LENGTH) {
        throw new RangeError(
          `${payload.type} has ${text.length} characters, and at most ${MAX_BODY_LENGTH} are recorded`,
        );
      }
      const body = this.#redactor.event(text);
      const threadId = this.#idText(scope.threadId);
      const turnId = this.#idText(scope.turnId);
      const { recording } = this;
      const timeUs = this.#now();
      cost += body.length;
      this.#writer.add({ recording, timeUs, threadId, turnId, type: payload.type, body, payloads, cost });
    } catch (error) {
      // Without the error itself as its cause: what it quotes is not redacted.
      const message = `an event could not be recorded: ${this.#reasonOf(error)}`;
      this.#writer.dropUnrecordable(
        this.recording,
        this.#now(),
        new TraceStoreError("unrecordable", message),
      );
      return null;
    }
    return this.recording.lastSeq > lastSeq ? this.recording.lastSeq : null;
  }

  /** Ends the recording in order; nothing may follow. */
  complete(): void {
    if (this.recording.state !== "open") return;
    this.record({ threadId: null, turnId: null }, () => ({ type: "recording_completed" }));
    this.recording.end();
  }

  /** A text as it may leave the process. */
  redact(text: string): string {
    return this.#redactor.text(text);
  }

  /** The beginning of a text, for an event. */
  preview(text: string): string {
    return preview(text, this.#redactor);
  }

  /** What the host's own code threw may quote anything. */
  #reasonOf(error: unknown): string {
    return error instanceof TraceStoreError ? error.message : this.#redactor.text(messageOf(error));
  }

  /** An id as it is stored. The same few come again and again. */
  #idText(id: string | null): string | null {
    if (id === null) return null;
    let stored = this.#storedIds.get(id);
    if (stored === undefined) {
      if (this.#storedIds.size >= KEPT_IDS) this.#storedIds.clear();
      this.#storedIds.set(id, (stored = this.#redactor.text(id)));
    }
    return stored;
  }

  #payload(threadId: string | null, kind: PayloadKind, value: Lazy): EntryPayload {
    const chain = this.recording.chain(threadId, kind);
    const document = this.#document(kind, value, chain.last);
    const placed = { ordinal: this.recording.nextOrdinal(), document };
    return { ...placed, kind, base: chain.add(placed) };
  }

  #document(kind: PayloadKind, value: Lazy, previous: RopeDocument | null): RopeDocument {
    try {
      return cutDocument(value(), previous, this.#redactor);
    } catch (error) {
      const reason = this.#reasonOf(error);
      if (!this.#reportedKinds.has(kind)) {
        this.#reportedKinds.add(kind);
        const message = `a payload of kind ${kind} was withheld: ${reason}`;
        this.#writer.report(new TraceStoreError("unrecordable", message));
      }
      return cutDocument({ withheld: true, reason }, null, NO_REDACTION);
    }
  }

  /** Never decreases, whatever the clock does. */
  #now(): number {
    try {
      const now = Math.trunc(this.#clock());
      if (Number.isSafeInteger(now) && now > this.recording.lastTimeUs) this.recording.lastTimeUs = now;
    } catch {
      // An injected clock that fails stands still.
    }
    return this.recording.lastTimeUs;
  }

  #refuse(): null {
    this.#writer.countLost(0);
    if (this.#hasReportedEnd || this.recording.state === "lost") return null;
    this.#hasReportedEnd = true;
    const message = `something was recorded after the rollout ${this.recording.header.rolloutId} had ended`;
    this.#writer.report(new TraceStoreError("rollout_ended", message));
    return null;
  }
}
