/**
 * Waits of cells. A wait is told of by the runtime (`code_cell_wait_*`), by a tool call, or by both; the two meet by the
 * model-visible call id in their thread, whichever comes first. Both may be recorded before their cell.
 */
import type { CodeCellWaitStarted } from "@rollout-trace/protocol";
import { textKey } from "../conversation/text-key.ts";
import { quoted } from "../diagnostics.ts";
import type { CellWait } from "../graph/code-cell.ts";
import { appended, replaced, startedAt } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { AskedWait, CellState, ToolCallState, WaitState } from "../state/call-state.ts";
import { enqueue, shelve, takeSince } from "../state/queues.ts";
import { eachEntry, withEntry } from "../state/several.ts";
import type { ThreadState } from "../state/thread-state.ts";

/** The runtime says that a wait began. `thread` is that of its event. */
export function startWait(reduction: Reduction, thread: ThreadState, payload: CodeCellWaitStarted): void {
  const { wait_id: waitId, runtime_cell_id: runtimeCellId, mode } = payload;
  const callId = payload.model_visible_call_id ?? null;
  const call = callId === null ? undefined : waitingCall(thread, callId);
  const wait = addWait(reduction, thread, {
    runtimeCellId,
    wait: {
      wait_id: waitId,
      tool_call_id: null,
      model_visible_call_id: callId,
      mode,
      execution: startedAt(reduction.moment),
      outcome: null,
      payload_id: null,
    },
  });
  thread.waits.set(waitId, wait);
  if (callId === null) return;
  if (call !== undefined) joinOrRefuse(reduction, call, wait);
  else thread.waitsByCall.set(callId, withEntry(thread.waitsByCall.get(callId) ?? null, wait));
}

/** The call that a wait with this model-visible call id is of. One that has returned after its wait is over waits no more. */
function waitingCall(thread: ThreadState, callId: string): ToolCallState | undefined {
  const call = thread.waitCallsByCall.get(callId);
  if (call === undefined || call.wait === null || call.draft.execution.status === "running") return call;
  const { status } = waitOf(call.wait)?.execution ?? call.draft.execution;
  return status === "running" && call.wait.endsWithCell !== true ? call : undefined;
}

/** What the arguments of a wait call say, where they can be read. */
export interface WaitArguments {
  readonly runtimeCellId: string | null;
  /** Whether it asks for the end of the cell. */
  readonly terminates: boolean;
}

/** A tool call asks for a wait. Which cell it waited for is what the runtime says, where that tells of the wait. */
export function joinWaitCall(reduction: Reduction, call: ToolCallState, input: WaitArguments): void {
  const { runtimeCellId, terminates } = input;
  const { thread } = call;
  if (thread === null) return;
  const callId = call.draft.model_visible_call_id;
  const asks: AskedWait = {
    runtimeCellId,
    cell: null,
    toEnd: terminates
      ? { ...reduction.moment, cause: "model", limit: null, model_visible_call_id: callId }
      : null,
  };
  call.asks = asks;
  if (callId !== null) {
    thread.waitCallsByCall.set(callId, call);
    takeRefused(reduction, call, callId);
    const observed = thread.waitsByCall.get(callId) ?? null;
    thread.waitsByCall.delete(callId);
    for (const wait of eachEntry(observed)) joinOrRefuse(reduction, call, wait);
  }
  if (runtimeCellId === null || call.wait !== null) return;
  const cell = thread.cells.get(runtimeCellId);
  if (cell === undefined) enqueue((thread.earlyWaitCalls ??= new Map()), runtimeCellId, call);
  else askFor(cell, { call, asks });
}

/** Gives a cell that has just started the waits that were recorded before it. */
export function adoptWaits(reduction: Reduction, thread: ThreadState, cell: CellState): void {
  const { runtime_cell_id: runtimeCellId } = cell.draft;
  const waits = thread.earlyWaits?.get(runtimeCellId) ?? [];
  thread.earlyWaits?.delete(runtimeCellId);
  for (const wait of waits) {
    adoptWait(reduction, wait, cell);
    const callId = wait.isRefused === true ? waitOf(wait)?.model_visible_call_id : null;
    if (typeof callId === "string" && thread.refusedWaits !== undefined)
      shelve(thread.refusedWaits, cellKey(callId, wait), wait);
  }
  const calls = thread.earlyWaitCalls?.get(runtimeCellId) ?? [];
  thread.earlyWaitCalls?.delete(runtimeCellId);
  for (const call of calls) {
    // Whoever was answered before it started did not wait for it.
    if (call.asks !== null && call.draft.execution.status === "running")
      askFor(cell, { call, asks: call.asks });
  }
}

