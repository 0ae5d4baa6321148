/**
 * Writes a rollout event by event, in words close to what happens.
 *
 * Builders only spare typing: each method records exactly one event (and the payloads it names), in the order of the calls, so
 * a test can leave out, repeat or reorder whatever it is about. `event` records anything.
 */
import type {
  AgentInteractionKind,
  CellStatus,
  Dialect,
  ExecutionStatus,
  FinalCellStatus,
  JsonObject,
  JsonValue,
  PayloadId,
  PayloadKind,
  PayloadRef,
  RawEvent,
  RolloutSource,
  RolloutStatus,
  ToolEndCause,
  ToolKind,
  ToolOutputSizes,
  WaitMode,
  WaitOutcomeKind,
} from "@rollout-trace/protocol";
import { type MemoryPayload, memorySource } from "./memory-source.ts";

/** An event payload; its ids are plain strings, and a test may leave out or misspell what it likes. */
export interface LooseObject {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RolloutBuilderOptions {
  /** Default `rollout-1`. */
  readonly rolloutId?: string;
  /** Default `root`; the root thread is started with the agent path `/root`. */
  readonly rootThreadId?: string;
  /** Microseconds between two events. Default 1000. */
  readonly stepUs?: number;
}

const START_US = 1_700_000_000_000_000;

export class RolloutBuilder {
  readonly events: RawEvent[] = [];
  readonly payloads: Map<string, MemoryPayload> = new Map();
  readonly root: ThreadBuilder;
  readonly #rolloutId: string;
  readonly #stepUs: number;
  #counters = new Map<string, number>();

  /** Records `rollout_started` and the start of the root thread. */
  constructor(options: RolloutBuilderOptions = {}) {
    this.#rolloutId = options.rolloutId ?? "rollout-1";
    this.#stepUs = options.stepUs ?? 1000;
    const rootThreadId = options.rootThreadId ?? "root";
    this.event({ type: "rollout_started", trace_id: "trace-1", root_thread_id: rootThreadId });
    this.root = this.thread(rootThreadId, { agentPath: "/root", origin: { type: "root" } });
  }

  /** Records an event. */
  event(payload: LooseObject, place: { thread?: string | null; turn?: string | null } = {}): this {
    const seq = this.events.length + 1;
    const event = {
      schema_version: 1,
      seq,
      time_unix_us: START_US + seq * this.#stepUs,
      rollout_id: this.#rolloutId,
      thread_id: place.thread ?? null,
      turn_id: place.turn ?? null,
      payload,
    };
    this.events.push(event as unknown as RawEvent);
    return this;
  }

  /** Stores a payload and gives the reference to it. */
  payload(kind: PayloadKind, value: JsonValue, id: string = this.next("payload")): PayloadRef {
    this.payloads.set(id, { kind, value });
    return { payload_id: id as PayloadId, kind };
  }

