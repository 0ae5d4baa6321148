/** Which session logs belong together: a rollout is a root thread and every thread that it, or one of them, started. */
import { asId, type ThreadId, type ThreadOrigin } from "@rollout-trace/protocol";
import type { LoggedThread } from "./import-thread.ts";
import type { SessionHead } from "./session-head.ts";

export interface CodexSession {
  /** The root thread's id. */
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  /** The root first, if it has a log, then in order of their start. */
  readonly heads: readonly SessionHead[];
}

/** Groups logs into rollouts, oldest first. */
export function sessionsOf(heads: readonly SessionHead[]): readonly CodexSession[] {
  const byThread = new Map(heads.map((head) => [head.threadId, head]));
  const groups = new Map<string, SessionHead[]>();
  for (const head of byThread.values()) {
    const rootId = rootOf(head, byThread);
    const group = groups.get(rootId);
    if (group === undefined) groups.set(rootId, [head]);
    else group.push(head);
  }
  return [...groups]
    .map(([rolloutId, group]) => ({
      rolloutId,
      startedTimeUs: Math.min(...group.map(({ startedTimeUs }) => startedTimeUs)),
      heads: group.toSorted((left, right) => compareHeads(left, right, rolloutId)),
    }))
    .toSorted(
      (left, right) =>
        left.startedTimeUs - right.startedTimeUs || compareText(left.rolloutId, right.rolloutId),
    );
}

/** The topmost thread that is known of, whether it has a log or not. */
function rootOf(head: SessionHead, byThread: ReadonlyMap<string, SessionHead>): string {
  const seen = new Set<string>();
  let at = head;
  for (;;) {
    if (!at.isSpawned || seen.has(at.threadId)) return at.threadId;
    seen.add(at.threadId);
    const parentId = at.parentThreadId;
    const parent = parentId === null ? undefined : byThread.get(parentId);
    if (parent === undefined) return at.sessionId ?? parentId ?? at.threadId;
    at = parent;
  }
}

function compareHeads(left: SessionHead, right: SessionHead, rolloutId: string): number {
  const byRoot = Number(right.threadId === rolloutId) - Number(left.threadId === rolloutId);
  return byRoot || left.startedTimeUs - right.startedTimeUs || compareText(left.threadId, right.threadId);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A thread of a rollout that has no log of its own. */
export interface UnloggedThread {
  readonly threadId: string;
  readonly agentPath: string;
  readonly origin: ThreadOrigin;
  readonly startedTimeUs: number;
}

export interface SessionThreads {
  readonly logged: readonly LoggedThread[];
  /** Parents that only their children tell of. */
  readonly unlogged: readonly UnloggedThread[];
}

export const ROOT_PATH = "/root";

/** The threads of a session with their places in the tree of agents. */
export function threadsOf({ rolloutId, startedTimeUs, heads }: CodexSession): SessionThreads {
  const paths = new Map<string, string>([[rolloutId, ROOT_PATH]]);
  const unlogged: UnloggedThread[] = [];
  const root = heads.find(({ threadId }) => threadId === rolloutId);
  if (root === undefined) {
    const origin = { type: "root" } as const;
    unlogged.push({ threadId: rolloutId, agentPath: ROOT_PATH, origin, startedTimeUs });
  }
  const logged: LoggedThread[] = [];
  // Parents start before their children, so a parent's path is known when its child's is made.
  for (const head of heads) {
    if (head.threadId === rolloutId) {
      logged.push({ head, agentPath: ROOT_PATH, origin: { type: "root" } });
      continue;
    }
    const parentId = head.parentThreadId ?? rolloutId;
    let parentPath = paths.get(parentId);
    if (parentPath === undefined) {
      parentPath = `${ROOT_PATH}/${parentId}`;
      paths.set(parentId, parentPath);
      const origin = spawnedBy(rolloutId);
      unlogged.push({ threadId: parentId, agentPath: parentPath, origin, startedTimeUs: head.startedTimeUs });
    }
    const agentPath = head.agentPath ?? `${parentPath}/${head.nickname ?? head.role ?? head.threadId}`;
    paths.set(head.threadId, agentPath);
    logged.push({ head, agentPath, origin: spawnedBy(parentId, head) });
  }
  return { logged, unlogged };
}

function spawnedBy(parentId: string, head?: SessionHead): ThreadOrigin {
  const name = head?.agentPath?.split("/").at(-1);
  return {
    type: "spawned",
    parent_thread_id: asId<ThreadId>(parentId),
    task_name: name ?? null,
    agent_role: head?.role ?? null,
  };
}
