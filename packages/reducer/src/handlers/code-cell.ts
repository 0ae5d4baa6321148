/** The runtime's view of exec, wait and cancel. */
import type { CodeCellEventPayload, CodeCellStarted, RawEvent } from "@rollout-trace/protocol";
import { type CellWait, WAIT_STATUS } from "../graph/code-cell.ts";
import { appended, endedAt, NONE, startedAt } from "../graph/draft.ts";
import { attachCell } from "../linking/call-slots.ts";
import { endCell, mayEnd } from "../linking/closing.ts";
import { addNotification } from "../linking/notifications.ts";
import { adoptWaits, changeWait, startWait, waitOf } from "../linking/waits.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState } from "../state/call-state.ts";
import { enter, type ThreadState, type TurnState } from "../state/thread-state.ts";
import type { Handlers } from "./handler.ts";
import { duplicateStart } from "./rollout.ts";
import { adopt } from "./tool-call.ts";

export const codeCellHandlers: Handlers<CodeCellEventPayload["type"]> = {
  code_cell_started(reduction, event) {
    const { runtime_cell_id: runtimeId } = event.payload;
    const { thread, turn } = reduction.place(event);
    if (thread === null) {
      noThread(reduction, event, { kind: "cell", id: runtimeId });
      return;
    }
    const known = thread.cells.get(runtimeId);
    if (known?.draft.execution.status === "running") {
      duplicateStart(reduction, event, { type: "code_cell", id: known.draft.code_cell_id });
      // What another call asked for is another cell: the end of the one before it is lost.
      if (known.draft.model_visible_call_id === event.payload.model_visible_call_id) return;
    }
    const cell = startCell(reduction, event.payload, { thread, turn });
    for (const call of thread.orphans.get(runtimeId) ?? []) adopt(reduction, cell, call);
    thread.orphans.delete(runtimeId);
    adoptWaits(reduction, thread, cell);
    for (const { execution, payload_id: payloadId } of cell.draft.waits) {
      const { ended_seq: ended } = execution;
      if (ended !== null) reduction.addEvidence(cell.draft, ended, payloadId === null ? NONE : [payloadId]);
    }
    for (const late of reduction.takeWaiting("code_cell", runtimeId, event.thread_id)) reduction.replay(late);
  },

  code_cell_initial_response(reduction, event) {
    const cell = find(reduction, event);
    if (cell === null) return;
    const { status, response } = event.payload;
    const { draft } = cell;
    const payloadId = reduction.payload(response);
    reduction.touch(draft);
    if (draft.initial_response !== null) return;
    draft.initial_response = { ...reduction.moment, status, payload_id: payloadId };
    if (draft.execution.status === "running") draft.runtime_status = status;
    if (status === "yielded") draft.yields = appended(draft.yields, { ...reduction.moment, wait_id: null });
  },

  code_cell_wait_started(reduction, event) {
    const { thread } = reduction.place(event);
    const { wait_id: waitId } = event.payload;
    if (thread === null) {
      noThread(reduction, event, { kind: "cell", id: event.payload.runtime_cell_id });
      return;
    }
    const known = thread.waits.get(waitId);
    if (known !== undefined && waitOf(known)?.execution.status === "running") {
      const what = `${event.payload.type}: wait ${JSON.stringify(waitId)} has started already`;
      const id = known.cell?.draft.code_cell_id;
      reduction.diagnose("duplicate_start", what, id === undefined ? null : { type: "code_cell", id });
      return;
    }
    startWait(reduction, thread, event.payload);
    for (const late of reduction.takeWaiting("wait", waitId, event.thread_id)) reduction.replay(late);
  },

  code_cell_wait_ended(reduction, event) {
    const { wait_id: waitId, outcome, response } = event.payload;
    const { thread } = reduction.place(event);
    if (thread === null) {
      noThread(reduction, event, { kind: "wait", id: waitId });
      return;
    }
    const wait = thread.waits.get(waitId);
    if (wait === undefined) {
      reduction.awaitStart("wait", waitId, event);
      return;
    }
    const payloadId = reduction.payload(response);
    const execution = waitOf(wait)?.execution;
    if (execution === undefined) return;
    const ended: Partial<CellWait> = {
      outcome,
      payload_id: payloadId,
      execution: endedAt(execution, reduction.moment, { status: WAIT_STATUS[outcome], cause: "observed" }),
    };
    if (wait.cell === null) {
      if (execution.status !== "running") {
        reduction.diagnose("duplicate_end", `wait ${JSON.stringify(waitId)} ended again`, null);
        return;
      }
      // A model may wait for a cell that there is not, and be told so; any other outcome needs a cell.
      const needsCell = outcome !== "missing" && outcome !== "busy";
      // An end that comes after one that needs a cell comes after that there, too.
      if (needsCell || wait.endsWithCell === true) {
        wait.endsWithCell = true;
        reduction.awaitStart("code_cell", wait.runtimeCellId, event);
      } else changeWait(wait, ended);
      return;
    }
    const { draft } = wait.cell;
    reduction.touch(draft);
    if (!mayEnd(reduction, execution, { type: "code_cell", id: draft.code_cell_id })) return;
    changeWait(wait, ended);
    if (draft.execution.status === "running" && (outcome === "yielded" || outcome === "pending")) {
      draft.runtime_status = outcome;
    }
    if (outcome === "yielded")
      draft.yields = appended(draft.yields, { ...reduction.moment, wait_id: waitId });
  },

  code_cell_cancel_requested(reduction, event) {
    const cell = find(reduction, event);
    if (cell === null) return;
    const { cause, limit, model_visible_call_id } = event.payload;
    reduction.touch(cell.draft);
    cell.draft.cancellation ??= {
      ...reduction.moment,
      cause,
      limit: limit ?? null,
      model_visible_call_id: model_visible_call_id ?? null,
    };
  },

  code_cell_notification(reduction, event) {
    const cell = find(reduction, event);
    if (cell === null) return;
    reduction.touch(cell.draft);
    addNotification(reduction, cell, event.payload.text);
  },

  code_cell_ended(reduction, event) {
    const cell = find(reduction, event);
    if (cell === null) return;
    const { status, response, journal } = event.payload;
    const { draft } = cell;
    const responseId = reduction.payload(response);
    const journalId = reduction.payload(journal);
    reduction.touch(draft);
    const mayNow = mayEnd(reduction, draft.execution, { type: "code_cell", id: draft.code_cell_id });
    draft.result_payload_id ??= responseId;
    draft.journal_payload_id ??= journalId;
    if (mayNow) endCell(reduction, cell, { status, cause: "observed" });
  },
};

