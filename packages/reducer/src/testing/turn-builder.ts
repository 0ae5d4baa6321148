/** The builder of a turn, which starts what runs within it. */
import type { Dialect, ExecutionStatus, JsonObject, JsonValue, ToolKind } from "@rollout-trace/protocol";
import { CellBuilder, InferenceBuilder, ToolCallBuilder } from "./call-builders.ts";
import type { LooseObject, ThreadBuilder } from "./rollout-builder.ts";

const REQUEST_KEY = { openai_responses: "input", openai_chat: "messages", anthropic_messages: "messages" };

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
  /** What the cell itself calls the call. */
  readonly runtimeId?: string;
  readonly host?: boolean;
  /** Arguments of a function call. */
  readonly input?: JsonValue;
}

/** A turn that runs: records what starts within it. Everything happens when it is called for, one event after the other. */
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
      ...(options.runtimeId === undefined ? {} : { runtime_tool_call_id: options.runtimeId }),
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
