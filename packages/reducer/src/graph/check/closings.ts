/** What was closed with something else was in that, and ended when that did. */
import type { Anchor, ExecutionEndCause, ExecutionWindow } from "../base.ts";
import type { ToolCall } from "../tool-call.ts";
import { cellOf } from "./links.ts";
import type { ObjectOf } from "./names.ts";
import type { Check } from "./violations.ts";
import type { Windowed } from "./windows.ts";

type ClosingCause = Extract<ExecutionEndCause, `${"cell" | "turn" | "thread"}_ended`>;
type Closer<Type extends Windowed> = (object: ObjectOf<Type>, check: Check) => ExecutionWindow | undefined;

const inTurn = (of: { readonly turn_id: string | null }, check: Check): ExecutionWindow | undefined =>
  check.get("turn", of.turn_id)?.execution;

/** Where a cell's end was recorded before its start, the cell ended as soon as it began, and its calls when that was. */
const inCell = (call: ToolCall, check: Check): ExecutionWindow | undefined => {
  const { execution } = check.get("code_cell", cellOf(call)) ?? {};
  const isEndedLate = execution !== undefined && execution.ended_seq === execution.started_seq;
  return isEndedLate ? { ...execution, ended_seq: call.execution.ended_seq } : execution;
};

/** A thread may have been resumed since it closed something. */
const inThread = (
  of: { readonly thread_id: string | null; readonly execution: ExecutionWindow },
  check: Check,
): ExecutionWindow | undefined => {
  const { execution } = check.get("thread", of.thread_id) ?? {};
  const { ended_seq: ended } = of.execution;
  const isLater =
    execution !== undefined && (execution.ended_seq ?? Number.POSITIVE_INFINITY) >= (ended ?? 0);
  return isLater ? { ...execution, ended_seq: ended } : execution;
};

/** What is told of in a thread that had ended, ended as soon as it began. */
const inAnyThread = (
  of: { readonly thread_id: string | null; readonly execution: ExecutionWindow },
  check: Check,
): ExecutionWindow | undefined =>
  check.get("thread", of.thread_id) === undefined ? undefined : of.execution;

/** An operation that does not end by itself ends with its call, and as that does. */
const withCall =
  (cause: ClosingCause): Closer<"terminal_operation"> =>
  ({ tool_call_id: id }, check) => {
    const execution = check.get("tool_call", id)?.execution;
    return execution?.end_cause === cause ? execution : undefined;
  };

/** By what each kind may have been closed, beside the end of the rollout or of its recording. */
const CLOSERS: {
  readonly [Type in Windowed]: { readonly [Cause in ClosingCause]?: Closer<Type> };
} = {
  thread: {},
  turn: { thread_ended: inThread },
  inference_call: { turn_ended: inTurn, thread_ended: inThread },
  tool_call: {
    cell_ended: inCell,
    turn_ended: inTurn,
    thread_ended: inThread,
  },
  code_cell: { turn_ended: inTurn, thread_ended: inThread },
  terminal_session: { thread_ended: inAnyThread },
  terminal_operation: {
    cell_ended: withCall("cell_ended"),
    turn_ended: withCall("turn_ended"),
    thread_ended: withCall("thread_ended"),
  },
  compaction_request: {},
  span: {},
};

export function checkClosings(check: Check): void {
  const checkEnding = endingOf(check);
  for (const type of Object.keys(CLOSERS) as Windowed[]) {
    checkType(check, type);
    for (const [id, { execution }] of check.each(type)) checkEnding({ type, id }, execution);
  }
  for (const [id, { waits }] of check.each("code_cell")) {
    for (const { execution } of waits) checkEnding({ type: "code_cell", id }, execution);
  }
}

/** What the end of the rollout, or of its recording, has closed was aborted by then, and by the same of the two. */
function endingOf(check: Check): (object: Anchor, window: ExecutionWindow) => void {
  const { status, ended_at_us: over } = check.graph;
  const ending = new Set<ExecutionEndCause>(status === "aborted" ? ROLLOUT_CAUSES : ["rollout_ended"]);
  return (object, { end_cause: cause, status: left, ended_at_us: ended }) => {
    if (cause === null || !ROLLOUT_CAUSES.includes(cause)) return;
    check.holds(object, status !== "running", `it was closed by ${cause} in a rollout that is running`);
    check.holds(object, (ended ?? 0) >= (over ?? 0), `it was closed by ${cause} before that`);
    check.holds(object, left === "aborted", `it was closed by ${cause}, and is ${left}`);
    check.holds(object, ending.has(cause), `it was closed by ${cause}, which did not end the rollout`);
    for (const other of ROLLOUT_CAUSES) if (other !== cause) ending.delete(other);
  };
}

const ROLLOUT_CAUSES: readonly ExecutionEndCause[] = ["rollout_ended", "recording_stopped"];

function checkType<Type extends Windowed>(check: Check, type: Type): void {
  const closers: { readonly [Cause in ClosingCause]?: Closer<Type> } = CLOSERS[type];
  for (const [id, object] of check.each(type)) {
    const { end_cause: cause, ended_seq: ended } = object.execution;
    if (cause === null || cause === "observed" || cause === "rollout_ended" || cause === "recording_stopped")
      continue;
    const closer = closers[cause]?.(object, check);
    check.holds(
      { type, id },
      closer !== undefined && closer.ended_seq === ended,
      `it was closed by ${cause}, and was in nothing that ended then`,
    );
  }
}