type CellEvent = RawEvent<
  Exclude<CodeCellEventPayload, CodeCellStarted | { type: "code_cell_wait_started" | "code_cell_wait_ended" }>
>;

/** The cell that an event is about, or null when the event has to wait for its start. */
function find(reduction: Reduction, event: CellEvent): CellState | null {
  const { runtime_cell_id: runtimeId } = event.payload;
  if (event.thread_id === null) {
    noThread(reduction, event, { kind: "cell", id: runtimeId });
    return null;
  }
  const cell = reduction.thread(event.thread_id).cells.get(runtimeId);
  if (cell === undefined) reduction.awaitStart("code_cell", runtimeId, event);
  return cell ?? null;
}

function startCell(
  reduction: Reduction,
  payload: CodeCellStarted,
  { thread, turn }: { thread: ThreadState; turn: TurnState | null },
): CellState {
  const { cells } = reduction.state;
  const { runtime_cell_id: runtimeId, model_visible_call_id: callId } = payload;
  const recordedId = `cell:${thread.draft.thread_id}:${callId}`;
  const id = cells.mint(recordedId);
  const evidence = reduction.evidence();
  const cell: CellState = {
    draft: {
      code_cell_id: id,
      runtime_cell_id: runtimeId,
      model_visible_call_id: callId,
      exec_tool_call_id: null,
      thread_id: thread.draft.thread_id,
      turn_id: turn?.draft.turn_id ?? null,
      source_item_id: null,
      output_item_ids: NONE,
      execution: startedAt(reduction.moment),
      runtime_status: "starting",
      source: payload.source,
      initial_response: null,
      yields: NONE,
      waits: NONE,
      cancellation: null,
      result_payload_id: null,
      journal_payload_id: null,
      caused_by: null,
      notifications: NONE,
      nested_tool_call_ids: NONE,
      evidence,
      provenance: reduction.provenance,
    },
    madeSeq: reduction.moment.seq,
    madePayloads: evidence.payload_ids,
    thread,
    turn,
    slot: null,
    openNested: null,
    askedBy: null,
    unseenNotifications: new Map(),
    otherOutputs: new Map(),
    recordedId,
    scope: thread.draft.thread_id,
    isOver: false,
  };
  cells.add(cell, id);
  thread.cells.set(runtimeId, cell);
  enter(thread.inside, "cells", cell);
  enter(turn?.inside, "cells", cell);
  cell.slot = attachCell(reduction, cell, { thread, callId });
  return cell;
}

/** Cells and waits are those of a thread: what is told of them in none is of none, whatever may still start. */
function noThread(
  reduction: Reduction,
  event: RawEvent,
  { kind, id }: { kind: "cell" | "wait"; id: string },
): void {
  const message = `${event.payload.type}: ${kind} ${JSON.stringify(id)} is in no thread`;
  reduction.diagnose("unknown_reference", message, null);
}
