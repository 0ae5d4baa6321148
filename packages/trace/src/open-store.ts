/** The store as a host holds it: recording, and reading back. */
import { resolve } from "node:path";
import { disabledThreadTrace } from "./recorder/disabled.ts";
import { checkRedactOptions, type RedactOptions } from "./redact/redact-options.ts";
import { NO_REDACTION, SecretRedactor } from "./redact/redactor.ts";
import { type Clock, wallClock } from "./recorder/clock.ts";
import type { ThreadTrace } from "./recorder/handles.ts";
import type { RecorderParts, RolloutRecorder } from "./recorder/rollout-recorder.ts";
import { startRollout, type StartRolloutOptions } from "./recorder/start-rollout.ts";
import type { Durability } from "./store/connection.ts";
import type { RolloutCounts } from "./store/count-rollouts.ts";
import type { TokenCount } from "./store/count-tokens.ts";
import type { RolloutSummary, StoredRollout } from "./store/read-rollouts.ts";
import type { TraceStoreReader } from "./store/read-store.ts";
import { StoreReader } from "./store/store-reader.ts";
import { StoreWriter, type WriterCounts } from "./store/store-writer.ts";
import { TraceStoreError } from "./trace-store-error.ts";

export interface TraceStoreOptions {
  /** The SQLite file; made when it does not exist, in a directory that does. */
  readonly path: string;
  /**
   * What a call has done when it returns. `process` (default): the event and its payloads survive the death of the process.
   * `power`: they also survive power loss. `batch`: they are written within `batchMs`.
   */
  readonly durability?: Durability | undefined;
  /** Milliseconds; 1 to 10 000, default 5. Only for the durability `batch`. */
  readonly batchMs?: number | undefined;
  /**
   * Is told when recording begins to fail, and why, once for each change; and of each kind of payload that was withheld.
   * Default: a process warning.
   */
  readonly onError?: ((error: TraceStoreError) => void) | undefined;
  /** Only read: rollouts started on this store are not recorded. Default false. */
  readonly readOnly?: boolean | undefined;
  /**
   * Keeps secrets from the disk. Default: the built-in rules. False stores everything as it is. Secrets become
   * `[redacted:<rule>:<8 hex>]`, with equal digits for equal secrets of a store.
   */
  readonly redact?: RedactOptions | false | undefined;
  /**
   * Whether what is recorded is also told live, as spans, to the SDK that is registered with `@opentelemetry/api`. Without one it
   * makes no difference. Default true.
   */
  readonly openTelemetry?: boolean | undefined;
  /** Microseconds since the epoch. Default: the wall clock. */
  readonly clock?: Clock | undefined;
}

/** What became of what was given to a store so far. */
export interface StoreCounts extends WriterCounts {
  /** Secrets that were replaced, by rule. What a payload repeats of the one before it counts once. */
  readonly redactedSecrets: Readonly<Record<string, number>>;
}

/** A store that is open for recording. Recording never throws, and no call of a handle waits a second for other writers. */
export interface TraceStore extends TraceStoreReader {
  readonly path: string;
  /** Why nothing can be written at the moment; null while all is well. */
  readonly failure: TraceStoreError | null;
  readonly counts: StoreCounts;
  /** Starts recording a rollout and gives the handle of its root thread. */
  startRollout(options?: StartRolloutOptions): ThreadTrace;
  /** Writes what is waiting in memory. Whether nothing is left. */
  flush(): boolean;
  /** Completes the recordings that are still open, and closes the file. */
  close(): void;
}

const DEFAULTS = Object.freeze({
  /** A host that dies is the case that traces are for. */
  durability: "process",
  /** Short enough to be lost unnoticed, long enough to share one transaction. */
  batchMs: 5,
});

/**
 * Opens a store for recording. A file that cannot be opened or written is not an exception: the store reports it, goes on
 * trying, and counts what it could not record. Throws `TraceStoreError` (`invalid_option`) for options out of range.
 */
