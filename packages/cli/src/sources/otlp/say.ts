/** Events on their way out of a translation. */
import {
  asId,
  type ExecutionStatus,
  type JsonValue,
  type PayloadKind,
  type PayloadRef,
  type RawEventPayload,
  type ThreadId,
} from "@rollout-trace/protocol";
import type { Agent } from "./roster.ts";

/** Keeps a document as a payload and gives its reference. */
export type AddDocument = (id: string, kind: PayloadKind, value: JsonValue) => PayloadRef;

/** An event, made when it is asked for. */
export interface Say {
  readonly timeUs: number;
  /** Its place among the others, where an export of a recording says so. */
  readonly seq: number | null;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly make: (add: AddDocument) => RawEventPayload;
}

export function threadStarted(agent: Agent): RawEventPayload {
  const { parentThreadId } = agent;
  return {
    type: "thread_started",
    thread_id: asId<ThreadId>(agent.threadId),
    agent_path: agent.agentPath,
    origin:
      parentThreadId === null
        ? { type: "root" }
        : {
            type: "spawned",
            parent_thread_id: asId<ThreadId>(parentThreadId),
            task_name: agent.taskName,
            agent_role: agent.agentRole,
          },
    nickname: agent.nickname,
    model: agent.model,
  };
}

const STATUSES: ReadonlySet<string> = new Set<ExecutionStatus>([
  "completed",
  "failed",
  "cancelled",
  "aborted",
]);

/** What an export says, or what a span's status means. */
export function statusOf(said: string | null, code: string): Exclude<ExecutionStatus, "running"> {
  if (said !== null && STATUSES.has(said)) return said as Exclude<ExecutionStatus, "running">;
  return code === "error" ? "failed" : "completed";
}

export function outside(timeUs: number, make: () => RawEventPayload): Say {
  return { timeUs, seq: null, threadId: null, turnId: null, make };
}
