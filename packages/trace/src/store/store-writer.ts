/**
 * The queue between recorders and the file, and everything that can go wrong there.
 *
 * Nothing here throws. In the ordinary case the queue holds one entry for the length of one transaction. While the file
 * cannot be written, entries wait in memory up to a bound, attempts are made now and then, and what no longer fits is
 * counted in a gap that takes its place in the order of events.
 */
import { TraceStoreError, asTraceStoreError } from "../trace-store-error.ts";
import { atWork } from "./at-work.ts";
import { type Durability, openForWriting } from "./connection.ts";
import { type Entry, isGap, type Queued, type Recording } from "./recording.ts";
import { recoverRollouts } from "./recovery.ts";
import { StoreSession } from "./store-session.ts";

const LIMITS = Object.freeze({
  /** The longest that the host is held up when another process has the write lock; after that entries wait in memory. */
  busyMs: 750,
  /** The same for attempts while entries are waiting: they are made from inside the host's calls and must not add up. */
  retryBusyMs: 10,
  /** Between attempts while the file cannot be written. */
  retryMs: 250,
  /** For marking stopped recordings when the file is opened, which comes on top and which the next one can do as well. */
  recoveryBusyMs: 200,
  /** The last attempt, at `close`. */
  closeBusyMs: 1000,
  /** Between checks that the path still leads to the open file. */
  placeCheckMs: 250,
  /** Entries waiting while the file cannot be written. */
  waitingEntries: 10_000,
  /** Bytes of them. */
  waitingBytes: 16 * 1024 * 1024,
  /** What a batch holds at most, so that a busy host does not hold all of a long `batchMs` in memory. */
  batchEntries: 1000,
  batchBytes: 4 * 1024 * 1024,
});

export interface StoreWriterOptions {
  readonly path: string;
  readonly durability: Durability;
  readonly batchMs: number;
  readonly onError: (error: TraceStoreError) => void;
}

/** What became of the entries given to a store so far. */
export interface WriterCounts {
  readonly recordedEvents: number;
  /** Waiting in memory. */
  readonly waitingEvents: number;
  readonly droppedEvents: number;
  /** Bytes of UTF-8, of payloads of dropped events. */
  readonly droppedPayloadBytes: number;
}

/** Stores that may hold entries in memory; what a batch holds is written when the process exits by itself. */
const openWriters: Set<StoreWriter> = new Set();
const flushAll = (): void => {
  for (const writer of openWriters) writer.close();
};

