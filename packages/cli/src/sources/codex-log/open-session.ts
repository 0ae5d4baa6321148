/** The logs of one session as a `RolloutSource`. */
import {
  asId,
  type HostInfo,
  type RawEventPayload,
  type ThreadId,
  type TraceId,
} from "@rollout-trace/protocol";
import type { OpenRollout } from "../log/log-format.ts";
import type { LogFile } from "../log/log-file.ts";
import { type LogDraft, logRollout } from "../log/log-rollout.ts";
import { mergeThreads, outside } from "../log/merge-threads.ts";
import { openFiles } from "../log/open-files.ts";
import { type BaseHistory, importThread } from "./import-thread.ts";
import { Roster } from "./roster.ts";
import type { SessionHead } from "./session-head.ts";
import { type CodexSession, type SessionThreads, threadsOf } from "./sessions.ts";
import type { Adders } from "../log/thread-output.ts";
import { CODEX_VIEWS } from "./views.ts";

/** Opens the logs of a session. Throws `CliError` `unreadable_source`. */
export function openSession(session: CodexSession): OpenRollout {
  const files = openFiles([...session.heads, ...session.bases]);
  const { byHead } = files;
  const rollout = logRollout({
    rolloutId: session.rolloutId,
    views: CODEX_VIEWS,
    drafts: (add, addView) => passOver(session, { files: byHead, adders: { add, addView } }),
  });
  const inputs = [...byHead].map(([{ threadId }, file]) => file.input(threadId));
  return { rollout, inputs, [Symbol.dispose]: () => files[Symbol.dispose]() };
}

interface Pass {
  readonly files: ReadonlyMap<SessionHead, LogFile>;
  readonly adders: Adders;
}

function* passOver(session: CodexSession, pass: Pass): Generator<LogDraft, void, undefined> {
  const threads = threadsOf(session);
  const roster = rosterOf(threads);
  const { rolloutId, startedTimeUs } = session;
  const host = threads.logged[0]?.head.host ?? null;
  for (const problem of session.problems) yield { type: "problem", timeUs: startedTimeUs, problem };
  yield outside(startedTimeUs, rolloutStarted(rolloutId, host));
  for (const { threadId, agentPath, origin, startedTimeUs: timeUs } of threads.unlogged) {
    const thread_id = asId<ThreadId>(threadId);
    yield outside(timeUs, { type: "thread_started", thread_id, agent_path: agentPath, origin });
  }
  const streams = threads.logged.flatMap((thread) => {
    const file = pass.files.get(thread.head);
    if (file === undefined) return [];
    return [importThread(thread, { file, bases: basesOf(session, thread.head, pass) }, pass.adders)];
  });
  const { timeUs, status } = yield* mergeThreads(streams, { rolloutId, startedTimeUs, roster, follow });
  for (const { threadId, turnId } of roster.unlogged()) {
    // It was told of by what it answered; that it did anything else, nothing says.
    const ended = { type: "thread_ended", thread_id: asId<ThreadId>(threadId), status: "completed" } as const;
    if (turnId !== null) yield outside(timeUs, ended);
  }
  if (status !== "running") yield outside(timeUs, { type: "rollout_ended", status });
}

/** The logs that a thread's history begins with, oldest first; each up to where the next one leaves it. */
function basesOf({ heads, bases }: CodexSession, head: SessionHead, { files }: Pass): readonly BaseHistory[] {
  const known = new Map([...bases, ...heads].map((each) => [each.threadId, each]));
  const found: BaseHistory[] = [];
  const seen = new Set([head.threadId]);
  let endOrdinal = Infinity;
  for (let base = head.historyBase; base !== null && !seen.has(base.threadId);) {
    seen.add(base.threadId);
    endOrdinal = Math.min(endOrdinal, base.endOrdinal);
    const at: SessionHead | undefined = known.get(base.threadId);
    const file = at === undefined ? undefined : files.get(at);
    if (at === undefined || file === undefined) break;
    found.unshift({ file, endOrdinal });
    base = at.historyBase;
  }
  return found;
}

function rosterOf({ logged, unlogged }: SessionThreads): Roster {
  const roster = new Roster();
  for (const { threadId, agentPath } of unlogged) {
    roster.add({ threadId, agentPath, hasLog: false, turnId: null });
  }
  for (const { head, agentPath } of logged) {
    roster.add({ threadId: head.threadId, agentPath, hasLog: true, turnId: null });
  }
  return roster;
}

function follow(roster: Roster, payload: RawEventPayload): void {
  if (payload.type !== "turn_started") return;
  const thread = roster.get(payload.thread_id);
  if (thread !== undefined) thread.turnId = payload.turn_id;
}

function rolloutStarted(rolloutId: string, host: HostInfo | null): RawEventPayload {
  return {
    type: "rollout_started",
    trace_id: asId<TraceId>(`codex-log:${rolloutId}`),
    root_thread_id: asId<ThreadId>(rolloutId),
    host,
  };
}
