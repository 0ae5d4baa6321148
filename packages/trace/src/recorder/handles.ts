/**
 * What an agent host holds while it is being recorded.
 *
 * Every method is total: nothing here throws, whatever the state of the store or of the values given. A function that
 * returns a value to record is called once, at once, and only when recording is on. Handles made by a store that does not
 * record are the same types with nothing behind them (`disabledThreadTrace`).
 */
import type {
  AgentInteractionKind,
  CodeModeObserver,
  CompactionCheckpoint,
  CompactionId,
  Dialect,
  ExecutionStatus,
  InferenceCallId,
  JsonValue,
  PayloadKind,
  RolloutId,
  RolloutStatus,
  ThreadId,
  ToolCallId,
  ToolEndCause,
  ToolInvocation,
  ToolKind,
  ToolOutputSizes,
  ToolRequester,
  ToolResult,
  TurnId,
} from "@rollout-trace/protocol";

/** Builds a payload when it is wanted: any value that `JSON.stringify` takes. */
export type Lazy<Value = unknown> = () => Value;

/**
 * A payload type as a host writes it: with any value that `JSON.stringify` takes where the protocol has JSON, so that the
 * host's own interfaces fit.
 */
export type Recordable<Payload> = JsonValue extends Payload
  ? unknown
  : Payload extends object
    ? { readonly [Key in keyof Payload]: Recordable<Payload[Key]> }
    : Payload;

/** How something can end. */
export type EndStatus = Exclude<ExecutionStatus, "running">;

export interface StartTurnOptions {
  /** Default: a new id. */
  readonly turnId?: string | undefined;
}

export interface StartThreadOptions {
  /** Default: a new id. */
  readonly threadId?: string | undefined;
  readonly nickname?: string | undefined;
  readonly model?: string | undefined;
  readonly metadata?: Lazy | undefined;
}

export interface StartChildThreadOptions extends StartThreadOptions {
  /** Default: the parent's path, `/` and the task's name or, without one, the thread's id. */
  readonly agentPath?: string | undefined;
  readonly taskName?: string | undefined;
  readonly agentRole?: string | undefined;
}

export interface AgentResultOptions {
  /** What the child reported. */
  readonly message: string;
  /** Default: a new id. */
  readonly edgeId?: string | undefined;
  /** The turn that came to the result. Default: the child's latest. */
  readonly childTurnId?: string | undefined;
  /** Who gets it. Default: the thread that started this one. */
  readonly parentThreadId?: string | undefined;
  /** What travelled to the parent, where that is more than the message. */
  readonly carried?: Lazy | undefined;
}

/** Early instrumentation: something that has no event type of its own yet. */
export interface OtherOptions {
  readonly kind: string;
  /** For a person. */
  readonly summary: string;
  readonly payloads?: readonly { readonly kind: PayloadKind; readonly value: Lazy }[] | undefined;
  /** Small: it is part of the event. Default: null. */
  readonly metadata?: Lazy | undefined;
}

export interface CompactionOptions {
  /** Default: a new id. */
  readonly compactionId?: string | undefined;
}

/** One agent of a rollout. */
export interface ThreadTrace {
  /** False for a handle with nothing behind it. */
  readonly enabled: boolean;
  readonly rolloutId: RolloutId;
  readonly threadId: ThreadId;
  readonly agentPath: string;
  /** The `seq` of the rollout's last event in the file; 0 when there is none. */
  readonly lastSeq: number;
  startTurn(options?: StartTurnOptions): TurnTrace;
  /** A new agent, spawned by this one. */
  startChildThread(options?: StartChildThreadOptions): ThreadTrace;
  /** The thread had ended and goes on. */
  resume(): void;
  /** Default: `completed`. A child's end is not the rollout's end. */
  end(status?: EndStatus): void;
  /** This thread, a child, reports to its parent. */
  agentResult(options: AgentResultOptions): void;
  /** The thread's live history is about to be replaced, in its open or latest turn. */
  compaction(options?: CompactionOptions): CompactionTrace;
  /** A breadcrumb; never changes the graph. */
  protocolEvent(eventType: string, event: Lazy): void;
  /** Retained, and never changes the graph. */
  other(options: OtherOptions): void;
  /** What a code-mode session of this thread reports to. One for each session. */
  codeModeObserver(): CodeModeObserver;
  /** Runs `fn` with this thread as the current one. */
  run<Result>(fn: () => Result): Result;
  /**
   * Ends the rollout and its recording, in this order: `thread_ended` of the root unless it ended already, `rollout_ended`,
   * `recording_completed`. Whatever is recorded afterwards is dropped and counted. Default: `completed`.
   */
  endRollout(status?: Exclude<RolloutStatus, "running">): void;
}

export interface StartInferenceOptions {
  /** Default: a new id. */
  readonly inferenceCallId?: string | undefined;
  readonly model: string;
  readonly provider: string;
  readonly dialect: Dialect;
  /** Default: `full`. */
  readonly inputMode?: InferenceInputMode | undefined;
  readonly request: Lazy;
}

/** What the request's model-facing array is relative to. */
export type InferenceInputMode =
  | { readonly type: "full" }
  | { readonly type: "incremental"; readonly previousResponseId: string }
  | {
      readonly type: "incremental_untraced";
      readonly previousResponseId: string;
      /** What came before the request's own items. */
      readonly prefix: Lazy;
    };

export interface StartToolCallOptions {
  /** Default: a new id. */
  readonly toolCallId?: string | undefined;
  readonly kind: ToolKind;
  /** Default: the kind, or the name in it. */
  readonly label?: string | undefined;
  /** Default: the model. */
  readonly requester?: ToolRequester | undefined;
  readonly modelVisibleCallId?: string | undefined;
  readonly runtimeToolCallId?: string | undefined;
  /** Cut to 160 code points. */
  readonly inputPreview?: string | undefined;
  readonly invocation?: Lazy<Recordable<ToolInvocation>> | undefined;
}

