/** Finished calls, cells and operations, with the links that follow from their model-visible calls. */
import type { WaitOutcomeKind } from "@rollout-trace/protocol";
import type {
  CallSlot,
  CellState,
  InferenceState,
  OperationState,
  ToolCallState,
} from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { eachEntry, firstEntry } from "../state/several.ts";
import { countFirst } from "../state/sorted.ts";
import type { ExecutionWindow } from "./base.ts";
import type { CellWait, CodeCell } from "./code-cell.ts";
import { bytesOf } from "../conversation/normal-item.ts";
import { type BuiltSessions, joinSession } from "./build-terminals.ts";
import { addAskedCell, addAskedWaits, waitingCalls } from "./build-waits.ts";
import {
  appended,
  type Evidenced,
  type Finish,
  joinedEvidence,
  listsOf,
  type NamingOrder,
  NONE,
} from "./draft.ts";
import type { InferenceCall } from "./inference.ts";
import type { TerminalObservation, TerminalOperation } from "./terminal.ts";
import type { CausedBy, ToolCall } from "./tool-call.ts";

const INFERENCE_LISTS = listsOf<InferenceCall>({
  response_item_ids: true,
  tool_call_ids: true,
  code_cell_ids: true,
});
const TOOL_CALL_LISTS = listsOf<ToolCall>({
  call_item_ids: true,
  output_item_ids: true,
  span_ids: true,
  runtime_payload_ids: true,
});
const CELL_LISTS = listsOf<CodeCell>({
  output_item_ids: true,
  yields: true,
  waits: true,
  notifications: true,
  nested_tool_call_ids: true,
});
const OPERATION_LISTS = listsOf<TerminalOperation>({ observed_by: true });

export function buildInference(call: InferenceState, finish: Finish): InferenceCall {
  const built = finish(call.draft, INFERENCE_LISTS);
  for (const { slot } of eachEntry(call.calls)) {
    for (let use = slot; use !== null; use = use.again) {
      const { toolCall, cell } = use;
      if (toolCall !== null) built.tool_call_ids = appended(built.tool_call_ids, toolCall.draft.tool_call_id);
      if (cell !== null) built.code_cell_ids = appended(built.code_cell_ids, cell.draft.code_cell_id);
    }
  }
  return built;
}

/** What of a tool call follows from other objects. `spans` are the ids of those that ran in each call. */
export interface CallLinks {
  readonly outputsOf: CellOutputs;
  readonly spans: ReadonlyMap<string, readonly string[]>;
  readonly finish: Finish;
}

export function buildToolCall(call: ToolCallState, { outputsOf, spans, finish }: CallLinks): ToolCall {
  const built = finish(call.draft, TOOL_CALL_LISTS);
  built.span_ids = spans.get(built.tool_call_id) ?? built.span_ids;
  const { slot } = call;
  const shown = slot === null ? NONE : shownOutputs(slot);
  addAskedCell(built, call);
  built.caused_by = causeOf(slot ?? call.parentCell?.slot ?? null);
  const through = outputsOf.firstAfter(call);
  addShowing(built, shown);
  if (through !== null) addShowing(built, [through.output]);
  built.visibility = {
    ...built.visibility,
    to_model_bytes: shown.length === 0 ? null : shown.reduce((sum, { normal }) => sum + bytesOf(normal), 0),
    seen_by_model: shown.length > 0 || through !== null,
  };
  return built;
}

export function buildCell(
  state: ReducerState,
  cell: CellState,
  { finish, inNamingOrder }: { finish: Finish; inNamingOrder: NamingOrder },
): CodeCell {
  const built = finish(cell.draft, CELL_LISTS);
  built.caused_by = causeOf(cell.slot);
  addAskedWaits(built, { state, cell, inNamingOrder });
  return built;
}

export function buildOperation(
  operation: OperationState,
  { outputsOf, sessions, finish }: Pick<CallLinks, "outputsOf" | "finish"> & { sessions: BuiltSessions },
): TerminalOperation {
  const { draft, call } = operation;
  const built = finish(draft, OPERATION_LISTS);
  joinSession(built, sessions.links.get(operation));
  const throughCell = outputsOf.firstAfter(call);
  const shown = call.slot === null ? NONE : shownOutputs(call.slot);
  addShowing(built, shown);
  if (shown.length > 0) built.observed_by = [observation("direct", call.slot, shown)];
  if (throughCell === null) return built;
  const { slot, output } = throughCell;
  addShowing(built, [output]);
  built.observed_by = [...built.observed_by, observation("code_cell_output", slot, [output])];
  return built;
}

/** The outputs of cells that a model has seen. */
export interface CellOutputs {
  /**
   * For a nested call that came to an end of its own and gave its script something: the first output of its cell that went
   * out after that and that a request carries. Null for any other call.
   */
  firstAfter(call: ToolCallState): SentOutput | null;
}

export function cellOutputs(state: ReducerState): CellOutputs {
  const known = new Map<CellState, readonly SentOutput[]>();
  return {
    firstAfter({ draft, parentCell }) {
      const { status, end_cause: cause, ended_seq: endedSeq } = draft.execution;
      const answered = cause === "observed" && (status === "completed" || status === "failed");
      if (parentCell === null || !answered || endedSeq === null) return null;
      let outputs = known.get(parentCell);
      if (outputs === undefined) known.set(parentCell, (outputs = sentOutputs(state, parentCell)));
      return outputs[countFirst(outputs, ({ sentSeq }) => sentSeq <= endedSeq)] ?? null;
    },
  };
}

interface SentOutput {
  readonly sentSeq: number;
  readonly slot: CallSlot;
  readonly output: TranscriptItem;
}

