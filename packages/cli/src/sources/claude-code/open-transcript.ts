/** The transcripts of one session as a `RolloutSource`. */
import { asId, type RawEventPayload, type ThreadId, type TraceId } from "@rollout-trace/protocol";
import type { ImportInput } from "@rollout-trace/trace";
import { ROOT_PATH } from "../log/agents.ts";
import type { LogFile } from "../log/log-file.ts";
import type { OpenRollout } from "../log/log-format.ts";
import { type LogDraft, logRollout } from "../log/log-rollout.ts";
import { mergeThreads, outside } from "../log/merge-threads.ts";
import { openFiles } from "../log/open-files.ts";
import type { Adders } from "../log/thread-output.ts";
import { copiesAmong, type IsCopy, saysSo } from "./copies.ts";
import { passOverFile } from "./file-pass.ts";
import { Roster } from "./roster.ts";
import type { ClaudeSession } from "./sessions.ts";
import type { TranscriptHead } from "./transcript-head.ts";
import { CLAUDE_VIEWS } from "./views.ts";

/** Opens the transcripts of a session. Throws `CliError` `unreadable_source`. */
export function openTranscript(session: ClaudeSession): OpenRollout {
  const files = openFiles([...session.elders, ...readIn(session)]);
  const { byHead } = files;
  let copies: ReadonlyMap<LogFile, IsCopy> | null = null;
  const rollout = logRollout({
    rolloutId: session.rolloutId,
    views: CLAUDE_VIEWS,
    drafts: (add, addView) => {
      copies ??= byHead.size > 1 ? copiesAmong([...byHead.values()]) : new Map();
      return passOver(session, { files: byHead, copies, adders: { add, addView } });
    },
  });
  return { rollout, inputs: inputsOf(byHead), [Symbol.dispose]: () => files[Symbol.dispose]() };
}

/** The files under names that they keep wherever they lie; those that are resumed in another file share theirs. */
function inputsOf(files: ReadonlyMap<TranscriptHead, LogFile>): readonly ImportInput[] {
  const taken = new Map<string, number>();
  return [...files].map(([{ sessionId, agentId }, file]) => {
    const name = agentId === null ? sessionId : `${sessionId}:${agentId}`;
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return file.input(count === 1 ? name : `${name}#${count}`);
  });
}

function readIn({ main, agents }: ClaudeSession): readonly TranscriptHead[] {
  return main === null ? agents : [main, ...agents];
}

interface Pass {
  readonly files: ReadonlyMap<TranscriptHead, LogFile>;
  readonly copies: ReadonlyMap<LogFile, IsCopy>;
  readonly adders: Adders;
}

function* passOver(session: ClaudeSession, pass: Pass): Generator<LogDraft, void, undefined> {
  const { rolloutId, startedTimeUs, main, agents, problems } = session;
  for (const problem of problems) yield { type: "problem", timeUs: startedTimeUs, problem };
  yield outside(startedTimeUs, {
    type: "rollout_started",
    trace_id: asId<TraceId>(`claude-code:${rolloutId}`),
    root_thread_id: asId<ThreadId>(rolloutId),
    host: { name: "claude-code", version: (main ?? agents[0])?.version ?? "unknown" },
  });
  if (main === null) {
    const thread_id = asId<ThreadId>(rolloutId);
    yield outside(startedTimeUs, {
      type: "thread_started",
      thread_id,
      agent_path: ROOT_PATH,
      origin: { type: "root" },
    });
  }
  const tellers = new Map<string, TranscriptHead | null>([[rolloutId, main]]);
  for (const head of agents) tellers.set(threadIdOf(head, rolloutId), head);
  const streams = readIn(session).flatMap((head) => {
    const file = pass.files.get(head);
    if (file === undefined) return [];
    const isCopy: IsCopy = pass.copies.get(file) ?? ((entry) => saysSo(entry.value));
    const threadId = threadIdOf(head, rolloutId);
    const mayTell = (agentId: string): boolean => {
      const teller = tellers.get(agentId);
      if (teller === undefined) tellers.set(agentId, head);
      return teller === undefined || teller === head;
    };
    return [passOverFile({ head, threadId, file, adders: pass.adders, isCopy, mayTell })];
  });
  const merge = { rolloutId, startedTimeUs, roster: rosterOf(session), follow };
  const { timeUs, status } = yield* mergeThreads(streams, merge);
  if (status !== "running") yield outside(timeUs, { type: "rollout_ended", status });
}

/** The thread of a transcript. An agent that has the session's own id needs another. */
function threadIdOf({ agentId }: TranscriptHead, rolloutId: string): string {
  return agentId === rolloutId ? `${agentId}:agent` : (agentId ?? rolloutId);
}

function rosterOf({ rolloutId, agents }: ClaudeSession): Roster {
  const roster = new Roster(rolloutId);
  const common = { parent: null, turnId: null, state: "announced" } as const;
  roster.add({ ...common, threadId: rolloutId, agentPath: ROOT_PATH, prompt: null });
  for (const head of agents) {
    roster.add({ ...common, threadId: threadIdOf(head, rolloutId), agentPath: "", prompt: head.prompt });
  }
  return roster;
}

function follow(roster: Roster, payload: RawEventPayload): void {
  const thread = "thread_id" in payload ? roster.get(payload.thread_id) : undefined;
  if (thread === undefined) return;
  if (payload.type === "turn_started") thread.turnId = payload.turn_id;
  else if (payload.type === "thread_started" || payload.type === "thread_resumed") thread.state = "started";
  else if (payload.type === "thread_ended") thread.state = "ended";
}
