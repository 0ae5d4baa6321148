/**
 * The wire format of a thread's documents that do not say theirs: a compaction's histories and accepted items.
 *
 * That of its own requests, and before it has asked that of whoever it is likely to speak as. A thread may have asked another model
 * for something on the side: of the formats that it speaks, a history is in the one that it is written in.
 */
import { asId, type Dialect, isJsonObject, type PayloadId } from "@rollout-trace/protocol";
import type { Thread } from "../graph/thread.ts";
import type { Reduction } from "../reduction.ts";
import type { Conversation } from "../state/conversation-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { ThreadState } from "../state/thread-state.ts";
import { DIALECT_READERS } from "./dialects.ts";

/** Ancestors that are asked at most: more than agents have, and no more than it may cost where a recording names them in a circle. */
const GENERATIONS = 64;

/** Contexts of a thread that are looked at: few formats are spoken in one, and none is likely to begin with the ninth. */
const CONTEXTS = 8;

export function dialectOf({ threads, rootThreadId }: ReducerState, thread: ThreadState): Dialect {
  let at: ThreadState | undefined = thread;
  for (let generation = 0; at !== undefined && generation <= GENERATIONS; generation += 1) {
    if (at.asks !== null) return at.asks.dialect;
    const { origin }: Thread = at.draft;
    at = origin.type === "spawned" ? threads.get(origin.parent_thread_id) : undefined;
  }
  return threads.get(rootThreadId ?? "")?.asks?.dialect ?? "openai_responses";
}

/** That of the histories in a thread's checkpoint. */
export function dialectOfHistories(reduction: Reduction, thread: ThreadState, payloadId: string): Dialect {
  const { conversation } = thread;
  const asked = dialectOf(reduction.state, thread);
  // What was asked on the side is not what is compacted.
  const main = conversation.shrunk[0]?.from.creator?.dialect ?? asked;
  const spoken = new Set([main, asked]);
  addSpoken(conversation, spoken);
  return spoken.size === 1 ? main : (writtenIn(reduction, payloadId, [...spoken]) ?? main);
}

/** Adds the formats of the requests that a thread's first contexts began with. */
function addSpoken({ root: { latest, children } }: Conversation, spoken: Set<Dialect>): void {
  let left = CONTEXTS;
  for (const { creator } of children?.byItem.values() ?? (latest === null ? [] : [latest])) {
    if (left === 0) return;
    left -= 1;
    if (creator !== null && creator.dialect !== null) spoken.add(creator.dialect);
  }
}

/** Which of some formats the first element is in that is in only one of them; null where there is none. */
function writtenIn({ payloads }: Reduction, payloadId: string, dialects: readonly Dialect[]): Dialect | null {
  for (const key of ["input_history", "replacement_history"]) {
    const read = payloads.items(asId<PayloadId>(payloadId), key);
    for (const item of read.ok ? read.value : []) {
      const element = item.value();
      if (!element.ok || !isJsonObject(element.value)) continue;
      const { value } = element;
      const own = dialects.find((dialect) => DIALECT_READERS[dialect].isOwn(value));
      if (own !== undefined) return own;
    }
  }
  return null;
}
