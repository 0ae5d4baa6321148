/**
 * Writing entries over one open connection: each call is one transaction, and evidence goes before the event naming it.
 *
 * What is known of the file (which part is which chunk, which payload is there) is valid for this connection only, and is
 * forgotten again when a transaction fails.
 */
import { hash } from "node:crypto";
import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import type { PayloadOf } from "@rollout-trace/protocol";
import { checkpointBeside, settleCheckpoint } from "./checkpoint.ts";
import { fileIdentity, retryWhileBusy } from "./connection.ts";
import { type Entry, type EntryPayload, type Gap, isGap, type Queued, type Recording } from "./recording.ts";
import { MIN_SHARED_PARTS } from "./rope-chain.ts";
import { encodeRope } from "./rope-codec.ts";
import type { Part, RopeDocument } from "./rope.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** Bytes, about, of events kept for the case that the file is deleted. */
const MAX_ANNOUNCEMENT_COST = 1024 * 1024;
/** Pages in the log, about, after which they are worth moving into the file. */
const CHECKPOINT_PAGES = 1000;
/** Pages that a commit writes whatever it holds: the last one of each table and index. */
const PAGES_PER_COMMIT = 3;
const PAGE_BYTES = 4096;

export class StoreSession {
  readonly database: Database.Database;
  readonly #path: string;
  readonly #identity: string | null;
  readonly #logIdentity: string | null;
  readonly #statements: Statements;
  /** Recordings whose rows were looked up in this file. */
  readonly #known: WeakSet<Recording> = new WeakSet();
  readonly #chunks: WeakMap<Part, number> = new WeakMap();
  readonly #written: WeakSet<RopeDocument> = new WeakSet();
  /** Takes back what the transaction in progress noted, should it fail. */
  readonly #undo: (() => void)[] = [];
  /** Recordings that the transaction in progress writes to, with their `lastSeq` before. */
  readonly #seqBefore: Map<Recording, number> = new Map();
  /** Written since the last checkpoint, about. */
  #pages = 0;

  constructor(database: Database.Database, path: string) {
    this.database = database;
    this.#path = path;
    this.#identity = fileIdentity(path);
    this.#logIdentity = fileIdentity(`${path}-wal`);
    this.#statements = prepareStatements(database);
  }

  /** Whether the path still leads to the file that is open. */
  isInPlace(): boolean {
    return this.#identity !== null && fileIdentity(this.#path) === this.#identity;
  }

