/**
 * A span of the recorder while it is open, and how code runs in it.
 *
 * Total: an SDK, a span processor or a sampler that throws costs the span and nothing else.
 */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { ERROR_TYPE, OTHER_ERROR, ROLLOUT_TRACE, TOOL_CALL_SPAN_KEY } from "@rollout-trace/protocol";
import type { ThreadSpans } from "./thread-spans.ts";

const SCOPE = createContextKey("rollout_trace.scope");
const TOOL_CALL_SPAN = createContextKey(TOOL_CALL_SPAN_KEY);

export interface SpanStart {
  readonly name: string;
  /** Default: internal. */
  readonly kind?: SpanKind | undefined;
  readonly attributes: Attributes;
  readonly links?: readonly Link[] | undefined;
  readonly parent: Context;
  readonly thread: ThreadSpans;
  /** The span of the turn; null for that itself. */
  readonly turn: ActiveSpan | null;
  /** Whether what runs in it runs in a tool call. */
  readonly isToolCall?: boolean | undefined;
  /** The inference call that it is of. */
  readonly inferenceCallId?: string | undefined;
}

/** How a span ends. */
export interface SpanEnd {
  /** What `rollout_trace.status` says. */
  readonly status: string;
  /** Set for what failed: a class of errors. */
  readonly errorType?: string | undefined;
  /** Set for what failed; for a person. */
  readonly message?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

export class ActiveSpan {
  readonly spanContext: SpanContext;
  /** The context of what runs in the span. */
  readonly context: Context;
  /** What the span was started in. */
  readonly parent: Context;
  readonly thread: ThreadSpans;
  /** The span of the turn; a turn's own is itself. */
  readonly turn: ActiveSpan;
  readonly inferenceCallId: string | undefined;
  readonly #span: Span;
  readonly #isToolCall: boolean;

  private constructor(span: Span, { parent, thread, turn, isToolCall = false, inferenceCallId }: SpanStart) {
    this.#span = span;
    this.inferenceCallId = inferenceCallId;
    this.#isToolCall = isToolCall;
    this.spanContext = span.spanContext();
    this.parent = parent;
    this.thread = thread;
    this.turn = turn ?? this;
    this.context = this.#in(parent);
  }

  /** Null when the SDK fails, or what the host gave cannot be read. */
  static start(tracer: Tracer, make: () => SpanStart): ActiveSpan | null {
    try {
      const start = make();
      const { name, kind = SpanKind.INTERNAL, attributes, links, parent } = start;
      const options: SpanOptions = { kind, attributes };
      if (links !== undefined && links.length > 0) options.links = [...links];
      return new ActiveSpan(tracer.startSpan(name, options, parent), start);
    } catch {
      return null;
    }
  }

  /** Whether anybody will see the attributes. */
  get isRecording(): boolean {
    return this.#span.isRecording();
  }

  set(attributes: () => Attributes): void {
    this.#safely(() => void this.#span.setAttributes(attributes()));
  }

  event(name: string, attributes: () => Attributes): void {
    this.#safely(() => void this.#span.addEvent(name, attributes()));
  }

  link(link: () => Link): void {
    this.#safely(() => void this.#span.addLink(link()));
  }

  end(end: () => SpanEnd): void {
    this.#safely(() => {
      const { status, errorType, message, attributes } = end();
      this.#span.setAttribute(ROLLOUT_TRACE.status, status);
      if (attributes !== undefined) this.#span.setAttributes(attributes);
      if (errorType === undefined) return;
      this.#span.setAttribute(ERROR_TYPE, errorType);
      this.#span.setStatus({
        code: SpanStatusCode.ERROR,
        ...(message === undefined ? {} : { message }),
      });
    });
    try {
      this.#span.end();
    } catch {
      // A span processor of the host's failed.
    }
  }

  /** Runs `fn` in the span; what the caller's context holds besides a span goes with it. */
  run<Result>(fn: () => Result): Result {
    return context.with(this.#in(context.active()), fn);
  }

  #in(base: Context): Context {
    const inSpan = trace.setSpan(base, this.#span).setValue(SCOPE, this);
    return this.#isToolCall ? inSpan.setValue(TOOL_CALL_SPAN, this.#span) : inSpan;
  }

  #safely(work: () => void): void {
    try {
      if (this.#span.isRecording()) work();
    } catch {
      // What the host gave cannot be read, or its SDK failed.
    }
  }
}

/** The recorder's span that a context lies in, with any number of the host's own spans between. */
export function scopeOf(of: Context): ActiveSpan | null {
  const scope = of.getValue(SCOPE);
  return scope instanceof ActiveSpan ? scope : null;
}

/** How something ends that says no more than its status. */
export function endOfStatus(status: string): SpanEnd {
  return { status, errorType: status === "failed" ? OTHER_ERROR : undefined };
}