export class StoreWriter {
  readonly #options: StoreWriterOptions;
  #session: StoreSession | null = null;
  #queue: Queued[] = [];
  #queueCost = 0;
  #timer: NodeJS.Timeout | null = null;
  #isWriting = false;
  #isClosing = false;
  #isClosed = false;
  /** Why the last attempt failed and when the next one is due; null while all is well. */
  #failure: { readonly error: TraceStoreError; readonly nextAttempt: number } | null = null;
  #nextPlaceCheck = 0;
  #batchBegan = 0;
  #recorded = 0;
  #dropped = 0;
  #droppedPayloadBytes = 0;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
    if (openWriters.size === 0) process.on("exit", flushAll);
    openWriters.add(this);
    this.#attempt(() => this.#openSession());
  }

  /** Why the file cannot be written at the moment, or null. */
  get failure(): TraceStoreError | null {
    return this.#failure?.error ?? null;
  }

  get counts(): WriterCounts {
    return {
      recordedEvents: this.#recorded,
      waitingEvents: this.#queue.filter((queued) => !isGap(queued)).length,
      droppedEvents: this.#dropped,
      droppedPayloadBytes: this.#droppedPayloadBytes,
    };
  }

  /** Takes an entry: in the file when this returns, unless durability is `batch` or the file cannot be written. */
  add(entry: Entry): void {
    if (this.#isClosed) return this.#refuse(entry);
    const isWaiting = this.#failure !== null || this.#isWriting;
    if (isWaiting && !this.#hasRoom(entry)) {
      if (entry.type === "rollout_started") entry.recording.state = "lost";
      this.drop(
        entry.recording,
        entry.timeUs,
        payloadBytes(entry),
        this.failure?.message ?? "too much at once",
      );
    } else {
      this.#queue.push(entry);
      this.#queueCost += entry.cost;
    }
    this.#afterAdd();
  }

  /** Counts an event that cannot be said to be missing: nothing may follow in its recording. */
  countLost(bytes: number): void {
    this.#dropped += 1;
    this.#droppedPayloadBytes += bytes;
  }

  /** Counts an event that never became an entry, or no longer fits. */
  drop(recording: Recording, timeUs: number, bytes: number, reason: string): void {
    this.countLost(bytes);
    if (recording.state !== "open" || this.#isClosed) return;
    if (recording.openGap === null) {
      recording.openGap = { recording, timeUs, droppedEvents: 0, droppedPayloadBytes: 0, reason };
      this.#queue.push(recording.openGap);
    }
    recording.openGap.droppedEvents += 1;
    recording.openGap.droppedPayloadBytes += bytes;
  }

  /** Says that an event could not be recorded although the file is fine. */
  dropUnrecordable(recording: Recording, timeUs: number, error: TraceStoreError): void {
    this.drop(recording, timeUs, 0, error.message);
    this.report(error);
    this.#afterAdd();
  }

  /** Writes what is waiting. Whether nothing is left. */
  flush(): boolean {
    if (this.#isWriting) return false;
    while (this.#queue.length > 0 && this.#attempt(() => this.#writeQueue())) {
      // Whoever is told about an error may have recorded something meanwhile.
    }
    return this.#queue.length === 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosing = true;
    if (!this.flush()) this.#giveUp();
    this.#isClosed = true;
    this.#stopTimer();
    openWriters.delete(this);
    if (openWriters.size === 0) process.off("exit", flushAll);
    this.#closeSession();
  }

  /** Tells the host. What it throws is its own affair. */
  report(error: TraceStoreError): void {
    try {
      this.#options.onError(error);
    } catch {
      // An error handler that fails has nobody to tell.
    }
  }

  #refuse(entry: Entry): void {
    this.countLost(payloadBytes(entry));
    if (this.#failure?.error.code === "closed") return;
    const error = new TraceStoreError("closed", `${this.#options.path} is closed`);
    this.#failure = { error, nextAttempt: Infinity };
    this.report(error);
  }

  #hasRoom(entry: Entry): boolean {
    return this.#queue.length < LIMITS.waitingEntries && this.#queueCost + entry.cost <= LIMITS.waitingBytes;
  }

  #afterAdd(): void {
    if (this.#isWriting) return;
    if (this.#failure !== null && performance.now() < this.#failure.nextAttempt) return;
    if (this.#mayWait()) this.#startTimer(this.#options.batchMs);
    else this.flush();
  }

  /** Whether a batch is still being gathered. Its age counts too: a host that is busy lets no timer run. */
  #mayWait(): boolean {
    if (this.#options.durability !== "batch") return false;
    if (this.#queue.length >= LIMITS.batchEntries || this.#queueCost >= LIMITS.batchBytes) return false;
    const now = performance.now();
    if (this.#queue.length <= 1) this.#batchBegan = now;
    return now - this.#batchBegan < this.#options.batchMs;
  }

  #writeQueue(): void {
    const session = this.#openSession();
    const batch = this.#queue;
    try {
      session.write(batch, this.#waitMs());
    } catch (error) {
      if (asTraceStoreError(error, "writing", this.#options.path).code !== "unrecordable") throw error;
      this.#writeOneByOne(session);
      return;
    }
    this.#recorded += batch.reduce((count, queued) => count + (isGap(queued) ? 0 : 1), 0);
    this.#queue = [];
    this.#queueCost = 0;
  }

  /** Finds the entry that the file refuses for its own sake, and drops only that. */
  #writeOneByOne(session: StoreSession): void {
    for (let queued = this.#queue[0]; queued !== undefined; queued = this.#queue[0]) {
      const refusal = this.#tryOne(session, queued);
      this.#queue.shift();
      if (isGap(queued)) {
        queued.recording.openGap = null;
        continue;
      }
      this.#queueCost -= queued.cost;
      if (refusal === null) this.#recorded += 1;
      else {
        this.drop(queued.recording, queued.timeUs, payloadBytes(queued), refusal.message);
        this.report(refusal);
      }
    }
  }

  #tryOne(session: StoreSession, queued: Queued): TraceStoreError | null {
    for (let attempt = 1; ; attempt += 1) {
      try {
        session.write([queued], this.#waitMs());
        return null;
      } catch (thrown) {
        const error = asTraceStoreError(thrown, "writing", this.#options.path);
        if (error.code !== "unrecordable") throw error;
        if (attempt === 2) return error;
        // Somebody else may have appended to this recording, taking its writer for gone.
        session.reloadSeq(queued.recording);
      }
    }
  }

  /** Runs something that touches the file, and keeps the state of failure up to date. Whether it worked. */
  #attempt(work: () => void): boolean {
    this.#isWriting = true;
    let error: TraceStoreError | null = null;
    try {
      atWork(work);
    } catch (thrown) {
      error = asTraceStoreError(thrown, "writing", this.#options.path);
    }
    this.#isWriting = false;
    if (error === null) this.#succeed();
    else this.#fail(error);
    return error === null;
  }

  #succeed(): void {
    this.#failure = null;
    this.#stopTimer();
  }

  #fail(error: TraceStoreError): void {
    const isNews = this.#failure?.error.code !== error.code;
    this.#failure = { error, nextAttempt: performance.now() + LIMITS.retryMs };
    if (error.code !== "busy") this.#closeSession();
    this.#stopTimer();
    this.#startTimer(LIMITS.retryMs);
    if (isNews) this.report(error);
  }

  /** How long the host may be held up for the lock now. */
  #waitMs(): number {
    if (this.#isClosing) return LIMITS.closeBusyMs;
    return this.#failure === null ? LIMITS.busyMs : LIMITS.retryBusyMs;
  }

  #openSession(): StoreSession {
    const now = performance.now();
    if (this.#session !== null && now >= this.#nextPlaceCheck) {
      this.#nextPlaceCheck = now + LIMITS.placeCheckMs;
      if (!this.#session.isInPlace()) {
        this.#closeSession();
        throw new TraceStoreError(
          "file_gone",
          `${this.#options.path} was deleted or replaced while it was open`,
        );
      }
    }
    if (this.#session !== null) return this.#session;
    const { path, durability } = this.#options;
    const database = openForWriting(path, durability, this.#waitMs());
    this.#session = new StoreSession(database, path);
    this.#nextPlaceCheck = now + LIMITS.placeCheckMs;
    try {
      recoverRollouts(database, LIMITS.recoveryBusyMs);
    } catch (error) {
      // Whoever opens the store next tries again; this one has its own events to write.
      this.report(asTraceStoreError(error, "marking stopped recordings in", path));
    }
    return this.#session;
  }

  #closeSession(): void {
    const session = this.#session;
    this.#session = null;
    try {
      session?.close();
    } catch {
      // It was failing already; the file is as the last commit left it.
    }
  }

  #giveUp(): void {
    for (const queued of this.#queue.splice(0)) {
      if (!isGap(queued)) this.countLost(payloadBytes(queued));
    }
    this.#queueCost = 0;
  }

  #startTimer(ms: number): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, ms);
    this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function payloadBytes(entry: Entry): number {
  return entry.payloads.reduce((sum, payload) => sum + payload.document.size, 0);
}
