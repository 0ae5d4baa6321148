/** The lifecycle of tool calls. */
import type { RawEvent, ToolCallEventPayload, ToolCallStarted } from "@rollout-trace/protocol";
import { readObject } from "../conversation/elements.ts";
import { quoted } from "../diagnostics.ts";
import { appended, NONE, startedAt } from "../graph/draft.ts";
import type { GraphToolRequester } from "../graph/tool-call.ts";
import { attachToolCall } from "../linking/call-slots.ts";
import { endToolCall, isEnd, mayEnd } from "../linking/closing.ts";
import {
  addReturned,
  argumentsOf,
  beginRuntime,
  endRuntime,
  idOf,
  openWrite,
  resolveStdinTarget,
} from "../linking/terminals.ts";
import { addPayload } from "../linking/edges.ts";
import { joinWaitCall } from "../linking/waits.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState, ToolCallState } from "../state/call-state.ts";
import { withMember } from "../state/members.ts";
import { enqueue } from "../state/queues.ts";
import { enter, leave, type ThreadState, type TurnState } from "../state/thread-state.ts";
import type { Handlers } from "./handler.ts";
import { duplicateStart } from "./rollout.ts";

export const toolCallHandlers: Handlers<ToolCallEventPayload["type"]> = {
  tool_call_started(reduction, event) {
    const { tool_call_id: recordedId, invocation } = event.payload;
    const place = reduction.place(event);
    const invocationId = reduction.payload(invocation);
    const known = reduction.state.toolCalls.find(recordedId, event.thread_id);
    if (known !== undefined && isRepeatedStart(known, event.payload, invocationId)) {
      duplicateStart(reduction, event, { type: "tool_call", id: known.draft.tool_call_id });
      return;
    }
    const call = startCall(reduction, event.payload, { ...place, invocationId });
    const callId = event.payload.model_visible_call_id ?? null;
    if (place.thread !== null && callId !== null) {
      call.slot = attachToolCall(reduction, call, {
        thread: place.thread,
        callId,
        isWait: isWait(event.payload),
      });
    }
    if (event.payload.kind.type === "write_stdin") openWrite(reduction, call, invocationId);
    if (isWait(event.payload)) {
      const input = invocationId === null ? null : argumentsOf(readObject(reduction, invocationId));
      joinWaitCall(reduction, call, {
        runtimeCellId: idOf(input?.["cell_id"]),
        terminates: input?.["terminate"] === true,
      });
    }
    for (const late of reduction.takeWaiting("tool_call", recordedId, event.thread_id))
      reduction.replay(late);
  },

  tool_call_runtime_started(reduction, event) {
    const call = find(reduction, event);
    if (call === null) return;
    const { kind, runtime } = event.payload;
    // What it turned out to be outranks what it was dispatched as.
    if (kind !== null && kind !== undefined) call.draft.kind = { ...kind };
    const runtimeId = reduction.payload(runtime);
    addRuntime(reduction, call, runtimeId);
    beginRuntime(reduction, call, runtimeId);
  },

  tool_call_runtime_ended(reduction, event) {
    const call = find(reduction, event);
    if (call === null) return;
    const runtimeId = reduction.payload(event.payload.runtime);
    addRuntime(reduction, call, runtimeId);
    endRuntime(reduction, call, { runtimeId, status: event.payload.status });
  },

  tool_call_ended(reduction, event) {
    const call = find(reduction, event);
    if (call === null) return;
    const { status, end_cause, result, output_preview, sizes } = event.payload;
    const { draft } = call;
    const resultId = reduction.payload(result);
    reduction.touch(draft);
    const mayNow = mayEnd(reduction, draft.execution, { type: "tool_call", id: draft.tool_call_id });
    if (!mayNow && draft.execution.end_cause === "observed") return;
    draft.recorded_end_cause ??= end_cause ?? null;
    if (resultId !== null && draft.result_payload_id === null) {
      draft.result_payload_id = resultId;
      addPayload(reduction, call, "result");
    }
    draft.output_preview ??= output_preview ?? null;
    if (sizes !== null && sizes !== undefined) {
      draft.visibility = {
        ...draft.visibility,
        produced_bytes: sizes.produced_bytes,
        to_requester_bytes: sizes.to_requester_bytes,
      };
    }
    addReturned(reduction, call, { resultId, status });
    if (mayNow && isEnd(status)) endToolCall(reduction, call, { status, cause: "observed" });
  },

  stdin_target_resolved(reduction, event) {
    const call = find(reduction, event);
    if (call === null) return;
    const { exec_tool_call_id: execId } = event.payload;
    const exec =
      reduction.state.toolCalls.find(execId, event.thread_id) ?? reduction.state.toolCalls.find(execId, null);
    if (exec === undefined) {
      // Of whichever thread it will be.
      reduction.awaitStart("tool_call", execId, event, null);
      return;
    }
    reduction.touch(call.draft);
    resolveStdinTarget(reduction, call, exec);
  },

  mcp_call_assigned(reduction, event) {
    const call = find(reduction, event);
    if (call === null) return;
    const { draft } = call;
    const { mcp_call_id: mcpId } = event.payload;
    reduction.touch(draft);
    if (draft.mcp_call_id !== null && draft.mcp_call_id !== mcpId) {
      const ids = `${quoted(draft.mcp_call_id)} and ${quoted(mcpId)}`;
      const object = { type: "tool_call", id: draft.tool_call_id } as const;
      reduction.diagnose(
        "call_id_conflict",
        `call ${JSON.stringify(object.id)} has two MCP ids: ${ids}`,
        object,
      );
      return;
    }
    draft.mcp_call_id = mcpId;
  },
};

