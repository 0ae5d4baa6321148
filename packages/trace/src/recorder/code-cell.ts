/**
 * What a code-mode session says, as raw events.
 *
 * A session outlives turns. Its events belong to the turn that is open in the thread when they happen, and outside of any
 * turn to the one in which their cell started.
 */
import type {
  CodeModeEvent,
  CodeModeObserver,
  JsonValue,
  ModelVisibleCallId,
  NestedCallResult,
  NestedToolCall,
  PayloadRef,
  RuntimeCellId,
  RuntimeResponse,
  ToolInvocation,
  ToolResult,
  WaitId,
} from "@rollout-trace/protocol";
import { type ActiveSpan, endOfStatus } from "../opentelemetry/active-span.ts";
import type { EndStatus, ToolCallEndedOptions } from "./handles.ts";
import { asIdOrThrow, optionalId } from "./ids.ts";
import { textOfJson } from "./preview.ts";
import type { Evidence, Scope } from "./rollout-recorder.ts";
import type { RecordingThread } from "./thread.ts";
import { RecordingToolCall } from "./tool-call.ts";
import type { RecordingTurn } from "./turn.ts";

/** A cell that has not ended. */
interface LiveCell {
  readonly startedIn: RecordingTurn | null;
  readonly span: ActiveSpan | null;
  /** Its nested calls that have not ended, by the cell's own ids. */
  readonly calls: Map<string, RecordingToolCall>;
}

type EventOf<Type extends CodeModeEvent["type"]> = Extract<CodeModeEvent, { readonly type: Type }>;

export class RecordingCodeModeObserver implements CodeModeObserver {
  readonly #thread: RecordingThread;
  /** For what happens while no turn is open and no cell has one. */
  readonly #startedIn: RecordingTurn | null;
  readonly #cells: Map<string, LiveCell> = new Map();
  /** Spans of waits that have not ended. */
  readonly #waits: Map<string, ActiveSpan> = new Map();
  readonly tracesSpans = true;

  constructor(thread: RecordingThread, startedIn: RecordingTurn | null) {
    this.#thread = thread;
    this.#startedIn = startedIn;
  }

  observe(event: CodeModeEvent): void {
    switch (event.type) {
      case "cell_started":
        return this.#cellStarted(event);
      case "cell_initial_response":
        return this.#initialResponse(event);
      case "wait_started":
        return this.#waitStarted(event);
      case "wait_ended":
        return this.#waitEnded(event);
      case "cancel_requested":
        return this.#cancelRequested(event);
      case "nested_call_started":
        return this.#nestedCallStarted(event);
      case "nested_call_ended":
        return this.#nestedCallEnded(event);
      case "notification":
        return this.#notification(event);
      case "cell_ended":
        return this.#cellEnded(event);
    }
  }

  runNestedCall<Result>(call: NestedToolCall, run: () => Promise<Result>): Promise<Result> {
    const recorded = this.#cells.get(call.cellId)?.calls.get(call.runtimeToolCallId);
    return recorded === undefined ? this.#thread.run(run) : recorded.run(run);
  }