/** What `exec` and each wait of a cell returned of it, where a request carries it, in the order of returning. */
function sentOutputs(state: ReducerState, cell: CellState): readonly SentOutput[] {
  return [execAnswer(cell), ...waitAnswers(state, cell)]
    .flatMap(({ sentSeq, slot, carries }) => {
      const output = slot === null ? null : returnedOutput(slot);
      if (sentSeq === null || slot === null || output === null || !carries(output)) return [];
      return [{ sentSeq, slot, output }];
    })
    .toSorted((left, right) => left.sentSeq - right.sentSeq);
}

/** What a model got that asked for something of a cell. */
interface CellAnswer {
  readonly sentSeq: number | null;
  readonly slot: CallSlot | null;
  /** Whether an output has what the cell gave, and does not only say that the model got nothing of it. */
  readonly carries: (output: TranscriptItem) => boolean;
}

function execAnswer({ draft, slot }: CellState): CellAnswer {
  const { initial_response: first, execution } = draft;
  const gave = first === null ? null : true;
  const call = slot?.toolCall ?? null;
  if (call !== null) {
    const sentSeq = call.draft.execution.ended_seq ?? first?.seq ?? execution.ended_seq;
    return { sentSeq, slot, carries: (output) => hasReturned(call, { gave, output }) };
  }
  // Where no exec call is recorded, its answer is the cell's first response or, at the latest, the cell's end.
  const carries = (output: TranscriptItem): boolean => gave ?? mayHaveReturned(execution, output);
  return { sentSeq: first?.seq ?? execution.ended_seq, slot, carries };
}

function waitAnswers(state: ReducerState, cell: CellState): readonly CellAnswer[] {
  const waits = Map.groupBy(cell.draft.waits, ({ tool_call_id: id }) => id);
  return [...new Set(waitingCalls(state, cell))].map((call) => {
    const { tool_call_id: id, execution } = call.draft;
    const gave = gaveSomething(waits.get(id) ?? []);
    const carries = (output: TranscriptItem): boolean => hasReturned(call, { gave, output });
    return { sentSeq: execution.ended_seq, slot: call.slot, carries };
  });
}

/** Whether a cell gave something to the waits of one call; null where that is not known. */
function gaveSomething(waits: readonly CellWait[]): boolean | null {
  const outcomes = waits.map(({ outcome }) => outcome);
  if (outcomes.some((outcome) => outcome !== null && !GIVES_NOTHING.includes(outcome))) return true;
  return outcomes.length === 0 || outcomes.includes(null) ? null : false;
}

const GIVES_NOTHING: readonly WaitOutcomeKind[] = ["missing", "busy", "abandoned"];

/**
 * Whether a call returned what its cell gave it. What a host puts into the place of the output of a call that it cancelled has
 * nothing of the cell. `gave` is what the runtime says: null where it does not say.
 */
function hasReturned(
  { draft: { execution, recorded_end_cause: cause } }: ToolCallState,
  { gave, output }: { readonly gave: boolean | null; readonly output: TranscriptItem },
): boolean {
  if (gave === false || cause === "turn_interrupted") return false;
  // A call that was closed may have returned all the same.
  if (execution.end_cause !== "observed" && (gave === true || cause === "returned")) return true;
  return mayHaveReturned(execution, output);
}

/** Whether what ran in a window came to an answer, for all that its end says. */
function mayHaveReturned({ status, end_cause, ended_seq }: ExecutionWindow, output: TranscriptItem): boolean {
  if (end_cause === "observed") return status === "completed" || status === "failed";
  // What was answered before it was closed was not answered because of that.
  return ended_seq === null || output.shownSeq < ended_seq;
}

function observation(
  source: TerminalObservation["source"],
  slot: CallSlot | null,
  outputs: readonly TranscriptItem[],
): TerminalObservation {
  // A cell may have many operations, and a history that is replaced many copies of its call.
  const asked = firstEntry(slot?.callItems ?? null);
  return {
    source,
    call_item_ids: asked === undefined ? NONE : idsOf([asked]),
    output_item_ids: idsOf(outputs),
  };
}

/** What a model was shown of a call: not what a host only says that it took into its history, and not what a cell told of besides. */
function shownOutputs(slot: CallSlot): readonly TranscriptItem[] {
  const shown = eachEntry(slot.shown);
  if (slot.cell === null || shown.length < 2) return shown;
  return [returnedOutput(slot) ?? (shown[0] as TranscriptItem)];
}

/** What `exec` or a wait returned, as a model was first shown it. */
function returnedOutput({ shown, cell }: CallSlot): TranscriptItem | null {
  if (cell === null) return firstEntry(shown) ?? null;
  const told = new Set(cell.draft.notifications.map((each) => each.output_item_id));
  return eachEntry(shown).find(({ draft }) => !told.has(draft.item_id)) ?? null;
}

/** The requests by which a model was shown outputs are evidence of that. */
function addShowing(built: Evidenced, outputs: readonly TranscriptItem[]): void {
  const { seqs } = built.evidence;
  const missing = outputs
    .map(({ shownSeq }) => shownSeq)
    .filter((seq) => seqs[countFirst(seqs, (each) => each < seq)] !== seq);
  if (missing.length > 0)
    built.evidence = joinedEvidence([built.evidence, { seqs: missing, payload_ids: NONE }]);
}

function idsOf(items: readonly TranscriptItem[]): readonly string[] {
  return items.map(({ draft }) => draft.item_id);
}

function causeOf(slot: CallSlot | null): CausedBy | null {
  if (slot === null) return null;
  return {
    thread_id: slot.thread.draft.thread_id,
    model_visible_call_id: slot.callId,
    inference_call_id: slot.inference?.inference_call_id ?? null,
  };
}
