/** One dispatch at the host's tool boundary, while it is being recorded. */
import {
  type ModelVisibleCallId,
  type PayloadOf,
  type RuntimeToolCallId,
  type ThreadId,
  type ToolCallId,
  type ToolEndCause,
  type ToolKind,
} from "@rollout-trace/protocol";
import type { ActiveSpan } from "../opentelemetry/active-span.ts";
import { buildOf, Noted } from "../opentelemetry/noted.ts";
import { toolArguments, toolEnd } from "../opentelemetry/tool-facts.ts";
import { tellsContent } from "../opentelemetry/tracer.ts";
import { messageOf } from "../trace-store-error.ts";
import { runInContext } from "./context.ts";
import type {
  AgentInteractionEndedOptions,
  AgentInteractionOptions,
  EndStatus,
  Lazy,
  StartToolCallOptions,
  ToolCallEndedOptions,
  ToolCallTrace,
} from "./handles.ts";
import { given } from "./given.ts";
import { asIdOrThrow, idOr, optionalId } from "./ids.ts";
import type { Evidence, RolloutRecorder, Scope } from "./rollout-recorder.ts";
import type { RecordingThread } from "./thread.ts";
import type { RecordingTurn } from "./turn.ts";

/**
 * Who says that the call ended: the host, through the handle, or the session of the cell that asked for it; and the span of
 * that cell.
 */
export interface CallOrigin {
  readonly endedBy: "host" | "session";
  readonly cell: ActiveSpan | null;
}

export const BY_HOST: CallOrigin = Object.freeze({ endedBy: "host", cell: null });

export class RecordingToolCall implements ToolCallTrace {
  readonly enabled = true;
  readonly toolCallId: ToolCallId;
  readonly #thread: RecordingThread;
  readonly #turn: RecordingTurn | null;
  readonly #scope: Scope;
  readonly #origin: CallOrigin;
  /** For the span; null without one. */
  readonly #modelVisibleCallId: ModelVisibleCallId | null;
  readonly #span: ActiveSpan | null;
  #hasEnded = false;
  #hasDelivered = false;

