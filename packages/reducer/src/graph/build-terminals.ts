/** Finished terminal sessions, and the links of operations with them. */
import type { OperationState, ProcessExit } from "../state/call-state.ts";
import { knownSeq, type Session, type Sessions, type SessionWrite } from "../linking/sessions.ts";
import { RecordedIds } from "../state/recorded-ids.ts";
import { countFirst } from "../state/sorted.ts";
import type { ThreadState } from "../state/thread-state.ts";
import type { Evidence, ExecutionWindow } from "./base.ts";
import { endedAt, joinedEvidence, startedAt, type Unshared } from "./draft.ts";
import type { TerminalOperation, TerminalSession } from "./terminal.ts";

/** The session of an operation. */
interface SessionLink {
  readonly sessionId: string;
  /** The event that made the session known. */
  readonly knownSeq: number;
  readonly write: SessionWrite | null;
}

export interface BuiltSessions {
  readonly byId: ReadonlyMap<string, Unshared<TerminalSession>>;
  readonly links: ReadonlyMap<OperationState, SessionLink>;
}

export function buildSessions({ all }: Sessions): BuiltSessions {
  const ids = new RecordedIds<{ recordedId: string; scope: null; isOver: false }>();
  const byId = new Map<string, Unshared<TerminalSession>>();
  const links = new Map<OperationState, SessionLink>();
  for (const session of all) {
    const { processId, opener, writes } = session;
    const sessionId = ids.mint(processId);
    ids.add({ recordedId: processId, scope: null, isOver: false }, sessionId);
    byId.set(sessionId, buildSession(session, sessionId));
    const link = { sessionId, knownSeq: knownSeq(session) };
    links.set(opener, { ...link, write: null });
    for (const write of writes) links.set(write.operation, { ...link, write });
  }
  return { byId, links };
}

/** Gives an operation its session. */
export function joinSession(built: Unshared<TerminalOperation>, link: SessionLink | undefined): void {
  if (link === undefined) return;
  built.terminal_session_id = link.sessionId;
  const { write, knownSeq: seq } = link;
  // Its own evidence has the event that said where it went; where the process was named after that, it is that which linked them.
  if (write === null || write.evidence.seqs.some((each) => each >= seq)) return;
  built.evidence = joinedEvidence([built.evidence, { seqs: [seq], payload_ids: [] }]);
}

function buildSession(session: Session, sessionId: string): Unshared<TerminalSession> {
  const { processId, opener, writes } = session;
  const { execution, endings } = windowOf(session);
  const evidence = [
    ...evidenceOfName(opener),
    ...writes.flatMap((write) => [write.evidence, ...evidenceOfTarget(write, opener)]),
    ...endings,
  ];
  const byEvent = evidence.toSorted((left, right) => (left.seqs[0] ?? 0) - (right.seqs[0] ?? 0));
  return {
    terminal_session_id: sessionId,
    recorded_id: processId,
    thread_id: opener.call.thread?.draft.thread_id ?? null,
    created_by_operation_id: opener.draft.operation_id,
    operation_ids: [
      opener.draft.operation_id,
      ...writes.map(({ operation }) => operation.draft.operation_id),
    ],
    execution,
    evidence: joinedEvidence(byEvent),
    provenance: opener.draft.provenance,
  };
}

/** A command is known to have a process once that is named; a write may name what there is not. */
function evidenceOfName({ draft, named }: OperationState): readonly Evidence[] {
  if (named === null) return [];
  const { evidence, confirmed } = named;
  return draft.kind === "exec_command" || confirmed === null ? [evidence] : [evidence, confirmed];
}

/** The host's word that a write went to the process of a command. */
function evidenceOfTarget(
  { operation: { target } }: SessionWrite,
  { call }: OperationState,
): readonly Evidence[] {
  return target !== null && target.exec === call ? [target.evidence] : [];
}

interface SessionWindow {
  readonly execution: ExecutionWindow;
  /** What ended it. */
  readonly endings: readonly Evidence[];
}

/**
 * A session begins with the operation that opened it, and ends when its process is told to have exited or, at the latest, with its
 * thread. Its own thread's word of the exit counts before that of others.
 */
function windowOf({ opener, writes }: Session): SessionWindow {
  const { started_at_us: at_us, started_seq: seq } = opener.draft.execution;
  const window = startedAt({ at_us, seq });
  const { thread } = opener.call;
  const closed = thread === null ? null : endOf(thread, seq);
  const [exit, ...others] = exitsOf([opener, ...writes.map(({ operation }) => operation)], {
    thread,
    before: closed?.seq ?? Number.POSITIVE_INFINITY,
  });
  if (exit !== undefined) {
    const execution = endedAt(window, exit, { status: exit.status, cause: "observed" });
    return { execution, endings: [exit, ...others].map(({ evidence }) => evidence) };
  }
  if (closed === null) return { execution: window, endings: [] };
  const execution = endedAt(window, closed, { status: closed.status, cause: "thread_ended" });
  return { execution, endings: [{ seqs: [closed.seq], payload_ids: [] }] };
}

/** The first end of a thread after `seq`. What is told of in a thread that has ended, ended with that. */
function endOf(
  { draft, pastEnds = [] }: ThreadState,
  seq: number,
): { at_us: number; seq: number; status: "failed" | "cancelled" } | null {
  const past = pastEnds[countFirst(pastEnds, ({ ended_seq: ended }) => (ended ?? 0) < seq)];
  const { ended_at_us: at_us, ended_seq: endedSeq, status } = past ?? draft.execution;
  if (at_us === null || endedSeq === null) return null;
  return { at_us, seq: endedSeq, status: status === "failed" ? "failed" : "cancelled" };
}

/** Threads do not know of each other when they say how a process ended: whoever says worse knows more. */
const WORST_FIRST: readonly ProcessExit["status"][] = ["failed", "aborted", "cancelled", "completed"];

/** The exit that counts, and then the others that say the same: of threads other than the opener's it is chance which is the first. */
function exitsOf(
  operations: readonly OperationState[],
  { thread, before }: { thread: ThreadState | null; before: number },
): readonly ProcessExit[] {
  let own: ProcessExit | null = null;
  const others: ProcessExit[] = [];
  for (const { exit, call } of operations) {
    if (exit === null || exit.seq >= before) continue;
    if (call.thread !== thread) others.push(exit);
    else if (own === null || exit.seq < own.seq) own = exit;
  }
  if (own !== null) return [own];
  const status = WORST_FIRST.find((worst) => others.some((exit) => exit.status === worst));
  return others.filter((exit) => exit.status === status).toSorted((left, right) => left.seq - right.seq);
}
