/**
 * Which terminal operations are of one process. Found when the graph is built: process ids become known late, and in any order, and
 * hosts use one again in another thread, so that which process a write went to cannot be said before all of them are known.
 *
 * A command has the process that it started. A write goes to that of the command that the host names, else to the process with the
 * id that it names: the latest that its own thread had started before, or else that of the only other thread that had started one.
 * Where several others had, it is not known to which it went. Where none had, no recorded command started its process, and writes of
 * one thread that name it are of one session, once the runtime or a result has named it too. Nothing else that comes later or earlier
 * matters, only which commands had started before the write.
 */
import type { Evidence } from "../graph/base.ts";
import type { OperationState } from "../state/call-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { countFirst } from "../state/sorted.ts";
import type { ThreadState } from "../state/thread-state.ts";

export interface Session {
  readonly processId: string;
  /** The command that started its process; a write where that is not recorded. */
  readonly opener: OperationState;
  /** Those of its own thread first and then thread by thread, each in the order in which they named it. */
  readonly writes: SessionWrite[];
}

export interface SessionWrite {
  readonly operation: OperationState;
  /** The event that said where it went. */
  readonly evidence: Evidence;
}

/** A write to another process than it named. */
export interface TargetConflict {
  readonly write: OperationState;
  readonly seq: number;
  readonly processIds: readonly [string, string];
}

export interface Sessions {
  /** In the order of being named. */
  readonly all: readonly Session[];
  readonly conflicts: readonly TargetConflict[];
}

/** What is known by one process id. */
interface ProcessUses {
  /** Sessions that commands opened, in the order in which those were called. */
  readonly started: Session[];
  readonly byThread: Map<ThreadState | null, UsesOfThread>;
  /** How many of `started` are of one thread before the first of another. */
  alone: number;
}

interface UsesOfThread {
  readonly started: Session[];
  /** Writes to what no recorded command had started. */
  readonly strays: OperationState[];
}

export function findSessions({ operations, threads }: ReducerState): Sessions {
  const processes = new Map<string, ProcessUses>();
  const opened = new Map<OperationState, Session>();
  for (const opener of operations) {
    const { draft, named, call } = opener;
    if (draft.kind !== "exec_command" || named === null) continue;
    const session: Session = { processId: named.id, opener, writes: [] };
    opened.set(opener, session);
    usesOf(processes, named.id).started.push(session);
    usesOfThread(usesOf(processes, named.id), call.thread).started.push(session);
  }
  for (const uses of processes.values()) sortUses(uses);
  const conflicts: TargetConflict[] = [];
  for (const write of operations) {
    if (write.draft.kind === "exec_command") continue;
    const target = targetOf(write, opened);
    if (target !== undefined && (write.named === null || write.named.id === target.processId)) {
      addWrite(target, write);
      continue;
    }
    if (target !== undefined) conflicts.push(conflictOf(write, target));
    if (write.named !== null) goById(usesOf(processes, write.named.id), write);
  }
  const all = [...opened.values(), ...openedByWrites(processes)];
  const ranks = new Map([...threads.values()].map((thread, index) => [thread, index]));
  for (const { opener, writes } of all) {
    const rank = ({ operation: { call } }: SessionWrite): number => {
      if (call.thread === opener.call.thread) return -1;
      return call.thread === null ? ranks.size : (ranks.get(call.thread) ?? ranks.size);
    };
    writes.sort((left, right) => rank(left) - rank(right) || seqOf(left.evidence) - seqOf(right.evidence));
  }
  return { all: all.toSorted((left, right) => namedSeq(left) - namedSeq(right)), conflicts };
}

/** When its process was named. */
function namedSeq({ opener }: Session): number {
  return opener.named === null ? 0 : seqOf(opener.named.evidence);
}

/** When it was known that there is a session: a write alone may name what there is not. */
export function knownSeq({ opener }: Session): number {
  const { draft, named } = opener;
  if (named === null) return 0;
  return seqOf(draft.kind === "exec_command" ? named.evidence : (named.confirmed ?? named.evidence));
}

function usesOf(processes: Map<string, ProcessUses>, processId: string): ProcessUses {
  const known = processes.get(processId);
  if (known !== undefined) return known;
  const uses: ProcessUses = { started: [], byThread: new Map(), alone: 0 };
  processes.set(processId, uses);
  return uses;
}

function usesOfThread({ byThread }: ProcessUses, thread: ThreadState | null): UsesOfThread {
  const known = byThread.get(thread);
  if (known !== undefined) return known;
  const uses: UsesOfThread = { started: [], strays: [] };
  byThread.set(thread, uses);
  return uses;
}

function sortUses(uses: ProcessUses): void {
  const byStart = (left: Session, right: Session): number => calledSeq(left.opener) - calledSeq(right.opener);
  uses.started.sort(byStart);
  for (const { started } of uses.byThread.values()) started.sort(byStart);
  const first = uses.started[0]?.opener.call.thread;
  const other = uses.started.findIndex(({ opener }) => opener.call.thread !== first);
  uses.alone = other < 0 ? uses.started.length : other;
}

function targetOf(
  { target }: OperationState,
  opened: ReadonlyMap<OperationState, Session>,
): Session | undefined {
  const operation = target?.exec.operation ?? null;
  return operation === null ? undefined : opened.get(operation);
}

function goById(uses: ProcessUses, write: OperationState): void {
  const ofThread = usesOfThread(uses, write.call.thread);
  const session = latestBefore(ofThread.started, write);
  if (session !== undefined) {
    addWrite(session, write);
    return;
  }
  const before = startedBefore(uses.started, write);
  if (before === 0) ofThread.strays.push(write);
  else if (before <= uses.alone) addWrite(uses.started[before - 1], write);
}

/** Which has been called when a write is: what starts later with the same id is another process. */
function startedBefore(started: readonly Session[], write: OperationState): number {
  return countFirst(started, ({ opener }) => calledSeq(opener) < calledSeq(write));
}

function latestBefore(started: readonly Session[], write: OperationState): Session | undefined {
  return started[startedBefore(started, write) - 1];
}

function addWrite(session: Session | undefined, operation: OperationState): void {
  const evidence = operation.named?.evidence ?? operation.target?.evidence;
  if (session !== undefined && evidence !== undefined) session.writes.push({ operation, evidence });
}

function* openedByWrites(processes: ReadonlyMap<string, ProcessUses>): Generator<Session, void> {
  for (const [processId, { byThread }] of processes) {
    for (const { strays } of byThread.values()) {
      const opener = firstConfirmed(strays);
      if (opener === undefined) continue;
      const session: Session = { processId, opener, writes: [] };
      for (const write of strays) if (write !== opener) addWrite(session, write);
      yield session;
    }
  }
}

function firstConfirmed(strays: readonly OperationState[]): OperationState | undefined {
  let first: OperationState | undefined;
  for (const write of strays) {
    if (write.named === null || write.named.confirmed === null) continue;
    const known = first?.named ?? null;
    if (known === null || seqOf(write.named.evidence) < seqOf(known.evidence)) first = write;
  }
  return first;
}

function conflictOf(write: OperationState, target: Session): TargetConflict {
  const evidence = [write.named?.evidence, write.target?.evidence, target.opener.named?.evidence];
  return {
    write,
    // It shows once the last of the three facts is known.
    seq: Math.max(...evidence.map((each) => (each === undefined ? 0 : seqOf(each)))),
    processIds: [write.named?.id ?? "", target.processId],
  };
}

function calledSeq({ call }: OperationState): number {
  return call.draft.execution.started_seq;
}

function seqOf({ seqs }: Evidence): number {
  return seqs[0] ?? 0;
}