function askFor(cell: CellState, { call, asks }: { call: ToolCallState; asks: AskedWait }): void {
  asks.cell = cell;
  cell.askedBy = withEntry(cell.askedBy, call);
}

function adoptWait(reduction: Reduction, wait: WaitState, cell: CellState): void {
  const { early } = wait;
  // Whoever waited and was answered that there is no such cell did not wait for one that started later.
  if (early === null || early.outcome === "missing") return;
  const id = early.tool_call_id;
  const call = id === null ? undefined : reduction.state.toolCalls.byId.get(id);
  place(wait, cell, early);
  reduction.addEvidence(cell.draft, early.execution.started_seq);
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

/** One call waits, once or again, for one cell. A wait of another is of the next call with that id. */
function joinOrRefuse(reduction: Reduction, call: ToolCallState, wait: WaitState): void {
  const { thread, draft } = call;
  const known = latestOfCell(call);
  if (known === null || isOfSameCell(known, wait)) {
    join(reduction, call, wait);
    return;
  }
  const cells = [known, wait].map(({ runtimeCellId }) => quoted(runtimeCellId)).join(" and ");
  const id = draft.tool_call_id;
  reduction.diagnose("call_id_conflict", `call ${quoted(id)} waited for two cells: ${cells}`, {
    type: "tool_call",
    id,
  });
  const callId = draft.model_visible_call_id;
  if (thread === null || callId === null) return;
  wait.isRefused = true;
  const refused = (thread.refusedWaits ??= new Map());
  shelve(refused, anyKey(callId), wait);
  shelve(refused, cellKey(callId, wait), wait);
}

/**
 * Gives a call the waits that one before it with its id has refused: the first, and those that may follow. They are older than any that
 * no call has refused.
 */
function takeRefused(reduction: Reduction, call: ToolCallState, callId: string): void {
  const refused = call.thread?.refusedWaits;
  if (refused === undefined) return;
  for (;;) {
    const known = latestOfCell(call);
    // Looked for by its cell: all others may be left, and be left again.
    const key = known === null ? anyKey(callId) : cellKey(callId, known);
    const wait = takeSince(refused, key, call.wait?.madeSeq ?? 0);
    if (wait === undefined) return;
    join(reduction, call, wait);
  }
}

function anyKey(callId: string): string {
  return textKey(JSON.stringify([callId]));
}

function cellKey(callId: string, { cell, runtimeCellId }: WaitState): string {
  return textKey(JSON.stringify([callId, runtimeCellId, cell?.madeSeq ?? 0]));
}

function join(reduction: Reduction, call: ToolCallState, wait: WaitState): void {
  const { draft, asks } = call;
  wait.claimed = true;
  wait.before = call.wait;
  call.wait = wait;
  changeWait(wait, {
    tool_call_id: draft.tool_call_id,
    model_visible_call_id: draft.model_visible_call_id,
  });
  const asked = asks?.runtimeCellId ?? null;
  if (asked !== null && asked !== wait.runtimeCellId) {
    const id = quoted(draft.tool_call_id);
    const cells = `cell ${quoted(asked)}, and the runtime waited for cell ${quoted(wait.runtimeCellId)}`;
    reduction.diagnose("call_id_conflict", `call ${id} asks for ${cells}`, {
      type: "tool_call",
      id: draft.tool_call_id,
    });
  }
  if (wait.cell === null) return;
  draft.code_cell_id = wait.cell.draft.code_cell_id;
  reduction.touch(draft);
  reduction.addOrigin(wait.cell.draft, call);
}

/** The wait that says which cell a call waits for. One that was told that there is no such cell was of none. */
function latestOfCell({ wait: latest }: ToolCallState): WaitState | null {
  let wait = latest;
  while (wait !== null && wait.cell === null && wait.early?.outcome === "missing") wait = wait.before;
  // Those that were of none stay so, and there may be many.
  if (latest !== null && latest !== wait) latest.before = wait;
  return wait;
}

function isOfSameCell(known: WaitState, wait: WaitState): boolean {
  return known.cell === null ? known.runtimeCellId === wait.runtimeCellId : known.cell === wait.cell;
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
    runtimeCellId,
    madeSeq: reduction.moment.seq,
    claimed: false,
    before: null,
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
