/** The builders of what runs within a turn: requests, tool calls and cells. */
import type {
  AgentInteractionKind,
  CancelCause,
  CellLimitName,
  CellStatus,
  Dialect,
  ExecutionStatus,
  FinalCellStatus,
  JsonObject,
  JsonValue,
  PayloadRef,
  ToolEndCause,
  ToolOutputSizes,
  WaitMode,
  WaitOutcomeKind,
} from "@rollout-trace/protocol";
import type { LooseObject } from "./rollout-builder.ts";
import type { TurnBuilder } from "./turn-builder.ts";

const RESPONSE_KEY = {
  openai_responses: "output_items",
  openai_chat: "choices",
  anthropic_messages: "content",
};

/** A request that went out: records how it ends, once. */
export class InferenceBuilder {
  readonly #turn: TurnBuilder;
  readonly #dialect: Dialect;
  readonly id: string;

  constructor(turn: TurnBuilder, { id, dialect }: { id: string; dialect: Dialect }) {
    this.#turn = turn;
    this.#dialect = dialect;
    this.id = id;
  }

  respond(output: readonly JsonValue[], options: { responseId?: string; usage?: JsonObject } = {}): this {
    const usage = options.usage === undefined ? {} : { usage: options.usage };
    this.#turn.event({
      type: "inference_completed",
      inference_call_id: this.id,
      response_id: options.responseId ?? null,
      response: this.#response([...output], usage),
    });
    return this;
  }

  fail(error: string, partial?: readonly JsonValue[]): this {
    return this.#stop({ type: "inference_failed", error }, partial);
  }

  cancel(reason: string, partial?: readonly JsonValue[]): this {
    return this.#stop({ type: "inference_cancelled", reason }, partial);
  }

  #stop(how: LooseObject, partial: readonly JsonValue[] | undefined): this {
    const response = partial === undefined ? null : this.#response([...partial]);
    this.#turn.event({ ...how, inference_call_id: this.id, partial_response: response });
    return this;
  }

  #response(output: readonly JsonValue[], usage: JsonObject = {}): PayloadRef {
    const value = { ...usage, [RESPONSE_KEY[this.#dialect]]: output };
    return this.#turn.thread.rollout.payload("inference_response", value);
  }
}

interface CellEndOptions {
  readonly response?: JsonValue;
  readonly journal?: JsonValue;
}

interface ToolEndOptions {
  readonly cause?: ToolEndCause;
  readonly result?: JsonValue;
  readonly sizes?: ToolOutputSizes;
}

/** A tool call that has started: records what is told of it until it ends. */
export class ToolCallBuilder {
  readonly #turn: TurnBuilder;
  readonly id: string;

  constructor(turn: TurnBuilder, id: string) {
    this.#turn = turn;
    this.id = id;
  }

  runtimeStart(runtime: JsonValue): this {
    const ref = this.#turn.thread.rollout.payload("tool_runtime_event", runtime);
    this.#turn.event({ type: "tool_call_runtime_started", tool_call_id: this.id, runtime: ref });
    return this;
  }

  runtimeEnd(runtime: JsonValue, status: ExecutionStatus = "completed"): this {
    const ref = this.#turn.thread.rollout.payload("tool_runtime_event", runtime);
    this.#turn.event({ type: "tool_call_runtime_ended", tool_call_id: this.id, status, runtime: ref });
    return this;
  }

  end(status: ExecutionStatus = "completed", options: ToolEndOptions = {}): this {
    const { cause, result, sizes } = options;
    this.#turn.event({
      type: "tool_call_ended",
      tool_call_id: this.id,
      status,
      end_cause: cause ?? null,
      result: result === undefined ? null : this.#turn.thread.rollout.payload("tool_result", result),
      sizes: sizes ?? null,
    });
    return this;
  }

  interact(kind: AgentInteractionKind, target: string | null, message: string | null = null): this {
    this.#turn.event({
      type: "agent_interaction_started",
      tool_call_id: this.id,
      kind,
      target_thread_id: target,
      message,
    });
    return this;
  }

  interacted(kind: AgentInteractionKind, target: string | null, status: ExecutionStatus = "completed"): this {
    this.#turn.event({
      type: "agent_interaction_ended",
      tool_call_id: this.id,
      kind,
      target_thread_id: target,
      status,
    });
    return this;
  }
}

/** A cell that runs: records what its runtime tells of it. */
export class CellBuilder {
  readonly #turn: TurnBuilder;
  readonly id: string;

  constructor(turn: TurnBuilder, id: string) {
    this.#turn = turn;
    this.id = id;
  }

  respond(status: CellStatus): this {
    this.#turn.event({ type: "code_cell_initial_response", runtime_cell_id: this.id, status });
    return this;
  }

  wait(waitId: string, options: { callId?: string; mode?: WaitMode } = {}): this {
    this.#turn.event({
      type: "code_cell_wait_started",
      wait_id: waitId,
      runtime_cell_id: this.id,
      model_visible_call_id: options.callId ?? null,
      mode: options.mode ?? "yield",
    });
    return this;
  }

  waited(waitId: string, outcome: WaitOutcomeKind): this {
    this.#turn.event({ type: "code_cell_wait_ended", wait_id: waitId, outcome });
    return this;
  }

  notify(callId: string, text: string): this {
    this.#turn.event({
      type: "code_cell_notification",
      runtime_cell_id: this.id,
      model_visible_call_id: callId,
      text,
    });
    return this;
  }

  /** `limit` says which limit it was, where the cause is one. */
  cancel(cause: CancelCause, callId: string | null = null, limit: CellLimitName | null = null): this {
    this.#turn.event({
      type: "code_cell_cancel_requested",
      runtime_cell_id: this.id,
      model_visible_call_id: callId,
      cause,
      ...(limit === null ? {} : { limit }),
    });
    return this;
  }

  end(status: FinalCellStatus = "completed", { response, journal }: CellEndOptions = {}): this {
    const { rollout } = this.#turn.thread;
    this.#turn.event({
      type: "code_cell_ended",
      runtime_cell_id: this.id,
      status,
      ...(response === undefined ? {} : { response: rollout.payload("code_cell_response", response) }),
      ...(journal === undefined ? {} : { journal: rollout.payload("code_cell_journal", journal) }),
    });
    return this;
  }
}
