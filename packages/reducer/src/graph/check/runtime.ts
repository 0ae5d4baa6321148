/** Cells with their waits and notifications, and terminals with what the model saw of them. */
import type { CellStatus, ExecutionStatus } from "@rollout-trace/protocol";
import { plainText } from "../../conversation/normal-item.ts";
import { textKey } from "../../conversation/text-key.ts";
import { type CodeCell, type CellWait, WAIT_STATUS } from "../code-cell.ts";
import type { TerminalObservation, TerminalOperation } from "../terminal.ts";
import type { ToolCall } from "../tool-call.ts";
import { cellOf } from "./links.ts";
import { mayBeOutput } from "./sight.ts";
import { type Check, isEachOnce, isSameList } from "./violations.ts";

/** What the runtime says of a cell that has ended. */
const RUNTIME_STATUS: { readonly [Status in Exclude<ExecutionStatus, "running">]: CellStatus } = {
  completed: "completed",
  failed: "failed",
  cancelled: "terminated",
  aborted: "terminated",
};

export function checkRuntime(check: Check): void {
  for (const [id, cell] of check.each("code_cell")) checkCell(check, id, cell);
  for (const [id, session] of check.each("terminal_session")) {
    const object = { type: "terminal_session", id } as const;
    const creator = check.get("terminal_operation", session.created_by_operation_id);
    const call = check.get("tool_call", creator?.tool_call_id);
    check.holds(
      object,
      session.operation_ids[0] === session.created_by_operation_id,
      "its first operation is not the one that created it",
    );
    check.holds(
      object,
      call === undefined || call.thread_id === session.thread_id,
      "it was created in another thread",
    );
    check.holds(
      object,
      creator === undefined || creator.execution.started_seq === session.execution.started_seq,
      "it did not begin with the operation that created it",
    );
  }
  for (const [id, operation] of check.each("terminal_operation")) checkOperation(check, id, operation);
}

function checkCell(check: Check, id: string, cell: CodeCell): void {
  const object = { type: "code_cell", id } as const;
  const { waits, yields, initial_response: first } = cell;
  const yielded = new Set(yields.map(({ wait_id }) => wait_id));
  const observers = new Set<string | null>(first?.status === "yielded" ? [null] : []);
  for (const { wait_id, outcome } of waits)
    if (wait_id !== null && outcome === "yielded") observers.add(wait_id);
  check.holds(
    object,
    yielded.size === observers.size && [...yielded].every((wait) => observers.has(wait)),
    "its yields are not those that its exec and its waits tell of",
  );
  const { status } = cell.execution;
  check.holds(
    object,
    status === "running" || cell.runtime_status === RUNTIME_STATUS[status],
    "its status and its runtime_status disagree",
  );
  for (const wait of waits) checkWait(check, id, wait);
  checkMoments(check, id, cell);
  checkNotifications(check, id, cell);
}

/** What is told of a cell is told of once, by an event that is evidence of it. */
function checkMoments(check: Check, id: string, cell: CodeCell): void {
  const object = { type: "code_cell", id } as const;
  const { evidence, waits, yields, notifications, initial_response: first, cancellation } = cell;
  const seqs = new Set(evidence.seqs);
  const ofWaits = waits.flatMap(({ execution }) => [execution.started_seq, execution.ended_seq]);
  const told = [first, cancellation, ...yields, ...notifications].map((each) => each?.seq ?? null);
  check.holds(
    object,
    [...told, ...ofWaits].every((seq) => seq === null || seqs.has(seq)),
    "an event that told of it is not in its evidence",
  );
  const isOnce =
    isEachOnce(yields.map(({ seq }) => seq)) &&
    isEachOnce(notifications.map(({ seq }) => seq)) &&
    isEachOnce(
      waits.map((wait) => JSON.stringify([wait.wait_id, wait.tool_call_id, wait.execution.started_seq])),
    );
  check.holds(object, isOnce, "it has a wait, a yield or a notification twice");
}

