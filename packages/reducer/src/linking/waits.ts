/**
 * Waits of cells. A wait is told of by the runtime (`code_cell_wait_*`), by a tool call, or by both; the two meet by the
 * model-visible call id in their thread, whichever comes first.
 */
import type { CodeCellWaitStarted } from "@rollout-trace/protocol";
import type { CellWait } from "../graph/code-cell.ts";
import { appended, replaced, startedAt } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState, ToolCallState, WaitState } from "../state/call-state.ts";
import type { ThreadState } from "../state/thread-state.ts";

/** The runtime says that a wait began. `thread` is that of its event. */
export function startWait(reduction: Reduction, thread: ThreadState, payload: CodeCellWaitStarted): void {
  const { wait_id: waitId, runtime_cell_id: runtimeCellId, mode } = payload;
  const callId = payload.model_visible_call_id ?? null;
  const call = callId === null ? undefined : thread.waitCallsByCall.get(callId);
  const cell = thread.cells.get(runtimeCellId) ?? null;
  let wait = call?.wait ?? null;
  if (wait === null || wait.observed || wait.cell !== cell) {
    wait = addWait(reduction, cell, {
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
  if (cell !== null && terminates && cell.draft.execution.status === "running") {
    cell.askedToEnd ??= {
      ...reduction.moment,
      cause: "model",
      limit: null,
      model_visible_call_id: callId,
    };
    reduction.touch(cell.draft);
  }
  if (callId !== null) {
    thread.waitCallsByCall.set(callId, call);
    const observed = thread.waitsByCall.get(callId);
    if (observed !== undefined && waitOf(observed)?.tool_call_id === null) {
      join(reduction, call, observed);
      return;
    }
  }
  if (cell === null || runtimeCellId === null) return;
  const wait = addWait(reduction, cell, {
    runtimeCellId,
    wait: emptyWait(reduction, { toolCallId: draft.tool_call_id, callId }),
  });
  join(reduction, call, wait);
}

export function changeWait({ cell, index }: WaitState, change: Partial<CellWait>): void {
  const wait = cell?.draft.waits[index];
  if (cell !== null && wait !== undefined) {
    cell.draft.waits = replaced(cell.draft.waits, index, { ...wait, ...change });
  }
}

export function waitOf({ cell, index }: WaitState): CellWait | undefined {
  return cell?.draft.waits[index];
}

function join(reduction: Reduction, call: ToolCallState, wait: WaitState): void {
  call.wait = wait;
  if (wait.cell === null) return;
  call.draft.code_cell_id = wait.cell.draft.code_cell_id;
  changeWait(wait, {
    tool_call_id: call.draft.tool_call_id,
    model_visible_call_id: call.draft.model_visible_call_id,
  });
  reduction.touch(call.draft);
  reduction.touch(wait.cell.draft);
}

function addWait(
  reduction: Reduction,
  cell: CellState | null,
  { runtimeCellId, wait }: { runtimeCellId: string; wait: CellWait },
): WaitState {
  const index = cell === null ? -1 : cell.draft.waits.length;
  if (cell !== null) {
    cell.draft.waits = appended(cell.draft.waits, wait);
    reduction.touch(cell.draft);
  }
  return { cell, index, runtimeCellId, observed: false };
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
