/** What the span of an exported rollout tells in its events: the lives of threads, and how the recording ended. */
import {
  asId,
  GEN_AI,
  type RawEventPayload,
  ROLLOUT_TRACE,
  type RolloutStatus,
  SPAN_EVENT,
  type ThreadId,
} from "@rollout-trace/protocol";
import type { SpanAttributes } from "./attributes.ts";
import type { Roster } from "./roster.ts";
import type { SpanNode } from "./span-tree.ts";
import { outside, type Say, statusOf, threadStarted } from "./say.ts";

export interface ToldEvents {
  readonly says: readonly Say[];
  /** After everything else, in this order. */
  readonly ends: readonly Say[];
}

/** Makes the agents known to the roster. */
export function toldEvents({ span, startUs }: SpanNode, roster: Roster): ToldEvents {
  const says: Say[] = [];
  const ends: Say[] = [];
  for (const { name, timeUs, attributes } of span.events) {
    const at = timeUs ?? startUs;
    switch (name) {
      case SPAN_EVENT.threadStarted:
        says.push(started(at, attributes, roster));
        break;
      case SPAN_EVENT.threadEnded: {
        const threadId = attributes.text(ROLLOUT_TRACE.threadId) ?? roster.root.threadId;
        const thread_id = asId<ThreadId>(threadId);
        const status = statusOf(attributes.text(ROLLOUT_TRACE.status), "unset");
        const seq = attributes.count(ROLLOUT_TRACE.seq);
        const make = (): RawEventPayload => ({ type: "thread_ended", thread_id, status });
        says.push({ timeUs: at, seq, threadId, turnId: null, make });
        break;
      }
      case SPAN_EVENT.rolloutEnded: {
        const status = (attributes.text(ROLLOUT_TRACE.status) ?? "completed") as RolloutStatus;
        ends.push(outside(at, () => ({ type: "rollout_ended", status })));
        break;
      }
      case SPAN_EVENT.recordingStopped:
        ends.push(outside(at, () => ({ type: "recording_stopped", reason: "unknown" })));
        break;
      case SPAN_EVENT.recordingCompleted:
        ends.push(outside(at, () => ({ type: "recording_completed" })));
        break;
    }
  }
  return { says, ends };
}

function started(timeUs: number, attributes: SpanAttributes, roster: Roster): Say {
  const agent = roster.add({
    threadId: attributes.text(ROLLOUT_TRACE.threadId) ?? "unknown",
    agentPath: attributes.text(ROLLOUT_TRACE.agentPath) ?? "/unknown",
    parentThreadId: attributes.text(ROLLOUT_TRACE.parentThreadId),
    taskName: attributes.text(ROLLOUT_TRACE.taskName),
    agentRole: attributes.text(ROLLOUT_TRACE.agentRole),
    nickname: attributes.text(ROLLOUT_TRACE.nickname),
    model: attributes.text(GEN_AI.requestModel),
  });
  const seq = attributes.count(ROLLOUT_TRACE.seq);
  return { timeUs, seq, threadId: agent.threadId, turnId: null, make: () => threadStarted(agent) };
}