export function openTraceStore(options: TraceStoreOptions): TraceStore {
  const {
    durability = DEFAULTS.durability,
    batchMs = DEFAULTS.batchMs,
    onError = warn,
    redact = {},
  } = options;
  if (typeof options.path !== "string" || ["", ":memory:"].includes(options.path)) {
    throw invalid("path", options.path, "a file name");
  }
  // The host may change its working directory.
  const path = resolve(options.path);
  if (!["process", "power", "batch"].includes(durability)) {
    throw invalid("durability", durability, "process, power or batch");
  }
  if (!(batchMs >= 1 && batchMs <= 10_000)) throw invalid("batchMs", batchMs, "1 to 10000");
  if (redact !== false) checkRedactOptions(redact);
  const reader = new StoreReader(path);
  if (options.readOnly === true) return new ReadOnlyTraceStore(path, reader, onError);
  const writer = new StoreWriter({ path, durability, batchMs, onError });
  const redactor = redact === false ? NO_REDACTION : new SecretRedactor(path, redact);
  return new WritableTraceStore(path, reader, {
    writer,
    redactor,
    clock: options.clock ?? wallClock(),
    openTelemetry: options.openTelemetry ?? true,
  });
}

class WritableTraceStore implements TraceStore {
  readonly path: string;
  readonly #reader: StoreReader;
  readonly #parts: RecorderParts;
  /** Recordings that `close` has to complete. */
  readonly #open: Set<RolloutRecorder> = new Set();

  constructor(path: string, reader: StoreReader, parts: RecorderParts) {
    this.path = path;
    this.#reader = reader;
    this.#parts = parts;
  }

  get failure(): TraceStoreError | null {
    return this.#parts.writer.failure;
  }

  get counts(): StoreCounts {
    const { writer, redactor } = this.#parts;
    return { ...writer.counts, redactedSecrets: redactor.counts };
  }

  startRollout(options: StartRolloutOptions = {}): ThreadTrace {
    for (const recorder of this.#open) {
      if (recorder.recording.state !== "open") this.#open.delete(recorder);
    }
    const { recorder, root } = startRollout(this.#parts, options);
    this.#open.add(recorder);
    return root;
  }

  rollouts(): readonly RolloutSummary[] {
    this.#parts.writer.flush();
    return this.#reader.rollouts();
  }

  rolloutCounts(): readonly RolloutCounts[] {
    this.#parts.writer.flush();
    return this.#reader.rolloutCounts();
  }

  tokenCount(traceId: string): TokenCount | null {
    this.#parts.writer.flush();
    return this.#reader.tokenCount(traceId);
  }

  openRollout(id: string): StoredRollout {
    const { writer, redactor } = this.#parts;
    writer.flush();
    return this.#reader.openRollout(redactor.text(id));
  }

  flush(): boolean {
    return this.#parts.writer.flush();
  }

  close(): void {
    for (const recorder of this.#open) recorder.complete();
    this.#open.clear();
    this.#reader.close();
    this.#parts.writer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

class ReadOnlyTraceStore implements TraceStore {
  readonly path: string;
  readonly counts: StoreCounts = {
    recordedEvents: 0,
    waitingEvents: 0,
    droppedEvents: 0,
    droppedPayloadBytes: 0,
    redactedSecrets: {},
  };
  readonly #reader: StoreReader;
  readonly #onError: (error: TraceStoreError) => void;
  #failure: TraceStoreError | null = null;

  constructor(path: string, reader: StoreReader, onError: (error: TraceStoreError) => void) {
    this.path = path;
    this.#reader = reader;
    this.#onError = onError;
  }

  get failure(): TraceStoreError | null {
    return this.#failure;
  }

  startRollout(): ThreadTrace {
    if (this.#failure === null) {
      const message = `${this.path} was opened with readOnly; the rollout is not recorded`;
      this.#failure = new TraceStoreError("read_only", message);
      try {
        this.#onError(this.#failure);
      } catch {
        // An error handler that fails has nobody to tell.
      }
    }
    return disabledThreadTrace();
  }

  rollouts(): readonly RolloutSummary[] {
    return this.#reader.rollouts();
  }

  rolloutCounts(): readonly RolloutCounts[] {
    return this.#reader.rolloutCounts();
  }

  tokenCount(traceId: string): TokenCount | null {
    return this.#reader.tokenCount(traceId);
  }

  openRollout(id: string): StoredRollout {
    return this.#reader.openRollout(id);
  }

  flush(): boolean {
    return true;
  }

  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function warn(error: TraceStoreError): void {
  process.emitWarning(error.message, { type: "TraceStoreWarning", code: error.code });
}

function invalid(name: string, value: unknown, range: string): TraceStoreError {
  return new TraceStoreError("invalid_option", `${name} is ${String(value)}; it must be ${range}`);
}