  #turn(cellId: string): RecordingTurn | null {
    return this.#thread.openTurn ?? this.#cells.get(cellId)?.startedIn ?? this.#startedIn;
  }

  #scope(cellId: string): Scope {
    return { threadId: this.#thread.threadId, turnId: this.#turn(cellId)?.turnId ?? null };
  }

  #cellStarted(event: EventOf<"cell_started">): void {
    const startedIn = this.#thread.openTurn ?? this.#startedIn;
    const turnId = startedIn?.turnId ?? null;
    const scope = { threadId: this.#thread.threadId, turnId };
    const seq = this.#thread.recorder.record(scope, () => ({
      type: "code_cell_started",
      runtime_cell_id: cellIdOf(event),
      model_visible_call_id: asIdOrThrow<ModelVisibleCallId>(event.toolCallId, "the exec call"),
      source: event.source,
    }));
    const { spans } = this.#thread;
    const ids = { runtimeCellId: event.cellId, modelVisibleCallId: event.toolCallId };
    const turn = startedIn?.span ?? null;
    const span = spans.enabled ? spans.startCell({ turn, turnId, seq, ...ids }) : null;
    this.#cells.set(event.cellId, { startedIn, span, calls: new Map() });
  }

  #initialResponse(event: EventOf<"cell_initial_response">): void {
    this.#thread.recorder.record(this.#scope(event.cellId), (evidence) => ({
      type: "code_cell_initial_response",
      runtime_cell_id: cellIdOf(event),
      status: event.status,
      response: responseOf(event.response, evidence),
    }));
  }

  #waitStarted(event: EventOf<"wait_started">): void {
    const scope = this.#scope(event.cellId);
    const callId = optionalId<ModelVisibleCallId>(event.toolCallId);
    const seq = this.#thread.recorder.record(scope, () => ({
      type: "code_cell_wait_started",
      wait_id: waitIdOf(event),
      runtime_cell_id: cellIdOf(event),
      model_visible_call_id: callId,
      mode: event.mode,
    }));
    const { spans } = this.#thread;
    if (!spans.enabled) return;
    const span = spans.startWait({
      turn: this.#turn(event.cellId)?.span ?? null,
      turnId: scope.turnId,
      seq,
      waitId: event.waitId,
      modelVisibleCallId: callId,
      cell: this.#cells.get(event.cellId)?.span ?? null,
    });
    if (span !== null) this.#waits.set(event.waitId, span);
  }

  #waitEnded(event: EventOf<"wait_ended">): void {
    this.#thread.recorder.record(this.#scope(event.cellId), (evidence) => ({
      type: "code_cell_wait_ended",
      wait_id: waitIdOf(event),
      outcome: event.outcome,
      response: responseOf(event.response, evidence),
    }));
    this.#waits.get(event.waitId)?.end(() => ({ status: event.outcome }));
    this.#waits.delete(event.waitId);
  }

  #cancelRequested(event: EventOf<"cancel_requested">): void {
    this.#thread.recorder.record(this.#scope(event.cellId), () => ({
      type: "code_cell_cancel_requested",
      runtime_cell_id: cellIdOf(event),
      model_visible_call_id: optionalId<ModelVisibleCallId>(event.toolCallId),
      cause: event.cause,
      limit: event.limit,
    }));
    const cell = this.#cells.get(event.cellId)?.span ?? null;
    if (cell === null) return;
    cell.event("cancel_requested", () => ({ cause: event.cause }));
    if (event.toolCallId !== null) this.#thread.spans.endsCell(event.toolCallId, cell);
  }

  #nestedCallStarted({ call, recordAs }: EventOf<"nested_call_started">): void {
    const { name, namespace } = call.toolName;
    const options = {
      kind: recordAs,
      label: namespace === undefined ? name : `${namespace}.${name}`,
      requester: { type: "code_cell", runtime_cell_id: cellIdOf(call) },
      runtimeToolCallId: call.runtimeToolCallId,
      inputPreview: call.input === undefined ? undefined : textOfJson(call.input),
      invocation: () => invocationOf(call),
    } as const;
    const scope = this.#scope(call.cellId);
    const cell = this.#cells.get(call.cellId);
    const origin = { endedBy: "session", cell: cell?.span ?? null } as const;
    const recorded = new RecordingToolCall(this.#thread, this.#turn(call.cellId), scope, options, origin);
    cell?.calls.set(call.runtimeToolCallId, recorded);
  }

  #nestedCallEnded(event: EventOf<"nested_call_ended">): void {
    const calls = this.#cells.get(event.cellId)?.calls;
    const recorded = calls?.get(event.runtimeToolCallId);
    calls?.delete(event.runtimeToolCallId);
    recorded?.recordEnd({
      status: event.status as EndStatus,
      endCause: event.endCause,
      ...resultOf(event.result),
    });
  }

  #notification(event: EventOf<"notification">): void {
    this.#thread.recorder.record(this.#scope(event.cellId), () => ({
      type: "code_cell_notification",
      runtime_cell_id: cellIdOf(event),
      model_visible_call_id: asIdOrThrow<ModelVisibleCallId>(event.callId, "the exec call"),
      text: event.text,
    }));
  }

  #cellEnded(event: EventOf<"cell_ended">): void {
    const scope = this.#scope(event.cellId);
    const cell = this.#cells.get(event.cellId);
    this.#cells.delete(event.cellId);
    this.#thread.recorder.record(scope, (evidence) => ({
      type: "code_cell_ended",
      runtime_cell_id: cellIdOf(event),
      status: event.status,
      response: responseOf(event.response, evidence),
      journal: event.journal === null ? null : evidence("code_cell_journal", () => event.journal),
    }));
    cell?.span?.end(() => endOfStatus(event.status));
  }
}

function cellIdOf({ cellId }: { readonly cellId: string }): RuntimeCellId {
  return asIdOrThrow<RuntimeCellId>(cellId, "a cell");
}

function waitIdOf({ waitId }: { readonly waitId: string }): WaitId {
  return asIdOrThrow<WaitId>(waitId, "a wait");
}

function responseOf(response: RuntimeResponse | null, evidence: Evidence): PayloadRef | null {
  return response === null ? null : evidence("code_cell_response", () => response);
}

function invocationOf({ toolName, kind, input = null }: NestedToolCall): ToolInvocation {
  const isFreeform = kind === "freeform" && typeof input === "string";
  return {
    tool_name: toolName.name,
    tool_namespace: toolName.namespace ?? null,
    payload: isFreeform ? { type: "custom", input } : { type: "json", value: input },
  };
}

function resultOf(result: NestedCallResult | null): Pick<ToolCallEndedOptions, "result" | "outputPreview"> {
  if (result === null) return {};
  if (result.type === "error") {
    return { outputPreview: result.error, result: (): ToolResult => result };
  }
  const value: JsonValue = result.value;
  return { outputPreview: textOfJson(value), result: () => ({ type: "code_mode", value }) };
}
