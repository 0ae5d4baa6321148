/** Finished waits: those that the runtime tells of, and those that only a tool call tells of. */
import type { CellState, ToolCallState } from "../state/call-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { eachEntry } from "../state/several.ts";
import type { CellCancellation, CellWait, CodeCell } from "./code-cell.ts";
import { joinedEvidence, type NamingOrder, type Unshared } from "./draft.ts";
import type { ToolCall } from "./tool-call.ts";

/** The calls that waited for a cell. */
export function waitingCalls(state: ReducerState, cell: CellState): readonly ToolCallState[] {
  const observed = cell.draft.waits.flatMap(({ wait_id: waitId, tool_call_id: id }) => {
    const call = waitId === null || id === null ? undefined : state.toolCalls.byId.get(id);
    return call === undefined ? [] : [call];
  });
  return [...observed, ...askingCalls(cell)];
}

/** The calls whose arguments alone say that they waited for a cell. */
function askingCalls(cell: CellState): readonly ToolCallState[] {
  return eachEntry(cell.askedBy).filter(({ wait }) => wait === null);
}

/** Gives a call of whose wait the runtime does not tell the cell that its arguments name. */
export function addAskedCell(built: Unshared<ToolCall>, { wait, asks }: ToolCallState): void {
  if (wait !== null || asks === null || asks.cell === null) return;
  const { draft, madeSeq, madePayloads } = asks.cell;
  built.code_cell_id = draft.code_cell_id;
  if (madeSeq > built.execution.started_seq)
    built.evidence = joinedEvidence([built.evidence, { seqs: [madeSeq], payload_ids: madePayloads }]);
}

/** Gives a cell the waits that only a tool call tells of, and the cancellation that only one asked for. */
export function addAskedWaits(
  built: Unshared<CodeCell>,
  { state, cell, inNamingOrder }: { state: ReducerState; cell: CellState; inNamingOrder: NamingOrder },
): void {
  if (built.waits.length === 0 && cell.askedBy === null) return;
  const toEnd = askedToEnd(state, cell);
  const asking = askingCalls(cell);
  const wasTerminated = built.runtime_status === "terminated";
  if (wasTerminated) built.cancellation ??= toEnd;
  if (asking.length === 0) return;
  const waits = asking.map((call): CellWait => {
    const { tool_call_id, model_visible_call_id, execution } = call.draft;
    return {
      wait_id: null,
      tool_call_id,
      model_visible_call_id,
      mode: null,
      // It lasts as long as the call.
      execution,
      outcome: wasTerminated && toEnd !== null && toEnd === call.asks?.toEnd ? "terminated" : null,
      payload_id: null,
    };
  });
  built.waits = [...built.waits, ...waits].toSorted(
    (left, right) => left.execution.started_seq - right.execution.started_seq,
  );
  const made = asking.map(({ draft: { execution }, madeSeq, madePayloads }) => ({
    seqs: [madeSeq, execution.ended_seq ?? madeSeq],
    payload_ids: madePayloads,
  }));
  const { seqs, payload_ids } = joinedEvidence([built.evidence, ...made]);
  built.evidence = { seqs, payload_ids: inNamingOrder(payload_ids) };
}

/** What the first call asked that asked for the end of a cell while that ran. */
function askedToEnd(state: ReducerState, cell: CellState): CellCancellation | null {
  const { ended_seq: endedSeq } = cell.draft.execution;
  let first: CellCancellation | null = null;
  for (const { asks } of waitingCalls(state, cell)) {
    const toEnd = asks?.toEnd ?? null;
    if (toEnd === null || (endedSeq !== null && endedSeq < toEnd.seq)) continue;
    if (first === null || toEnd.seq < first.seq) first = toEnd;
  }
  return first;
}
