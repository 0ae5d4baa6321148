/** The threads of a rollout as one: what was read of each in the order of their times, and what the rollout comes to by it. */
import type { RawEventPayload, RolloutStatus } from "@rollout-trace/protocol";
import type { LogDraft } from "./log-rollout.ts";
import { mergeByTime } from "./merge-by-time.ts";
import type { ThreadDraft } from "./thread-output.ts";

export interface MergeOptions<Roster> {
  /** The rollout's id, which its root thread has, too. */
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  /** What is known of the threads: drafts that need it get it as of their time. */
  readonly roster: Roster;
  /** Keeps the roster up with what was said. */
  readonly follow: (roster: Roster, payload: RawEventPayload) => void;
}

export interface MergedEnd {
  /** When the last of it happened. */
  readonly timeUs: number;
  /** A rollout is over when its root thread is; a root whose last turn is open may still be going on. */
  readonly status: RolloutStatus;
}

/** What came out of the threads, with what waited for the others. Returns how it ended. */
export function* mergeThreads<Roster>(
  streams: readonly Iterable<ThreadDraft<Roster>>[],
  { rolloutId, startedTimeUs, roster, follow }: MergeOptions<Roster>,
): Generator<LogDraft, MergedEnd, undefined> {
  let status: RolloutStatus = "running";
  let timeUs = startedTimeUs;
  for (const draft of mergeByTime(streams)) {
    timeUs = Math.max(timeUs, draft.timeUs);
    for (const known of draft.type === "late" ? draft.resolve(roster) : [draft]) {
      yield known;
      if (known.type !== "event") continue;
      const { payload } = known;
      follow(roster, payload);
      if (payload.type === "thread_ended" && payload.thread_id === rolloutId)
        status = payload.status === "cancelled" ? "aborted" : payload.status;
    }
  }
  return { timeUs, status };
}

/** An event of no thread. */
export function outside(timeUs: number, payload: RawEventPayload): LogDraft {
  return { type: "event", timeUs, threadId: null, turnId: null, payload };
}
