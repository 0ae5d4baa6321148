/**
 * Where a thread's own history begins in its file. A thread that was forked from another begins with a copy of that one's
 * history: the other's metadata, turns, items and usage, all written at the time of the fork.
 */
import { textOf } from "./items.ts";
import { idOf } from "../log/fields.ts";
import { type CodexRecord } from "./record.ts";
import { madeAtMs, type SessionHead } from "./session-head.ts";
import type { Place } from "../log/thread-output.ts";

/** A copy is written in one go; nothing of the new thread happens so soon. */
const COPY_TIME_US = 2_000_000;

const FORK_NOTE = "You are the newly spawned agent.";

export class Inheritance {
  readonly #head: SessionHead;
  #isOver: boolean;
  #copiedTurns = 0;
  #isNoted = false;

  constructor(head: SessionHead) {
    this.#head = head;
    this.#isOver = !head.inherits;
  }

  /** Whether a record is of the copy. Once one is not, none is. */
  covers(record: CodexRecord, at: Place): boolean {
    if (this.#isOver || at.line === this.#head.metaLine) return false;
    if (this.#isOwn(record, at)) {
      this.#isOver = true;
      return false;
    }
    if (isTurnStart(record)) this.#copiedTurns += 1;
    const isOutput = record.payload["type"] === "function_call_output";
    if (isOutput && textOf(record.payload).startsWith(FORK_NOTE)) this.#isNoted = true;
    return true;
  }

  #isOwn(record: CodexRecord, at: Place): boolean {
    const { ownFromOrdinal, threadId, startedTimeUs } = this.#head;
    if (ownFromOrdinal !== null && record.ordinal !== null) return record.ordinal >= ownFromOrdinal;
    const isLate = at.timeUs > startedTimeUs + COPY_TIME_US;
    if (!isTurnStart(record)) return this.#copiedTurns === 0 && isLate;
    const turnMs = madeAtMs(idOf(record.payload["turn_id"]) ?? "");
    const threadMs = madeAtMs(threadId);
    if (turnMs !== null && threadMs !== null) return turnMs >= threadMs;
    return this.#isNoted || isLate;
  }
}

function isTurnStart({ type, payload }: CodexRecord): boolean {
  return type === "event_msg" && (payload["type"] === "task_started" || payload["type"] === "turn_started");
}
