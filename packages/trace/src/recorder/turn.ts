/** One activation of an agent's loop, while it is being recorded. */
import { isPromise } from "node:util/types";
import type { CodeModeObserver, ProviderItemId, TurnId } from "@rollout-trace/protocol";
import { otherOf, protocolEventOf } from "./breadcrumbs.ts";
import { RecordingCodeModeObserver } from "./code-cell.ts";
import { RecordingCompaction } from "./compaction.ts";
import { type ActiveSpan, endOfStatus } from "../opentelemetry/active-span.ts";
import { tellDroppedSpans } from "../opentelemetry/host-spans.ts";
import { runInContext } from "./context.ts";
import type {
  CompactionOptions,
  CompactionTrace,
  EndStatus,
  HistoryItemOptions,
  InferenceTrace,
  Lazy,
  OtherOptions,
  StartInferenceOptions,
  StartToolCallOptions,
  ToolCallTrace,
  TraceToolOptions,
  TurnTrace,
} from "./handles.ts";
import { asIdOrThrow } from "./ids.ts";
import { RecordingInference } from "./inference.ts";
import type { RolloutRecorder, Scope } from "./rollout-recorder.ts";
import type { RecordingThread } from "./thread.ts";
import { BY_HOST, RecordingToolCall } from "./tool-call.ts";

export class RecordingTurn implements TurnTrace {
  readonly enabled = true;
  readonly thread: RecordingThread;
  readonly turnId: TurnId;
  /** Set by the thread once the turn's start is recorded. */
  span: ActiveSpan | null = null;
  readonly #scope: Scope;
  #hasEnded = false;

  constructor(thread: RecordingThread, turnId: TurnId) {
    this.thread = thread;
    this.turnId = turnId;
    this.#scope = { threadId: thread.threadId, turnId };
  }

  get #recorder(): RolloutRecorder {
    return this.thread.recorder;
  }

  startInference(options: StartInferenceOptions): InferenceTrace {
    return new RecordingInference(this, options);
  }

  startToolCall(options: StartToolCallOptions): ToolCallTrace {
    return new RecordingToolCall(this.thread, this, this.#scope, options, BY_HOST);
  }

  traceTool<Result>(
    options: TraceToolOptions<Awaited<Result>>,
    fn: (toolCall: ToolCallTrace) => Result,
  ): Result {
    const call = new RecordingToolCall(this.thread, this, this.#scope, options, BY_HOST);
    let returned: Result;
    try {
      returned = call.run(() => fn(call));
    } catch (error) {
      call.failed(error);
      throw error;
    }
    const succeed = (value: Awaited<Result>): void => {
      const item = (): unknown => (options.item === undefined ? value : options.item(value));
      const outputPreview = typeof value === "string" ? value : undefined;
      call.ended({ outputPreview, result: () => ({ type: "direct", item: item() ?? null }) });
    };
    if (isPromise(returned)) {
      try {
        // The host gets the very promise that its tool made; this only listens to it.
        returned.then(
          (value) => succeed(value as Awaited<Result>),
          (error: unknown) => call.failed(error),
        );
      } catch {
        // A promise with a `then` of its own that throws: nothing will be known of its end.
      }
    } else succeed(returned as Awaited<Result>);
    return returned;
  }

  historyItemAccepted(options: HistoryItemOptions): void {
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "history_item_accepted",
      item_id: asIdOrThrow<ProviderItemId>(options.itemId, "an accepted item"),
      item: options.item === undefined ? null : evidence("other", options.item),
    }));
  }

  compaction(options: CompactionOptions = {}): CompactionTrace {
    return new RecordingCompaction(this.thread, this.span, this.#scope, options);
  }

  protocolEvent(eventType: string, event: Lazy): void {
    this.#recorder.record(this.#scope, (evidence) => protocolEventOf(eventType, event, evidence));
  }

  other(options: OtherOptions): void {
    this.#recorder.record(this.#scope, (evidence) => otherOf(options, evidence));
  }

  codeModeObserver(): CodeModeObserver {
    return new RecordingCodeModeObserver(this.thread, this);
  }

  run<Result>(fn: () => Result): Result {
    return runInContext({ thread: this.thread, turn: this, toolCall: null }, fn, this.span);
  }

  end(status: EndStatus = "completed"): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.thread.turnEnded(this);
    tellDroppedSpans(this.#recorder, this.#scope);
    this.#recorder.record(this.#scope, () => ({ type: "turn_ended", turn_id: this.turnId, status }));
    this.span?.end(() => endOfStatus(status));
  }
}