  constructor(
    thread: RecordingThread,
    turn: RecordingTurn | null,
    scope: Scope,
    options: StartToolCallOptions,
    origin: CallOrigin,
  ) {
    this.toolCallId = idOr(() => options.toolCallId);
    this.#thread = thread;
    this.#turn = turn;
    this.#scope = scope;
    this.#origin = origin;
    const invocation = thread.spans.enabled ? new Noted(() => options.invocation?.()) : null;
    const seq = this.#recorder.record(scope, (evidence) => ({
      type: "tool_call_started",
      tool_call_id: this.toolCallId,
      requester: options.requester ?? { type: "model" },
      model_visible_call_id: optionalId<ModelVisibleCallId>(options.modelVisibleCallId),
      runtime_tool_call_id: optionalId<RuntimeToolCallId>(options.runtimeToolCallId),
      kind: options.kind,
      label: options.label ?? labelOf(options.kind),
      input_preview: options.inputPreview === undefined ? null : this.#recorder.preview(options.inputPreview),
      invocation:
        options.invocation === undefined
          ? null
          : evidence("tool_invocation", buildOf(invocation, options.invocation)),
    }));
    this.#modelVisibleCallId =
      invocation === null ? null : (given(() => optionalId(options.modelVisibleCallId)) ?? null);
    this.#span = invocation === null ? null : this.#startSpan(options, seq, invocation);
  }

  get #recorder(): RolloutRecorder {
    return this.#thread.recorder;
  }

  runtimeStarted(runtime: Lazy, options: { readonly kind?: ToolKind | undefined } = {}): void {
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "tool_call_runtime_started",
      tool_call_id: this.toolCallId,
      kind: options.kind ?? null,
      runtime: evidence("tool_runtime_event", runtime),
    }));
  }

  runtimeEnded(runtime: Lazy, status: EndStatus = "completed"): void {
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "tool_call_runtime_ended",
      tool_call_id: this.toolCallId,
      status,
      runtime: evidence("tool_runtime_event", runtime),
    }));
  }

  mcpCallAssigned(mcpCallId: string): void {
    this.#recorder.record(this.#scope, () => ({
      type: "mcp_call_assigned",
      tool_call_id: this.toolCallId,
      mcp_call_id: String(mcpCallId),
    }));
  }

  agentInteractionStarted(options: AgentInteractionOptions): void {
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "agent_interaction_started",
      tool_call_id: this.toolCallId,
      ...interactionOf(options, evidence),
    }));
    given(() => this.#deliver(options));
  }

  agentInteractionEnded(options: AgentInteractionEndedOptions): void {
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "agent_interaction_ended",
      tool_call_id: this.toolCallId,
      ...interactionOf(options, evidence),
      status: options.status ?? "completed",
    }));
    given(() => this.#deliver(options));
  }

  stdinTarget(execToolCallId: string): void {
    this.#recorder.record(this.#scope, () => ({
      type: "stdin_target_resolved",
      tool_call_id: this.toolCallId,
      exec_tool_call_id: asIdOrThrow<ToolCallId>(execToolCallId, "the exec call"),
    }));
  }

  ended(options: ToolCallEndedOptions = {}): void {
    if (this.#origin.endedBy === "host") this.recordEnd(options);
  }

  failed(error: unknown): void {
    if (this.#origin.endedBy !== "host") return;
    this.recordEnd({ ...endOf(error), result: () => ({ type: "error", error: messageOf(error) }) }, error);
  }

  /** The end itself, from whoever may say it. The first one counts. */
  recordEnd(options: ToolCallEndedOptions, error?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const result = this.#span === null ? null : new Noted(() => options.result?.());
    this.#recorder.record(this.#scope, (evidence) => {
      const { status = "completed", sizes } = options;
      return {
        type: "tool_call_ended",
        tool_call_id: this.toolCallId,
        status,
        end_cause: options.endCause ?? CAUSE_BY_STATUS[status],
        result:
          options.result === undefined ? null : evidence("tool_result", buildOf(result, options.result)),
        output_preview:
          options.outputPreview === undefined ? null : this.#recorder.preview(options.outputPreview),
        sizes:
          sizes === undefined
            ? null
            : { produced_bytes: sizes.produced_bytes, to_requester_bytes: sizes.to_requester_bytes },
      };
    });
    if (this.#span === null) return;
    this.#thread.spans.toolCallEnded(this.#span, this.#modelVisibleCallId);
    const redact = (text: string): string => this.#recorder.redact(text);
    this.#span.end(() => toolEnd(options, { error, result: result?.value, redact }));
  }

  run<Result>(fn: () => Result): Result {
    const context = { thread: this.#thread, turn: this.#turn, toolCall: this };
    return runInContext(context, fn, this.#span);
  }

  #startSpan(options: StartToolCallOptions, seq: number | null, invocation: Noted): ActiveSpan | null {
    const span = given(() =>
      this.#thread.spans.startToolCall({
        turn: this.#turn?.span ?? null,
        turnId: this.#scope.turnId,
        seq,
        id: this.toolCallId,
        kind: options.kind,
        label: options.label ?? labelOf(options.kind),
        modelVisibleCallId: this.#modelVisibleCallId,
        cell: this.#origin.cell,
      }),
    );
    if (tellsContent()) {
      span?.set(() => toolArguments(invocation.value, (text) => this.#recorder.redact(text)));
    }
    return span ?? null;
  }

  /** What this agent says to another reaches it by way of this call. */
  #deliver({ kind, targetThreadId }: AgentInteractionOptions): void {
    if (this.#span === null || kind === "close_agent" || this.#hasDelivered) return;
    const target = optionalId<ThreadId>(targetThreadId);
    if (target === null) return;
    this.#hasDelivered = true;
    this.#thread.spans.deliver(this.#span, kind, target);
  }
}

/** A cancelled or aborted call may have been cancelled by anybody; only the host can say. */
const CAUSE_BY_STATUS: Readonly<Record<EndStatus, ToolEndCause | null>> = {
  completed: "returned",
  failed: "error",
  cancelled: null,
  aborted: null,
};

function endOf(error: unknown): Pick<ToolCallEndedOptions, "status" | "endCause"> {
  const name = given(() => (error instanceof Error ? error.name : undefined));
  if (name === "AbortError") return { status: "cancelled" };
  if (name === "TimeoutError") return { status: "failed", endCause: "timeout" };
  return { status: "failed", endCause: "error" };
}

function labelOf(kind: ToolKind): string {
  switch (kind.type) {
    case "mcp":
      return `${kind.server}.${kind.tool}`;
    case "other":
      return kind.name;
    default:
      return kind.type;
  }
}

function interactionOf(
  { kind, targetThreadId, message, runtime }: AgentInteractionOptions,
  evidence: Evidence,
): Omit<PayloadOf<"agent_interaction_started">, "type" | "tool_call_id"> {
  return {
    kind,
    target_thread_id: optionalId<ThreadId>(targetThreadId),
    message: message ?? null,
    runtime: runtime === undefined ? null : evidence("tool_runtime_event", runtime),
  };
}