export interface TraceToolOptions<Value> extends StartToolCallOptions {
  /** The output item for the model, made of what the tool returned. Default: the returned value itself. */
  readonly item?: ((value: Value) => unknown) | undefined;
}

export interface HistoryItemOptions {
  /** The id that the provider gave to the item. */
  readonly itemId: string;
  /** The item, where no request or response will carry it. */
  readonly item?: Lazy | undefined;
}

/** One activation of an agent's loop. */
export interface TurnTrace {
  readonly enabled: boolean;
  readonly thread: ThreadTrace;
  readonly turnId: TurnId;
  startInference(options: StartInferenceOptions): InferenceTrace;
  startToolCall(options: StartToolCallOptions): ToolCallTrace;
  /**
   * Runs a tool: starts the call, runs `fn` in its context and ends the call by what `fn` does. Returns or throws exactly
   * what `fn` does. An `AbortError` is recorded as cancelled, a `TimeoutError` as timed out, another error as failed.
   */
  traceTool<Result>(
    options: TraceToolOptions<Awaited<Result>>,
    fn: (toolCall: ToolCallTrace) => Result,
  ): Result;
  /** An item entered the thread's live history. */
  historyItemAccepted(options: HistoryItemOptions): void;
  compaction(options?: CompactionOptions): CompactionTrace;
  protocolEvent(eventType: string, event: Lazy): void;
  /** Retained, and never changes the graph. */
  other(options: OtherOptions): void;
  /** What a code-mode session reports to; like the thread's, with this turn until another one opens. */
  codeModeObserver(): CodeModeObserver;
  run<Result>(fn: () => Result): Result;
  /** The first end counts. Default: `completed`. */
  end(status?: EndStatus): void;
}

export interface InferenceCompletedOptions {
  readonly responseId?: string | undefined;
  readonly upstreamRequestId?: string | undefined;
  readonly response: Lazy;
}

export interface InferenceFailedOptions {
  /** Anything that was thrown, or a text. */
  readonly error: unknown;
  readonly upstreamRequestId?: string | undefined;
  readonly partialResponse?: Lazy | undefined;
}

export interface InferenceCancelledOptions {
  readonly reason: string;
  readonly upstreamRequestId?: string | undefined;
  readonly partialResponse?: Lazy | undefined;
}

/** One request to a model. Its first end counts. */
export interface InferenceTrace {
  readonly enabled: boolean;
  readonly inferenceCallId: InferenceCallId;
  completed(options: InferenceCompletedOptions): void;
  failed(options: InferenceFailedOptions): void;
  /** The host stopped reading the stream. */
  cancelled(options: InferenceCancelledOptions): void;
  /** Runs `fn`, which makes the request, with this call's turn and thread as the current ones and inside this call's span. */
  run<Result>(fn: () => Result): Result;
}

export interface ToolCallEndedOptions {
  /** Default: `completed`. */
  readonly status?: EndStatus | undefined;
  /** Default: `returned` for a completed call, `error` for a failed one, otherwise none. */
  readonly endCause?: ToolEndCause | undefined;
  readonly result?: Lazy<Recordable<ToolResult>> | undefined;
  /** Cut to 160 code points. */
  readonly outputPreview?: string | undefined;
  readonly sizes?: ToolOutputSizes | undefined;
}

export interface AgentInteractionOptions {
  readonly kind: AgentInteractionKind;
  readonly targetThreadId?: string | undefined;
  readonly message?: string | undefined;
  /** The host's own account of the interaction. */
  readonly runtime?: Lazy | undefined;
}

export interface AgentInteractionEndedOptions extends AgentInteractionOptions {
  /** Default: `completed`. */
  readonly status?: EndStatus | undefined;
}

/** One dispatch at the host's tool boundary. Its first end counts; a nested call of a cell is ended by its session alone. */
export interface ToolCallTrace {
  readonly enabled: boolean;
  readonly toolCallId: ToolCallId;
  /** `kind` is what the call turned out to be, where that is more than its dispatch knew. */
  runtimeStarted(runtime: Lazy, options?: { readonly kind?: ToolKind | undefined }): void;
  /** Default: `completed`. */
  runtimeEnded(runtime: Lazy, status?: EndStatus): void;
  /** The id sent in the MCP request's `_meta`. */
  mcpCallAssigned(mcpCallId: string): void;
  agentInteractionStarted(options: AgentInteractionOptions): void;
  agentInteractionEnded(options: AgentInteractionEndedOptions): void;
  /** A write went to the process that this exec call started. */
  stdinTarget(execToolCallId: string): void;
  ended(options?: ToolCallEndedOptions): void;
  failed(error: unknown): void;
  /** Runs `fn` with this call, its turn and its thread as the current ones. */
  run<Result>(fn: () => Result): Result;
}

export interface CompactionRequestOptions {
  /** Default: a new id. */
  readonly compactionRequestId?: string | undefined;
  readonly model: string;
  readonly provider: string;
  readonly request: Lazy;
}

/** One model request made in order to compact. Its first end counts. */
export interface CompactionRequestTrace {
  completed(options: { readonly response: Lazy }): void;
  failed(error: unknown): void;
}

/** The replacement of a thread's live history by a shorter one. */
export interface CompactionTrace {
  readonly enabled: boolean;
  readonly compactionId: CompactionId;
  startRequest(options: CompactionRequestOptions): CompactionRequestTrace;
  /** The replacement is live. */
  installed(checkpoint: Lazy<Recordable<CompactionCheckpoint>>): void;
}
