/**
 * Waits of cells. A wait is told of by the runtime (`code_cell_wait_*`), by a tool call, or by both; the two meet by the
 * model-visible call id in their thread, whichever comes first. Both may be recorded before their cell.
 */
import type { CodeCellWaitStarted } from "@rollout-trace/protocol";
import type { CellCancellation, CellWait } from "../graph/code-cell.ts";
import { appended, replaced, startedAt } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState, ToolCallState, WaitState } from "../state/call-state.ts";
import { enqueue } from "../state/queues.ts";
import type { ThreadState } from "../state/thread-state.ts";

/** The runtime says that a wait began. `thread` is that of its event. */
export function startWait(reduction: Reduction, thread: ThreadState, payload: CodeCellWaitStarted): void {
  const { wait_id: waitId, runtime_cell_id: runtimeCellId, mode } = payload;
  const callId = payload.model_visible_call_id ?? null;
  const call = callId === null ? undefined : thread.waitCallsByCall.get(callId);
  const cell = thread.cells.get(runtimeCellId) ?? null;
  let wait = call?.wait ?? null;
  if (wait === null || wait.observed || wait.cell !== cell || wait.runtimeCellId !== runtimeCellId) {
    wait = addWait(reduction, thread, {
      runtimeCellId,
      wait: emptyWait(reduction, { toolCallId: null, callId }),
    });
  }
  wait.observed = true;
  thread.waits.set(waitId, wait);
  changeWait(wait, { wait_id: waitId, mode, execution: startedAt(reduction.moment) });
  if (callId !== null) thread.waitsByCall.set(callId, wait);
  if (call !== undefined) join(reduction, call, wait);
}

/** What the arguments of a wait call say, where they can be read. */
export interface WaitArguments {
  readonly runtimeCellId: string | null;
  /** Whether it asks for the end of the cell. */
  readonly terminates: boolean;
}

/** A tool call asks for a wait. */
export function joinWaitCall(reduction: Reduction, call: ToolCallState, input: WaitArguments): void {
  const { runtimeCellId, terminates } = input;
  const { thread, draft } = call;
  if (thread === null) return;
  const callId = draft.model_visible_call_id;
  const cell = runtimeCellId === null ? null : (thread.cells.get(runtimeCellId) ?? null);
  const asked: CellCancellation | null = terminates
    ? { ...reduction.moment, cause: "model", limit: null, model_visible_call_id: callId }
    : null;
  if (asked !== null && cell?.draft.execution.status === "running") {
    cell.askedToEnd ??= asked;
    reduction.touch(cell.draft);
  }
  if (callId !== null) {
    thread.waitCallsByCall.set(callId, call);
    const observed = thread.waitsByCall.get(callId);
    if (observed !== undefined && waitOf(observed)?.tool_call_id === null) {
      join(reduction, call, observed);
      if (observed.cell === null) observed.askedToEnd = asked;
      return;
    }
  }
  if (runtimeCellId === null) return;
  const wait = addWait(reduction, thread, {
    runtimeCellId,
    wait: emptyWait(reduction, { toolCallId: draft.tool_call_id, callId }),
  });
  join(reduction, call, wait);
  if (cell === null) wait.askedToEnd = asked;
}

/** Gives a cell that has just started the waits that were recorded before it. */
export function adoptWaits(reduction: Reduction, thread: ThreadState, cell: CellState): void {
  const { runtime_cell_id: runtimeCellId } = cell.draft;
  const waits = thread.earlyWaits?.get(runtimeCellId) ?? [];
  thread.earlyWaits?.delete(runtimeCellId);
  for (const wait of waits) adoptWait(reduction, wait, cell);
}

function adoptWait(reduction: Reduction, wait: WaitState, cell: CellState): void {
  const { early, observed } = wait;
  const id = early?.tool_call_id ?? null;
  const call = id === null ? undefined : reduction.state.toolCalls.byId.get(id);
  // Whoever waited and was answered that there is no such cell did not wait for one that started later.
  if (early === null || early.outcome === "missing") return;
  if (!observed && call?.draft.execution.status !== "running") return;
  place(wait, cell, early);
  reduction.addEvidence(cell.draft, early.execution.started_seq);
  cell.askedToEnd ??= wait.askedToEnd;
  if (call === undefined) return;
  call.draft.code_cell_id = cell.draft.code_cell_id;
  reduction.addOrigin(call.draft, cell);
  reduction.addOrigin(cell.draft, call);
}

export function changeWait(wait: WaitState, change: Partial<CellWait>): void {
  const { cell, index } = wait;
  const known = waitOf(wait);
  if (known === undefined) return;
  const changed = { ...known, ...change };
  if (cell === null) wait.early = changed;
  else cell.draft.waits = replaced(cell.draft.waits, index, changed);
}

export function waitOf({ cell, index, early }: WaitState): CellWait | undefined {
  return cell === null ? (early ?? undefined) : cell.draft.waits[index];
}

function join(reduction: Reduction, call: ToolCallState, wait: WaitState): void {
  call.wait = wait;
  changeWait(wait, {
    tool_call_id: call.draft.tool_call_id,
    model_visible_call_id: call.draft.model_visible_call_id,
  });
  if (wait.cell === null) return;
  call.draft.code_cell_id = wait.cell.draft.code_cell_id;
  reduction.touch(call.draft);
  reduction.touch(wait.cell.draft);
}

function addWait(
  reduction: Reduction,
  thread: ThreadState,
  { runtimeCellId, wait: early }: { runtimeCellId: string; wait: CellWait },
): WaitState {
  const cell = thread.cells.get(runtimeCellId);
  const wait: WaitState = {
    cell: null,
    index: -1,
    early,
    askedToEnd: null,
    runtimeCellId,
    observed: false,
  };
  if (cell === undefined) {
    enqueue((thread.earlyWaits ??= new Map()), runtimeCellId, wait);
    return wait;
  }
  place(wait, cell, early);
  reduction.touch(cell.draft);
  return wait;
}

/** Puts a wait where it belongs. */
function place(wait: WaitState, cell: CellState, early: CellWait): void {
  wait.cell = cell;
  wait.index = cell.draft.waits.length;
  wait.early = null;
  cell.draft.waits = appended(cell.draft.waits, early);
}

function emptyWait(
  reduction: Reduction,
  { toolCallId, callId }: { toolCallId: string | null; callId: string | null },
): CellWait {
  return {
    wait_id: null,
    tool_call_id: toolCallId,
    model_visible_call_id: callId,
    mode: null,
    execution: startedAt(reduction.moment),
    outcome: null,
    payload_id: null,
  };
}
