/** Which session logs belong together: a rollout is a root thread and every thread that it, or one of them, started. */
import { asId, type SourceProblem, type ThreadId, type ThreadOrigin } from "@rollout-trace/protocol";
import { ROOT_PATH } from "../log/agents.ts";
import { compareStarts, longestOfEach } from "../log/session-order.ts";
import type { LoggedThread } from "./import-thread.ts";
import type { SessionHead } from "./session-head.ts";

export interface CodexSession {
  /** The root thread's id. */
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  /** The root first, if it has a log, then in order of their start. */
  readonly heads: readonly SessionHead[];
  /** Threads of other sessions that threads of this one go on from. */
  readonly bases: readonly SessionHead[];
  /** What cannot be read of it. */
  readonly problems: readonly SourceProblem[];
}

/** Groups logs into rollouts, oldest first. */
export function sessionsOf(heads: readonly SessionHead[]): readonly CodexSession[] {
  const byThread = longestOfEach(heads, ({ threadId }) => threadId);
  const groups = new Map<string, SessionHead[]>();
  const problems = new Map<string, SourceProblem[]>();
  for (const head of heads) {
    const read = byThread.get(head.threadId) ?? head;
    const rolloutId = rootOf(read, byThread);
    if (read === head) enqueue(groups, rolloutId, head);
    else enqueue(problems, rolloutId, leftOut(head, read));
  }
  return [...groups]
    .map(([rolloutId, group]) => ({
      rolloutId,
      startedTimeUs: Math.min(...group.map(({ startedTimeUs }) => startedTimeUs)),
      heads: group.toSorted((left, right) => compareHeads(left, right, rolloutId)),
      ...basesOf(group, byThread),
    }))
    .map(({ missing, ...session }) => ({
      ...session,
      problems: [...(problems.get(session.rolloutId) ?? []), ...missing],
    }))
    .toSorted((left, right) => compareStarts(left, right, ({ rolloutId }) => rolloutId));
}

/** The threads that a session's threads go on from, as far as they are not its own. */
function basesOf(
  group: readonly SessionHead[],
  byThread: ReadonlyMap<string, SessionHead>,
): { readonly bases: readonly SessionHead[]; readonly missing: readonly SourceProblem[] } {
  const known = new Set(group.map(({ threadId }) => threadId));
  const bases: SessionHead[] = [];
  const missing: SourceProblem[] = [];
  for (const { path, historyBase } of group) follow(path, historyBase);
  return { bases, missing };

  function follow(path: string, base: SessionHead["historyBase"]): void {
    if (base === null || known.has(base.threadId)) return;
    known.add(base.threadId);
    const head = byThread.get(base.threadId);
    if (head === undefined) {
      const message = `its history goes on from that of thread ${base.threadId}, whose log is not here`;
      missing.push({ where: path, message });
      return;
    }
    bases.push(head);
    follow(head.path, head.historyBase);
  }
}

function leftOut({ path, threadId }: SessionHead, read: SessionHead): SourceProblem {
  return { where: path, message: `left out: thread ${threadId} is read from ${read.path}` };
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
  return byRoot || compareStarts(left, right, ({ threadId }) => threadId);
}

function enqueue<Entry>(queues: Map<string, Entry[]>, key: string, entry: Entry): void {
  const queue = queues.get(key);
  if (queue === undefined) queues.set(key, [entry]);
  else queue.push(entry);
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

/** The threads of a session with their places in the tree of agents. */
export function threadsOf({ rolloutId, startedTimeUs, heads }: CodexSession): SessionThreads {
  const byThread = new Map(heads.map((head) => [head.threadId, head]));
  const paths = new Map<string, string>([[rolloutId, ROOT_PATH]]);
  const unlogged: UnloggedThread[] = [];
  if (!byThread.has(rolloutId)) {
    const origin = { type: "root" } as const;
    unlogged.push({ threadId: rolloutId, agentPath: ROOT_PATH, origin, startedTimeUs });
  }
  const logged = heads.map((head): LoggedThread => {
    if (head.threadId === rolloutId) return { head, agentPath: ROOT_PATH, origin: { type: "root" } };
    const parentId = head.parentThreadId ?? rolloutId;
    return { head, agentPath: pathOf(head), origin: spawnedBy(parentId, head) };
  });
  return { logged, unlogged };

  /** The path of a thread; known before its parent's is asked for, so that a circle of parents ends. */
  function pathOf(head: SessionHead): string {
    const known = paths.get(head.threadId);
    if (known !== undefined) return known;
    const name = head.nickname ?? head.role ?? head.threadId;
    paths.set(head.threadId, head.agentPath ?? `${ROOT_PATH}/${name}`);
    const parentPath = pathOfParent(head);
    const agentPath = head.agentPath ?? `${parentPath}/${name}`;
    paths.set(head.threadId, agentPath);
    return agentPath;
  }

  /** The path of a thread's parent. One without a log is made known with it. */
  function pathOfParent(head: SessionHead): string {
    const parentId = head.parentThreadId ?? rolloutId;
    const known = paths.get(parentId);
    if (known !== undefined) return known;
    const parent = byThread.get(parentId);
    if (parent !== undefined) return pathOf(parent);
    const above = head.agentPath?.replace(/\/[^/]*$/, "") ?? "";
    const agentPath = above === "" ? `${ROOT_PATH}/${parentId}` : above;
    paths.set(parentId, agentPath);
    const { startedTimeUs: timeUs } = head;
    unlogged.push({ threadId: parentId, agentPath, origin: spawnedBy(rolloutId), startedTimeUs: timeUs });
    return agentPath;
  }
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
