/** Windows are in order, and what began in something ends with it. */
import type { Anchor, ExecutionWindow } from "../base.ts";
import type { TerminalOperation } from "../terminal.ts";
import { cellOf } from "./links.ts";
import type { ObjectOf, ObjectType } from "./names.ts";
import type { Check } from "./violations.ts";

export type Windowed = {
  [Type in ObjectType]: ObjectOf<Type> extends { readonly execution: ExecutionWindow } ? Type : never;
}[ObjectType];

/** Every kind that has a window: one that is left out does not compile. */
const WINDOWED: { readonly [Type in Windowed]: true } = {
  thread: true,
  turn: true,
  inference_call: true,
  tool_call: true,
  code_cell: true,
  terminal_session: true,
  terminal_operation: true,
  compaction_request: true,
  span: true,
};

type Nesting = (check: Check) => void;

/** What began no sooner than what it is in. A cell may be told of after its nested calls, and a call after its operation. */
const BEGINNINGS: readonly Nesting[] = [
  beginning("turn", "thread", (turn) => turn.thread_id),
  beginning("inference_call", "turn", (call) => call.turn_id),
  beginning("inference_call", "thread", (call) => call.thread_id),
  beginning("tool_call", "turn", (call) => call.turn_id),
  beginning("tool_call", "thread", (call) => call.thread_id),
  beginning("code_cell", "turn", (cell) => cell.turn_id),
  beginning("code_cell", "thread", (cell) => cell.thread_id),
  beginning("compaction_request", "turn", (request) => request.turn_id),
  beginning("compaction_request", "thread", (request) => request.thread_id),
  beginning("span", "turn", (span) => span.turn_id),
  beginning("span", "thread", (span) => span.thread_id),
];

/**
 * What is closed by the end of what. A turn that completed goes on in its calls and cells; a compaction request and a wait are
 * closed by their own ends only, and a span has times of its own.
 */
const NESTINGS: readonly Nesting[] = [
  nesting("turn", "thread", (turn) => turn.thread_id),
  nesting("inference_call", "turn", (call) => call.turn_id),
  nesting("inference_call", "thread", (call) => call.thread_id),
  nesting("tool_call", "code_cell", cellOf),
  nesting("tool_call", "turn", (call, check) =>
    cellOf(call) === null ? interrupted(check, call.turn_id) : null,
  ),
  nesting("tool_call", "thread", (call) => call.thread_id),
  nesting("code_cell", "turn", (cell, check) => interrupted(check, cell.turn_id)),
  nesting("code_cell", "thread", (cell) => cell.thread_id),
  nesting("terminal_session", "thread", (session) => session.thread_id),
  nesting("terminal_operation", "tool_call", callOf),
];

export function checkWindows(check: Check): void {
  for (const type of Object.keys(WINDOWED) as Windowed[]) {
    for (const [id, { execution, evidence }] of check.each(type)) {
      const object = { type, id };
      checkWindow(check, object, execution);
      // What is told of a command late may have begun, or ended, with its call; that evidence is the call's.
      if (type === "terminal_session" || type === "terminal_operation") continue;
      const { started_seq: started, ended_seq: ended } = execution;
      const has = (seq: number): boolean => evidence.seqs.includes(seq);
      check.holds(
        object,
        has(started) && (ended === null || has(ended)),
        "its window is not in its evidence",
      );
    }
  }
  for (const [id, cell] of check.each("code_cell")) {
    for (const wait of cell.waits) checkWindow(check, { type: "code_cell", id }, wait.execution);
  }
  for (const each of [...BEGINNINGS, ...NESTINGS]) each(check);
  const { rollout_id: id, status, ended_at_us: ended } = check.graph;
  const rollout = { type: "rollout", id: id ?? "" } as const;
  check.holds(rollout, (status === "running") === (ended === null), "status and ended_at_us disagree");
}

/** A turn, unless it completed. */
function interrupted(check: Check, turnId: string | null): string | null {
  return check.get("turn", turnId)?.execution.status === "completed" ? null : turnId;
}

/** The call of an operation, unless that was only closed and the operation's own end is known. */
function callOf({ tool_call_id: callId, execution }: TerminalOperation, check: Check): string | null {
  const isClosed = check.get("tool_call", callId)?.execution.end_cause !== "observed";
  return isClosed && execution.end_cause === "observed" ? null : callId;
}

function checkWindow(check: Check, object: Anchor, window: ExecutionWindow): void {
  const { status, started_seq, ended_seq, started_at_us, ended_at_us, end_cause } = window;
  const isRunning = status === "running";
  check.holds(object, isRunning === (ended_seq === null), "status and ended_seq disagree");
  check.holds(object, isRunning === (ended_at_us === null), "status and ended_at_us disagree");
  check.holds(object, isRunning === (end_cause === null), "status and end_cause disagree");
  check.holds(object, (ended_seq ?? started_seq) >= started_seq, "it ended before it started");
  check.holds(
    object,
    (ended_at_us ?? started_at_us) >= started_at_us,
    "it ended at a time before it started",
  );
  check.holds(
    object,
    !isRunning || check.graph.status === "running",
    "it is running in a rollout that is over",
  );
}

function beginning<Inner extends Windowed>(
  type: Inner,
  outerType: Windowed,
  outerOf: (object: ObjectOf<Inner>) => string | null,
): Nesting {
  return (check) => {
    for (const [id, inner] of check.each(type)) {
      const outerId = outerOf(inner);
      const outer = check.get(outerType, outerId);
      check.holds(
        { type, id },
        outer === undefined || outer.execution.started_seq <= inner.execution.started_seq,
        `it began before ${outerType} ${JSON.stringify(outerId)}, which it is in`,
      );
    }
  };
}

function nesting<Inner extends Windowed>(
  type: Inner,
  outerType: Windowed,
  outerOf: (object: ObjectOf<Inner>, check: Check) => string | null,
): Nesting {
  return (check) => {
    for (const [id, inner] of check.each(type)) {
      const outerId = outerOf(inner, check);
      const outer = check.get(outerType, outerId);
      check.holds(
        { type, id },
        outer === undefined || endsWith(inner.execution, outer.execution),
        `it began in ${outerType} ${JSON.stringify(outerId)} and ended after it`,
      );
    }
  };
}

/** What began inside something ends inside it, unless that is only known to have been over when the rollout was. */
function endsWith(inner: ExecutionWindow, outer: ExecutionWindow): boolean {
  if (outer.ended_seq === null) return true;
  if (outer.end_cause === "rollout_ended" || outer.end_cause === "recording_stopped") return true;
  if (inner.started_seq < outer.started_seq || inner.started_seq > outer.ended_seq) return true;
  return (inner.ended_seq ?? Number.POSITIVE_INFINITY) <= outer.ended_seq;
}
