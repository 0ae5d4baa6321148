/** Finished calls, cells and operations, with the links that follow from their model-visible calls. */
import type {
  CallSlot,
  CellState,
  InferenceState,
  OperationState,
  ToolCallState,
} from "../state/call-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { CodeCell } from "./code-cell.ts";
import { finishDraft } from "./draft.ts";
import type { InferenceCall } from "./inference.ts";
import type { TerminalObservation, TerminalOperation } from "./terminal.ts";
import type { CausedBy, ToolCall } from "./tool-call.ts";

export function buildInference(call: InferenceState): InferenceCall {
  const built = finishDraft(call.draft);
  const slots = call.responseItems.flatMap(({ slot }) => slot ?? []);
  built.tool_call_ids = slots.flatMap(({ toolCall }) => toolCall?.draft.tool_call_id ?? []);
  built.code_cell_ids = slots.flatMap(({ cell }) => cell?.draft.code_cell_id ?? []);
  return built;
}

export function buildToolCall(call: ToolCallState): ToolCall {
  const built = finishDraft(call.draft);
  const outputs = call.slot?.outputItems ?? [];
  built.caused_by = causeOf(call.slot ?? call.parentCell?.slot ?? null);
  built.visibility = {
    ...built.visibility,
    to_model_bytes: outputs.length === 0 ? null : outputs.reduce((sum, { normal }) => sum + normal.bytes, 0),
    seen_by_model: outputs.length > 0 || (call.parentCell?.slot?.outputItems.length ?? 0) > 0,
  };
  return built;
}

export function buildCell(state: ReducerState, cell: CellState): CodeCell {
  const built = finishDraft(cell.draft);
  built.caused_by = causeOf(cell.slot);
  // A wait that only a tool call tells of lasts as long as the call.
  built.waits = built.waits.map((wait) => {
    if (wait.wait_id !== null || wait.tool_call_id === null) return wait;
    const call = state.toolCalls.byId.get(wait.tool_call_id);
    return call === undefined ? wait : { ...wait, execution: call.draft.execution };
  });
  return built;
}

export function buildOperation({ draft, call }: OperationState): TerminalOperation {
  const built = finishDraft(draft);
  built.observed_by = [
    ...observation("direct", call.slot),
    ...(call.parentCell === null ? [] : observation("code_cell_output", call.parentCell.slot)),
  ];
  return built;
}

function observation(
  source: TerminalObservation["source"],
  slot: CallSlot | null,
): readonly TerminalObservation[] {
  if (slot === null || slot.outputItems.length === 0) return [];
  return [
    {
      source,
      call_item_ids: slot.callItems.map(({ draft }) => draft.item_id),
      output_item_ids: slot.outputItems.map(({ draft }) => draft.item_id),
    },
  ];
}

function causeOf(slot: CallSlot | null): CausedBy | null {
  if (slot === null) return null;
  return {
    thread_id: slot.thread.draft.thread_id,
    model_visible_call_id: slot.callId,
    inference_call_id: slot.inference?.inference_call_id ?? null,
  };
}