/** Each is shown by an output of its cell, or by none that has its text. */
function checkNotifications(check: Check, cellId: string, cell: CodeCell): void {
  if (cell.notifications.length === 0) return;
  const object = { type: "code_cell", id: cellId } as const;
  const outputs = new Set<string | null>(cell.output_item_ids);
  for (const { output_item_id: id } of cell.notifications) {
    check.holds(
      object,
      id === null || outputs.delete(id),
      `it notified in item ${JSON.stringify(id)}, which is no output of it or another notification`,
    );
  }
  const texts = new Set(
    [...outputs].map((id) => textKey(plainText(check.get("conversation_item", id)?.body.parts ?? []))),
  );
  for (const { output_item_id: id, text } of cell.notifications)
    check.holds(
      object,
      id !== null || !texts.has(textKey(text)),
      `its notification ${JSON.stringify(text)} has an item`,
    );
}

function checkWait(check: Check, cellId: string, wait: CellWait): void {
  const object = { type: "code_cell", id: cellId } as const;
  const { outcome, execution } = wait;
  const { status, end_cause: cause } = execution;
  const isOfOutcome =
    outcome === null ? cause !== "observed" : cause === "observed" && status === WAIT_STATUS[outcome];
  check.holds(object, wait.wait_id === null || isOfOutcome, "the status and the outcome of a wait disagree");
  const call = check.get("tool_call", wait.tool_call_id);
  if (call === undefined) return;
  check.holds(
    object,
    call.model_visible_call_id === wait.model_visible_call_id,
    `a wait has another call id than its call ${JSON.stringify(wait.tool_call_id)}`,
  );
  const { started_seq, ended_seq } = call.execution;
  check.holds(
    object,
    wait.wait_id !== null ||
      (execution.started_seq === started_seq &&
        execution.ended_seq === ended_seq &&
        status === call.execution.status),
    `a wait does not last as long as its call ${JSON.stringify(wait.tool_call_id)}, which is all that tells of it`,
  );
}

function checkOperation(check: Check, id: string, operation: TerminalOperation): void {
  const object = { type: "terminal_operation", id } as const;
  check.holds(object, operation.kind === operation.request.type, "its request is of another kind");
  const call = check.get("tool_call", operation.tool_call_id);
  if (call === undefined) return;
  check.holds(
    object,
    call.visibility.seen_by_model === operation.observed_by.length > 0,
    "observed_by does not say what its call's visibility does",
  );
  for (const observation of operation.observed_by) {
    const isDirect = observation.source === "direct";
    check.holds(
      object,
      isDirect ? hasShown(check, call, observation) : hasReturned(check, cellOf(call), observation),
      `no ${isDirect ? "call" : "cell"} that it is observed by has these items`,
    );
  }
}

/**
 * Whether a call has these outputs among its own: a model need not have been shown all of them, nor what was rewritten since. The
 * first may be its item, where that says what came of it.
 */
function hasShown(check: Check, call: ToolCall, seen: TerminalObservation): boolean {
  const { call_item_ids: asked, output_item_ids: shown } = seen;
  const [first] = shown;
  const isOwn = first !== undefined && mayBeOutput(check.get("conversation_item", first));
  let found = isOwn && call.call_item_ids.includes(first) ? 1 : 0;
  for (const id of call.output_item_ids) if (id === shown[found]) found += 1;
  return shown.length > 0 && found === shown.length && isSameList(asked, call.call_item_ids.slice(0, 1));
}

/** Whether it is one output of a cell, returned by its exec, by a wait, or where no call of its is recorded by the cell. */
function hasReturned(check: Check, cellId: string | null, seen: TerminalObservation): boolean {
  const cell = check.get("code_cell", cellId);
  const [outputId, ...others] = seen.output_item_ids;
  const output = check.get("conversation_item", outputId ?? null);
  if (cell === undefined || output === undefined || others.length > 0) return false;
  const askedIn = output.produced_by.flatMap((producer) => {
    if (producer.type === "code_cell") return producer.code_cell_id === cellId ? [cell.source_item_id] : [];
    const call = producer.type === "tool" ? check.get("tool_call", producer.tool_call_id) : undefined;
    return call?.code_cell_id === cellId ? [call.call_item_ids[0] ?? null] : [];
  });
  if (askedIn.some((id) => isSameList(seen.call_item_ids, id === null ? [] : [id]))) return true;
  // An item that asked may say itself what came of it.
  const [asking] = seen.call_item_ids.map((id) => check.get("conversation_item", id));
  const isOfItself = asking?.thread_id === output.thread_id && asking.call_id === output.call_id;
  return mayBeOutput(output) && isOfItself && output.thread_id === cell.thread_id;
}
