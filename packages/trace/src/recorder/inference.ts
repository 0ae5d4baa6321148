/** One request to a model, while it is being recorded. */
import type { InferenceCallId, InferenceFailed, InputMode } from "@rollout-trace/protocol";
import { ModelSpan } from "../opentelemetry/model-span.ts";
import { buildOf, Noted } from "../opentelemetry/noted.ts";
import { messageOf } from "../trace-store-error.ts";
import { currentTrace, runInContext } from "./context.ts";
import type {
  InferenceCancelledOptions,
  InferenceCompletedOptions,
  InferenceFailedOptions,
  InferenceInputMode,
  InferenceTrace,
  StartInferenceOptions,
} from "./handles.ts";
import { given } from "./given.ts";
import { idOr } from "./ids.ts";
import type { Evidence, RolloutRecorder, Scope } from "./rollout-recorder.ts";
import type { RecordingTurn } from "./turn.ts";

export class RecordingInference implements InferenceTrace {
  readonly enabled = true;
  readonly inferenceCallId: InferenceCallId;
  readonly #turn: RecordingTurn;
  readonly #recorder: RolloutRecorder;
  readonly #scope: Scope;
  readonly #span: ModelSpan | null;
  #hasEnded = false;

  constructor(turn: RecordingTurn, options: StartInferenceOptions) {
    const { thread, turnId, span } = turn;
    this.#turn = turn;
    this.inferenceCallId = idOr(() => options.inferenceCallId);
    this.#recorder = thread.recorder;
    this.#scope = { threadId: thread.threadId, turnId };
    const request = thread.spans.enabled ? new Noted(() => options.request()) : null;
    const seq = this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_started",
      inference_call_id: this.inferenceCallId,
      thread_id: thread.threadId,
      turn_id: turnId,
      model: String(options.model),
      provider: String(options.provider),
      dialect: options.dialect,
      input_mode: inputModeOf(options.inputMode, evidence),
      request: evidence("inference_request", buildOf(request, options.request)),
    }));
    this.#span =
      request === null
        ? null
        : ModelSpan.start(
            thread.spans,
            { turn: span, turnId, seq, id: this.inferenceCallId, asked: options },
            {
              dialect: given(() => options.dialect) ?? null,
              request: request.value,
              redact: (text) => this.#recorder.redact(text),
            },
          );
  }

  completed(options: InferenceCompletedOptions): void {
    if (!this.#claimEnd()) return;
    const response = this.#span === null ? null : new Noted(() => options.response());
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_completed",
      inference_call_id: this.inferenceCallId,
      response_id: options.responseId ?? null,
      upstream_request_id: options.upstreamRequestId ?? null,
      response: evidence("inference_response", buildOf(response, options.response)),
    }));
    this.#span?.completed(
      given(() => options.responseId),
      response?.value,
    );
  }

  failed(options: InferenceFailedOptions): void {
    if (!this.#claimEnd()) return;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_failed",
      inference_call_id: this.inferenceCallId,
      error: messageOf(options.error),
      ...rest(options, evidence),
    }));
    this.#span?.failed(given(() => options.error));
  }

  cancelled(options: InferenceCancelledOptions): void {
    if (!this.#claimEnd()) return;
    this.#recorder.record(this.#scope, (evidence) => ({
      type: "inference_cancelled",
      inference_call_id: this.inferenceCallId,
      reason: String(options.reason),
      ...rest(options, evidence),
    }));
    this.#span?.cancelled();
  }

  run<Result>(fn: () => Result): Result {
    const { thread } = this.#turn;
    const { turn, toolCall } = currentTrace();
    const context = { thread, turn: this.#turn, toolCall: turn === this.#turn ? toolCall : null };
    return runInContext(context, fn, this.#span?.span);
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