  /** `name-1`, `name-2`, … */
  next(name: string): string {
    const count = (this.#counters.get(name) ?? 0) + 1;
    this.#counters.set(name, count);
    return `${name}-${count}`;
  }

  thread(id: string, options: { agentPath: string; origin: LooseObject }): ThreadBuilder {
    this.event({
      type: "thread_started",
      thread_id: id,
      agent_path: options.agentPath,
      origin: options.origin,
    });
    return new ThreadBuilder(this, id);
  }

  /** A child of the root thread. */
  child(id: string, agentPath = `/root/${id}`, parent: ThreadBuilder = this.root): ThreadBuilder {
    return this.thread(id, { agentPath, origin: { type: "spawned", parent_thread_id: parent.id } });
  }

  end(status: RolloutStatus = "completed"): this {
    return this.event({ type: "rollout_ended", status });
  }

  complete(): this {
    return this.event({ type: "recording_completed" });
  }

  source(): RolloutSource {
    return memorySource(this.#rolloutId, this);
  }
}

export class ThreadBuilder {
  readonly rollout: RolloutBuilder;
  readonly id: string;

  constructor(rollout: RolloutBuilder, id: string) {
    this.rollout = rollout;
    this.id = id;
  }

  turn(id: string = this.rollout.next("turn")): TurnBuilder {
    this.rollout.event(
      { type: "turn_started", turn_id: id, thread_id: this.id },
      { thread: this.id, turn: id },
    );
    return new TurnBuilder(this, id);
  }

  end(status: ExecutionStatus = "completed"): this {
    this.rollout.event({ type: "thread_ended", thread_id: this.id, status });
    return this;
  }

  resume(): this {
    this.rollout.event({ type: "thread_resumed", thread_id: this.id });
    return this;
  }
}

const REQUEST_KEY = { openai_responses: "input", openai_chat: "messages", anthropic_messages: "messages" };
const RESPONSE_KEY = {
  openai_responses: "output_items",
  openai_chat: "choices",
  anthropic_messages: "content",
};

interface RequestOptions {
  readonly id?: string;
  readonly mode?: LooseObject;
  /** Decides under which key the request has its elements, and the response too. Default `openai_responses`. */
  readonly dialect?: Dialect;
  /** What else the request has, such as `system`. */
  readonly fields?: JsonObject;
  readonly model?: string;
}

interface ToolOptions {
  /** Default: that of the call. */
  readonly callId?: string | null;
  /** Default `{type: "other", name: <label>}`. */
  readonly kind?: ToolKind;
  /** Default `tool`. */
  readonly label?: string;
  /** The runtime cell id of the requester. Default: the model asks. */
  readonly cell?: string;
  readonly host?: boolean;
  /** Arguments of a function call. */
  readonly input?: JsonValue;
}

export class TurnBuilder {
  readonly thread: ThreadBuilder;
  readonly id: string;

  constructor(thread: ThreadBuilder, id: string) {
    this.thread = thread;
    this.id = id;
  }

  event(payload: LooseObject): this {
    this.thread.rollout.event(payload, { thread: this.thread.id, turn: this.id });
    return this;
  }

  request(input: readonly JsonValue[], options: RequestOptions = {}): InferenceBuilder {
    const { rollout } = this.thread;
    const id = options.id ?? rollout.next("inference");
    const dialect = options.dialect ?? "openai_responses";
    this.event({
      type: "inference_started",
      inference_call_id: id,
      thread_id: this.thread.id,
      turn_id: this.id,
      model: options.model ?? "model-1",
      provider: "provider-1",
      dialect,
      input_mode: options.mode ?? { type: "full" },
      request: rollout.payload("inference_request", {
        ...options.fields,
        [REQUEST_KEY[dialect]]: [...input],
      }),
    });
    return new InferenceBuilder(this, { id, dialect });
  }

  tool(id: string, options: ToolOptions = {}): ToolCallBuilder {
    const { rollout } = this.thread;
    const label = options.label ?? "tool";
    const isNested = options.cell !== undefined;
    const callId =
      options.callId === undefined ? (isNested || options.host === true ? null : id) : options.callId;
    this.event({
      type: "tool_call_started",
      tool_call_id: id,
      requester:
        options.cell !== undefined
          ? { type: "code_cell", runtime_cell_id: options.cell }
          : { type: options.host === true ? "host" : "model" },
      model_visible_call_id: callId,
      kind: options.kind ?? { type: "other", name: label },
      label,
      invocation:
        options.input === undefined
          ? null
          : rollout.payload("tool_invocation", {
              tool_name: label,
              payload: { type: "function", arguments: JSON.stringify(options.input) },
            }),
    });
    return new ToolCallBuilder(this, id);
  }

  cell(runtimeId: string, callId: string, source = "text(1)"): CellBuilder {
    this.event({
      type: "code_cell_started",
      runtime_cell_id: runtimeId,
      model_visible_call_id: callId,
      source,
    });
    return new CellBuilder(this, runtimeId);
  }

  accept(itemId: string, item?: JsonValue): this {
    const ref = item === undefined ? null : this.thread.rollout.payload("protocol_event", item);
    return this.event({ type: "history_item_accepted", item_id: itemId, item: ref });
  }

  compact(id: string, history: { input: readonly JsonValue[]; replacement: readonly JsonValue[] }): this {
    const checkpoint = { input_history: [...history.input], replacement_history: [...history.replacement] };
    return this.event({
      type: "compaction_installed",
      compaction_id: id,
      checkpoint: this.thread.rollout.payload("compaction_checkpoint", checkpoint),
    });
  }

  end(status: ExecutionStatus = "completed"): this {
    return this.event({ type: "turn_ended", turn_id: this.id, status });
  }
}

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
    const response = partial === undefined ? null : this.#response([...partial]);
    this.#turn.event({
      type: "inference_failed",
      inference_call_id: this.id,
      error,
      partial_response: response,
    });
    return this;
  }

  cancel(reason: string, partial?: readonly JsonValue[]): this {
    const response = partial === undefined ? null : this.#response([...partial]);
    this.#turn.event({
      type: "inference_cancelled",
      inference_call_id: this.id,
      reason,
      partial_response: response,
    });
    return this;
  }

  #response(output: readonly JsonValue[], usage: JsonObject = {}): PayloadRef {
    const value = { ...usage, [RESPONSE_KEY[this.#dialect]]: output };
    return this.#turn.thread.rollout.payload("inference_response", value);
  }
}

interface ToolEndOptions {
  readonly cause?: ToolEndCause;
  readonly result?: JsonValue;
  readonly sizes?: ToolOutputSizes;
}

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

  cancel(cause: "model" | "turn_interrupted" | "host", callId: string | null = null): this {
    this.#turn.event({
      type: "code_cell_cancel_requested",
      runtime_cell_id: this.id,
      model_visible_call_id: callId,
      cause,
    });
    return this;
  }

  end(status: FinalCellStatus = "completed"): this {
    this.#turn.event({ type: "code_cell_ended", runtime_cell_id: this.id, status });
    return this;
  }
}