/** The call that a lifecycle event is about, or null when the event has to wait for its start. */
function find(
  reduction: Reduction,
  event: RawEvent<Exclude<ToolCallEventPayload, ToolCallStarted>>,
): ToolCallState | null {
  const { tool_call_id: id } = event.payload;
  const call = reduction.state.toolCalls.find(id, event.thread_id);
  if (call === undefined) reduction.awaitStart("tool_call", id, event);
  return call ?? null;
}

/** Models reuse call ids; only a start that also says the same is the same start. */
function isRepeatedStart(
  known: ToolCallState,
  payload: ToolCallStarted,
  invocationId: string | null,
): boolean {
  const { draft } = known;
  return (
    draft.execution.status === "running" &&
    draft.invocation_payload_id === invocationId &&
    draft.label === payload.label &&
    isSameRequester(draft.requester, payload.requester) &&
    draft.runtime_tool_call_id === (payload.runtime_tool_call_id ?? null) &&
    draft.input_preview === (payload.input_preview ?? null) &&
    draft.model_visible_call_id === (payload.model_visible_call_id ?? null)
  );
}

function isSameRequester(known: GraphToolRequester, other: ToolCallStarted["requester"]): boolean {
  if (known.type !== "code_cell" || other.type !== "code_cell") return known.type === other.type;
  return known.runtime_cell_id === other.runtime_cell_id;
}

interface CallPlace {
  readonly thread: ThreadState | null;
  readonly turn: TurnState | null;
  readonly invocationId: string | null;
}

function startCall(reduction: Reduction, payload: ToolCallStarted, place: CallPlace): ToolCallState {
  const { toolCalls } = reduction.state;
  const { thread, turn, invocationId } = place;
  const { tool_call_id: recordedId, requester } = payload;
  const id = toolCalls.mint(recordedId);
  const parentCell =
    requester.type === "code_cell" ? (thread?.cells.get(requester.runtime_cell_id) ?? null) : null;
  const evidence = reduction.evidence();
  const call: ToolCallState = {
    draft: {
      tool_call_id: id,
      recorded_id: recordedId,
      thread_id: thread?.draft.thread_id ?? null,
      turn_id: turn?.draft.turn_id ?? null,
      execution: startedAt(reduction.moment),
      recorded_end_cause: null,
      requester: requesterOf(payload, parentCell),
      kind: { ...payload.kind },
      label: payload.label,
      model_visible_call_id: payload.model_visible_call_id ?? null,
      runtime_tool_call_id: payload.runtime_tool_call_id ?? null,
      mcp_call_id: null,
      call_item_ids: NONE,
      output_item_ids: NONE,
      code_cell_id: null,
      terminal_operation_id: null,
      span_ids: NONE,
      input_preview: payload.input_preview ?? null,
      output_preview: null,
      invocation_payload_id: invocationId,
      result_payload_id: null,
      runtime_payload_ids: NONE,
      caused_by: null,
      visibility: {
        produced_bytes: null,
        to_requester_bytes: null,
        to_model_bytes: null,
        seen_by_model: false,
      },
      evidence,
      provenance: reduction.provenance,
    },
    madeSeq: reduction.moment.seq,
    madePayloads: evidence.payload_ids,
    thread,
    turn,
    slot: null,
    parentCell: null,
    wait: null,
    asks: null,
    operation: null,
    interaction: null,
    resultSeq: 0,
    runtimeSeqs: NONE,
    recordedId,
    scope: thread?.draft.thread_id ?? null,
    isOver: false,
  };
  toolCalls.add(call, id);
  if (turn !== null) turn.toolCallCount += 1;
  // While its cell runs it is the cell that closes it, and not the turn.
  if (parentCell?.draft.execution.status !== "running") {
    enter(turn?.inside, "calls", call);
    enter(thread?.inside, "calls", call);
  }
  if (parentCell !== null) join(reduction, parentCell, call);
  else if (requester.type === "code_cell" && thread !== null)
    enqueue(thread.orphans, requester.runtime_cell_id, call);
  return call;
}

function requesterOf({ requester }: ToolCallStarted, parentCell: CellState | null): GraphToolRequester {
  if (requester.type !== "code_cell") return { type: requester.type };
  const { runtime_cell_id } = requester;
  return { type: "code_cell", code_cell_id: parentCell?.draft.code_cell_id ?? null, runtime_cell_id };
}

/** Makes a call that came before its cell a nested call of it. */
export function adopt(reduction: Reduction, cell: CellState, call: ToolCallState): void {
  join(reduction, cell, call);
  if (cell.draft.execution.status !== "running") return;
  leave(call.turn?.inside, "calls", call);
  leave(call.thread?.inside, "calls", call);
}

function join(reduction: Reduction, cell: CellState, call: ToolCallState): void {
  const { draft } = call;
  call.parentCell = cell;
  cell.draft.nested_tool_call_ids = appended(cell.draft.nested_tool_call_ids, draft.tool_call_id);
  if (draft.requester.type === "code_cell") {
    draft.requester = { ...draft.requester, code_cell_id: cell.draft.code_cell_id };
  }
  reduction.touch(draft);
  if (cell.draft.execution.status === "running" && draft.execution.status === "running") {
    cell.openNested = withMember(cell.openNested, call);
  }
}

function addRuntime(reduction: Reduction, call: ToolCallState, runtimeId: string): void {
  call.draft.runtime_payload_ids = appended(call.draft.runtime_payload_ids, runtimeId);
  addPayload(reduction, call, "runtime");
  reduction.touch(call.draft);
}

function isWait({ kind }: ToolCallStarted): boolean {
  return kind.type === "code_cell_wait" || (kind.type === "other" && kind.name === "wait");
}
