/**
 * Ends: by an object's own event, or because what it ran in has ended.
 *
 * Whatever has ended keeps its first end; an own end that comes later adds its evidence and nothing else. An end that says
 * `running` ends nothing.
 */
import type { ExecutionStatus, FinalCellStatus } from "@rollout-trace/protocol";
import type { Anchor, ExecutionEndCause, ExecutionWindow } from "../graph/base.ts";
import { endedAt } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState, InferenceState, ToolCallState } from "../state/call-state.ts";
import { eachMember, withoutMember } from "../state/members.ts";
import { type Inside, leave, type ThreadState, type TurnState } from "../state/thread-state.ts";

/** What an end event says of how something ended. */
export type EndStatus = Exclude<ExecutionStatus, "running">;

export function isEnd(status: ExecutionStatus): status is EndStatus {
  return status !== "running";
}

export interface End {
  readonly status: EndStatus;
  readonly cause: ExecutionEndCause;
}

/** How a cell's own status reads as that of an execution. */
const CELL_EXECUTION_STATUS: { readonly [Status in FinalCellStatus]: EndStatus } = {
  completed: "completed",
  failed: "failed",
  terminated: "cancelled",
};

/**
 * Whether an own end may be applied. One that comes after the object was closed by something else is late and fine; one after
 * an own end is a `duplicate_end`.
 */
export function mayEnd(reduction: Reduction, execution: ExecutionWindow, object: Anchor): boolean {
  if (execution.status === "running") return true;
  if (execution.end_cause === "observed") {
    reduction.diagnose(
      "duplicate_end",
      `${object.type} ${JSON.stringify(object.id)} ended again; it had ended ${execution.status} at event ${execution.ended_seq}`,
      object,
    );
  }
  return false;
}

/** Ends a call, however that comes about, and with it its terminal operation. */
export function endToolCall(reduction: Reduction, call: ToolCallState, end: End): void {
  const { draft, operation, parentCell } = call;
  draft.execution = endedAt(draft.execution, reduction.moment, end);
  reduction.touch(draft);
  if (operation?.draft.execution.status === "running") {
    operation.draft.execution = withCall(operation.draft.execution, draft.execution, end);
    reduction.touch(operation.draft);
  }
  if (parentCell !== null) parentCell.openNested = withoutMember(parentCell.openNested, call);
  leave(call.turn?.inside, "calls", call);
  leave(call.thread?.inside, "calls", call);
  reduction.state.toolCalls.close(call);
}

/**
 * An operation that ends with its call. What told of it may have come after the end, where that comes with a start that is recorded
 * late: then it ran while the call did.
 */
function withCall(operation: ExecutionWindow, call: ExecutionWindow, end: End): ExecutionWindow {
  const { ended_at_us: at_us, ended_seq: seq } = call;
  if (at_us === null || seq === null || operation.started_seq > seq) return call;
  return endedAt(operation, { at_us, seq }, end);
}

/** Ends a cell, and with it the nested calls that nobody waited for. */
export function endCell(
  reduction: Reduction,
  cell: CellState,
  end: { status: FinalCellStatus; cause: ExecutionEndCause },
): void {
  const { draft } = cell;
  draft.runtime_status = end.status;
  draft.execution = endedAt(draft.execution, reduction.moment, {
    status: CELL_EXECUTION_STATUS[end.status],
    cause: end.cause,
  });
  reduction.touch(draft);
  leave(cell.turn?.inside, "cells", cell);
  leave(cell.thread?.inside, "cells", cell);
  for (const call of eachMember(cell.openNested)) {
    endToolCall(reduction, call, { status: "cancelled", cause: "cell_ended" });
  }
}

export function endInference(reduction: Reduction, call: InferenceState, end: End): void {
  const { draft } = call;
  draft.execution = endedAt(draft.execution, reduction.moment, end);
  reduction.touch(draft);
  leave(call.turn.inside, "inference", call);
  leave(call.thread.inside, "inference", call);
  reduction.state.inferenceCalls.close(call);
}

/** Ends a turn; unless it completed, everything in it. A completed turn leaves its yielded cells and their calls alone. */
export function endTurn(reduction: Reduction, turn: TurnState, end: End): void {
  const { draft } = turn;
  draft.execution = endedAt(draft.execution, reduction.moment, end);
  reduction.touch(draft);
  const thread = reduction.state.threads.get(draft.thread_id);
  if (thread !== undefined) thread.openTurns = withoutMember(thread.openTurns, turn);
  reduction.state.turns.close(turn);
  const inside = { status: end.status === "failed" ? "failed" : "cancelled", cause: "turn_ended" } as const;
  if (end.status === "completed") {
    for (const call of eachMember(turn.inside.inference)) endInference(reduction, call, inside);
  } else {
    endInside(reduction, turn.inside, inside);
  }
}

/** Ends a thread and everything in it. */
export function endThread(reduction: Reduction, thread: ThreadState, end: End): void {
  thread.draft.execution = endedAt(thread.draft.execution, reduction.moment, end);
  reduction.touch(thread.draft);
  const status = end.status === "failed" ? "failed" : "cancelled";
  for (const turn of eachMember(thread.openTurns))
    endTurn(reduction, turn, { status: "aborted", cause: "thread_ended" });
  endInside(reduction, thread.inside, { status, cause: "thread_ended" });
}

function endInside(
  reduction: Reduction,
  inside: Inside,
  end: { status: "failed" | "cancelled"; cause: ExecutionEndCause },
): void {
  for (const cell of eachMember(inside.cells)) {
    const status = end.status === "failed" ? "failed" : "terminated";
    endCell(reduction, cell, { status, cause: end.cause });
  }
  for (const call of eachMember(inside.calls)) endToolCall(reduction, call, end);
  for (const call of eachMember(inside.inference)) endInference(reduction, call, end);
}