  /** Writes everything or, throwing, nothing. Waits at most `waitMs` for the write lock. */
  write(batch: readonly Queued[], waitMs: number): void {
    retryWhileBusy(waitMs, this.#statements.begin);
    try {
      for (const queued of batch) this.#writeQueued(queued);
      this.#statements.commit();
      this.#undo.length = 0;
      this.#seqBefore.clear();
    } catch (error) {
      for (const [recording, seq] of this.#seqBefore) recording.lastSeq = seq;
      this.#seqBefore.clear();
      for (const undo of this.#undo.splice(0).toReversed()) undo();
      this.#statements.rollback();
      throw error;
    }
    this.#countPages(batch);
  }

  /** Goes on after the last event that is in the file, whoever wrote it. */
  reloadSeq(recording: Recording): void {
    if (recording.row !== null) recording.lastSeq = this.#statements.lastSeq(recording.row);
  }

  close(): void {
    settleCheckpoint(this.#path);
    try {
      // As long as it is open, no other file is what it is taken for.
      if (!this.isInPlace()) this.#removeLog();
    } finally {
      this.database.close();
    }
  }

  /** SQLite would take the log that was left for that of the file which is there now, and write it over that. */
  #removeLog(): void {
    if (this.#logIdentity === null || fileIdentity(`${this.#path}-wal`) !== this.#logIdentity) return;
    for (const suffix of ["-wal", "-shm"]) rmSync(this.#path + suffix, { force: true });
  }

  #countPages(batch: readonly Queued[]): void {
    this.#pages += PAGES_PER_COMMIT;
    for (const queued of batch) if (!isGap(queued)) this.#pages += queued.cost / PAGE_BYTES;
    if (this.#pages < CHECKPOINT_PAGES) return;
    this.#pages = 0;
    if (checkpointBeside(this.#path, this.#identity)) return;
    try {
      this.database.pragma("wal_checkpoint(PASSIVE)");
    } catch {
      // What was committed is in the log; a disk that refuses more will refuse the next commit, and that is reported.
    }
  }

  #writeQueued(queued: Queued): void {
    const { recording } = queued;
    if (!this.#known.has(recording)) this.#announce(queued);
    if (isGap(queued)) this.#writeGap(queued);
    else this.#writeNewEntry(queued);
  }

  /** Finds or makes the recording's row. One whose row went with a deleted file begins again, and says what was lost. */
  #announce(first: Queued): void {
    const { recording } = first;
    const { row, lastSeq } = recording;
    this.#undo.push(() => {
      this.#known.delete(recording);
      recording.row = row;
      recording.lastSeq = lastSeq;
    });
    this.#known.add(recording);
    const found = this.#statements.findRollout(recording.header.traceId);
    recording.row = found ?? this.#statements.insertRollout(recording.header);
    recording.lastSeq = found === null ? 0 : this.#statements.lastSeq(found);
    if (found !== null || lastSeq === 0) return;
    for (const entry of recording.announcements) this.#writeEntry(entry);
    const reason = "the file with the earlier events was deleted";
    const gap = { timeUs: first.timeUs, droppedEvents: lastSeq, droppedPayloadBytes: 0, reason };
    this.#writeGap({ recording, ...gap });
  }

  #writeNewEntry(entry: Entry): void {
    this.#writeEntry(entry);
    if (entry.type !== "rollout_started" && entry.type !== "thread_started") return;
    const { recording } = entry;
    if (recording.announcementCost + entry.cost > MAX_ANNOUNCEMENT_COST) return;
    recording.announcementCost += entry.cost;
    recording.announcements.push(entry);
    this.#undo.push(() => {
      recording.announcements.pop();
      recording.announcementCost -= entry.cost;
    });
  }

  #writeEntry(entry: Entry): void {
    for (const payload of entry.payloads) this.#writePayload(rowOf(entry.recording), payload);
    this.#writeEvent(entry.recording, entry.timeUs, entry.threadId, entry.turnId, entry.type, entry.body);
    if (entry.type === "recording_completed") this.#statements.completeRollout(rowOf(entry.recording));
  }

  #writeGap(gap: Gap): void {
    const { recording } = gap;
    const payload: PayloadOf<"recorder_gap"> = {
      type: "recorder_gap",
      dropped_events: gap.droppedEvents,
      dropped_payload_bytes: gap.droppedPayloadBytes,
      reason: gap.reason,
    };
    this.#writeEvent(recording, gap.timeUs, null, null, payload.type, JSON.stringify(payload));
    if (recording.openGap !== gap) return;
    recording.openGap = null;
    this.#undo.push(() => (recording.openGap = gap));
  }

  #writeEvent(
    recording: Recording,
    timeUs: number,
    threadId: string | null,
    turnId: string | null,
    type: string,
    body: string,
  ): void {
    const seq = recording.lastSeq + 1;
    if (!this.#seqBefore.has(recording)) this.#seqBefore.set(recording, recording.lastSeq);
    this.#statements.insertEvent(rowOf(recording), seq, timeUs, threadId, turnId, type, body);
    recording.lastSeq = seq;
  }

  #writePayload(row: number, payload: EntryPayload): void {
    const { document } = payload;
    const base = payload.base !== null && this.#written.has(payload.base.document) ? payload.base : null;
    const rope = encodeRope(document, base?.document ?? null, (part) => this.#intern(part));
    this.#statements.insertPayload(
      row,
      payload.ordinal,
      payload.kind,
      document.size,
      base?.ordinal ?? null,
      rope,
    );
    if (document.parts.length < MIN_SHARED_PARTS) return;
    this.#written.add(document);
    this.#undo.push(() => this.#written.delete(document));
  }

  #intern(part: Part): number {
    const known = this.#chunks.get(part);
    if (known !== undefined) return known;
    const bytes = Buffer.from(part.text);
    const digest = hash("sha256", bytes, "buffer");
    const chunk = this.#statements.findChunk(digest) ?? this.#statements.insertChunk(digest, bytes);
    this.#chunks.set(part, chunk);
    this.#undo.push(() => this.#chunks.delete(part));
    return chunk;
  }
}

function rowOf(recording: Recording): number {
  if (recording.row === null) throw new TypeError(`recording ${recording.header.traceId} has no row`);
  return recording.row;
}
