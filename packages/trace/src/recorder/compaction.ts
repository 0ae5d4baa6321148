/** The replacement of a thread's live history, while it is being recorded. */
import type {
  CompactionCheckpoint,
  CompactionId,
  CompactionRequestId,
  ThreadId,
  TurnId,
} from "@rollout-trace/protocol";
import type { ActiveSpan } from "../opentelemetry/active-span.ts";
import { ModelSpan } from "../opentelemetry/model-span.ts";
import { buildOf, Noted } from "../opentelemetry/noted.ts";
import { messageOf } from "../trace-store-error.ts";
import type {
  CompactionOptions,
  CompactionRequestOptions,
  CompactionRequestTrace,
  CompactionTrace,
  Lazy,
  Recordable,
} from "./handles.ts";
import { asIdOrThrow, idOr } from "./ids.ts";
import type { RolloutRecorder, Scope } from "./rollout-recorder.ts";
import type { RecordingThread } from "./thread.ts";

export class RecordingCompaction implements CompactionTrace {
  readonly enabled = true;
  readonly compactionId: CompactionId;
  readonly #thread: RecordingThread;
  readonly #turn: ActiveSpan | null;
  readonly #scope: Scope;

  constructor(thread: RecordingThread, turn: ActiveSpan | null, scope: Scope, options: CompactionOptions) {
    this.compactionId = idOr(() => options.compactionId);
    this.#thread = thread;
    this.#turn = turn;
    this.#scope = scope;
  }

  startRequest(options: CompactionRequestOptions): CompactionRequestTrace {
    const ids = {
      compaction_id: this.compactionId,
      compaction_request_id: idOr<CompactionRequestId>(() => options.compactionRequestId),
    };
    const { recorder, spans } = this.#thread;
    const request = spans.enabled ? new Noted(() => options.request()) : null;
    const seq = recorder.record(this.#scope, (evidence) => ({
      type: "compaction_request_started",
      ...ids,
      thread_id: asIdOrThrow<ThreadId>(this.#scope.threadId, "a compaction's thread"),
      turn_id: asIdOrThrow<TurnId>(this.#scope.turnId, "a compaction's turn"),
      model: String(options.model),
      provider: String(options.provider),
      request: evidence("compaction_request", buildOf(request, options.request)),
    }));
    const span =
      request === null
        ? null
        : ModelSpan.start(
            spans,
            {
              turn: this.#turn,
              turnId: this.#scope.turnId,
              seq,
              id: ids.compaction_request_id,
              asked: options,
              compactionId: ids.compaction_id,
            },
            { dialect: null, request: request.value, redact: (text) => recorder.redact(text) },
          );
    return new RecordingCompactionRequest(recorder, this.#scope, ids, span);
  }

  installed(checkpoint: Lazy<Recordable<CompactionCheckpoint>>): void {
    this.#thread.recorder.record(this.#scope, (evidence) => ({
      type: "compaction_installed",
      compaction_id: this.compactionId,
      checkpoint: evidence("compaction_checkpoint", checkpoint),
    }));
  }
}

interface RequestIds {
  readonly compaction_id: CompactionId;
  readonly compaction_request_id: CompactionRequestId;
}

class RecordingCompactionRequest implements CompactionRequestTrace {
  readonly #recorder: RolloutRecorder;
  readonly #scope: Scope;
  readonly #ids: RequestIds;
  readonly #span: ModelSpan | null;
  #hasEnded = false;

  constructor(recorder: RolloutRecorder, scope: Scope, ids: RequestIds, span: ModelSpan | null) {
    this.#recorder = recorder;
    this.#scope = scope;
    this.#ids = ids;
    this.#span = span;
  }

  completed(options: { readonly response: Lazy }): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const response = this.#span === null ? null : new Noted(() => options.response());
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "compaction_request_completed",
      ...this.#ids,
      response: evidence("compaction_response", buildOf(response, options.response)),
    }));
    this.#span?.completed(null, response?.value);
  }

  failed(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#recorder.record(this.#scope, () => ({
      type: "compaction_request_failed",
      ...this.#ids,
      error: messageOf(error),
    }));
    this.#span?.failed(error);
  }
}
