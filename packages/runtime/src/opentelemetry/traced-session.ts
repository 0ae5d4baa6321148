/** A session whose requests carry the caller's context to the spans of what they start. */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import type {
  CodeModeObserver,
  CodeModeSession,
  ExecuteRequest,
  PendingOutcome,
  StartedCell,
  TerminateRequest,
  WaitOutcome,
  WaitRequest,
  WaitToPendingOutcome,
  WaitToPendingRequest,
} from "@rollout-trace/protocol";
import { execKey, SessionSpans, waitKey } from "./session-spans.ts";

type Session = CodeModeSession & AsyncDisposable;

/**
 * Makes a session that opens spans if that is wanted: an SDK is registered by now, and the observer opens none itself. `open` is
 * given the observer to use.
 */
export function withSpans(
  observer: CodeModeObserver | undefined,
  open: (observer: CodeModeObserver | undefined) => Session,
): Session {
  if (observer?.tracesSpans === true || !hasSdk()) return open(observer);
  const spans = new SessionSpans(observer);
  return new TracedSession(open(spans), spans);
}

/** The API hands out a proxy, which gives no tracer as long as no SDK stands behind it. */
function hasSdk(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("") !== undefined;
}

class TracedSession implements CodeModeSession, AsyncDisposable {
  readonly #session: Session;
  readonly #spans: SessionSpans;

  constructor(session: Session, spans: SessionSpans) {
    this.#session = session;
    this.#spans = spans;
  }

  execute(request: ExecuteRequest): Promise<StartedCell> {
    return this.#spans.from(execKey(request.toolCallId), () => this.#session.execute(request));
  }

  executeToPending(request: ExecuteRequest): Promise<PendingOutcome> {
    return this.#spans.from(execKey(request.toolCallId), () => this.#session.executeToPending(request));
  }

  wait(request: WaitRequest): Promise<WaitOutcome> {
    return this.#spans.from(waitKey(request.cellId, request.toolCallId), () => this.#session.wait(request));
  }

  waitToPending(request: WaitToPendingRequest): Promise<WaitToPendingOutcome> {
    const key = waitKey(request.cellId, request.toolCallId);
    return this.#spans.from(key, () => this.#session.waitToPending(request));
  }

  terminate(request: TerminateRequest): Promise<WaitOutcome> {
    return this.#session.terminate(request);
  }

  shutdown(): Promise<void> {
    return this.#session.shutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
