/** The replacement of a thread's live history, while it is being recorded. */
import type {
  CompactionCheckpoint,
  CompactionId,
  CompactionRequestId,
  ThreadId,
  TurnId,
} from "@rollout-trace/protocol";
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

export class RecordingCompaction implements CompactionTrace {
  readonly enabled = true;
  readonly compactionId: CompactionId;
  readonly #recorder: RolloutRecorder;
  readonly #scope: Scope;

  constructor(recorder: RolloutRecorder, scope: Scope, options: CompactionOptions) {
    this.compactionId = idOr(() => options.compactionId);
    this.#recorder = recorder;
    this.#scope = scope;
  }

  startRequest(options: CompactionRequestOptions): CompactionRequestTrace {
    const ids = {
      compaction_id: this.compactionId,
      compaction_request_id: idOr<CompactionRequestId>(() => options.compactionRequestId),
    };
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "compaction_request_started",
      ...ids,
      thread_id: asIdOrThrow<ThreadId>(this.#scope.threadId, "a compaction's thread"),
      turn_id: asIdOrThrow<TurnId>(this.#scope.turnId, "a compaction's turn"),
      model: String(options.model),
      provider: String(options.provider),
      request: evidence("compaction_request", options.request),
    }));
    return new RecordingCompactionRequest(this.#recorder, this.#scope, ids);
  }

  installed(checkpoint: Lazy<Recordable<CompactionCheckpoint>>): void {
    this.#recorder.record(this.#scope, (evidence) => ({
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
  #hasEnded = false;

  constructor(recorder: RolloutRecorder, scope: Scope, ids: RequestIds) {
    this.#recorder = recorder;
    this.#scope = scope;
    this.#ids = ids;
  }

  completed(options: { readonly response: Lazy }): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "compaction_request_completed",
      ...this.#ids,
      response: evidence("compaction_response", options.response),
    }));
  }

  failed(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#recorder.record(this.#scope, () => ({
      type: "compaction_request_failed",
      ...this.#ids,
      error: messageOf(error),
    }));
  }
}
