/** One request to a model, while it is being recorded. */
import type { InferenceCallId, InferenceFailed, InputMode, TurnId } from "@rollout-trace/protocol";
import { messageOf } from "../trace-store-error.ts";
import type {
  InferenceCancelledOptions,
  InferenceCompletedOptions,
  InferenceFailedOptions,
  InferenceInputMode,
  InferenceTrace,
  StartInferenceOptions,
} from "./handles.ts";
import { idOr } from "./ids.ts";
import type { Evidence, RolloutRecorder, Scope } from "./rollout-recorder.ts";
import type { RecordingThread } from "./thread.ts";

export class RecordingInference implements InferenceTrace {
  readonly enabled = true;
  readonly inferenceCallId: InferenceCallId;
  readonly #recorder: RolloutRecorder;
  readonly #scope: Scope;
  #hasEnded = false;

  constructor(thread: RecordingThread, turnId: TurnId, options: StartInferenceOptions) {
    this.inferenceCallId = idOr(() => options.inferenceCallId);
    this.#recorder = thread.recorder;
    this.#scope = { threadId: thread.threadId, turnId };
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_started",
      inference_call_id: this.inferenceCallId,
      thread_id: thread.threadId,
      turn_id: turnId,
      model: String(options.model),
      provider: String(options.provider),
      dialect: options.dialect,
      input_mode: inputModeOf(options.inputMode, evidence),
      request: evidence("inference_request", options.request),
    }));
  }

  completed(options: InferenceCompletedOptions): void {
    if (!this.#claimEnd()) return;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_completed",
      inference_call_id: this.inferenceCallId,
      response_id: options.responseId ?? null,
      upstream_request_id: options.upstreamRequestId ?? null,
      response: evidence("inference_response", options.response),
    }));
  }

  failed(options: InferenceFailedOptions): void {
    if (!this.#claimEnd()) return;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_failed",
      inference_call_id: this.inferenceCallId,
      error: messageOf(options.error),
      ...rest(options, evidence),
    }));
  }

  cancelled(options: InferenceCancelledOptions): void {
    if (!this.#claimEnd()) return;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_cancelled",
      inference_call_id: this.inferenceCallId,
      reason: String(options.reason),
      ...rest(options, evidence),
    }));
  }

  #claimEnd(): boolean {
    const isFirst = !this.#hasEnded;
    this.#hasEnded = true;
    return isFirst;
  }
}

function rest(
  { upstreamRequestId, partialResponse }: Omit<InferenceFailedOptions, "error">,
  evidence: Evidence,
): Pick<InferenceFailed, "upstream_request_id" | "partial_response"> {
  return {
    upstream_request_id: upstreamRequestId ?? null,
    partial_response: partialResponse === undefined ? null : evidence("inference_response", partialResponse),
  };
}

function inputModeOf(mode: InferenceInputMode = { type: "full" }, evidence: Evidence): InputMode {
  if (mode.type === "full") return { type: "full" };
  const previous_response_id = String(mode.previousResponseId);
  if (mode.type === "incremental") return { type: "incremental", previous_response_id };
  return { type: mode.type, previous_response_id, prefix: evidence("other", mode.prefix) };
}
