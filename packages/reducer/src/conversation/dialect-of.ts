/**
 * The wire format of a thread's documents that do not say theirs: a compaction's histories and accepted items.
 *
 * That of its own requests, and before it has asked that of whoever it is likely to speak as.
 */
import type { Dialect } from "@rollout-trace/protocol";
import type { Thread } from "../graph/thread.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { ThreadState } from "../state/thread-state.ts";

/** Ancestors that are asked at most: more than agents have, and no more than it may cost where a recording names them in a circle. */
const GENERATIONS = 64;

export function dialectOf({ threads, rootThreadId }: ReducerState, thread: ThreadState): Dialect {
  let at: ThreadState | undefined = thread;
  for (let generation = 0; at !== undefined && generation <= GENERATIONS; generation += 1) {
    if (at.asks !== null) return at.asks.dialect;
    const { origin }: Thread = at.draft;
    at = origin.type === "spawned" ? threads.get(origin.parent_thread_id) : undefined;
  }
  return threads.get(rootThreadId ?? "")?.asks?.dialect ?? "openai_responses";
}
