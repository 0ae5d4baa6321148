/**
 * The host's own spans, written to the store of the rollout that they run in: once at their start, so that a span which never
 * ends is there after a crash, and once at their end.
 *
 * Only the shape of the SDK's types is relied on, so that the processor fits `@opentelemetry/sdk-trace` 3 and
 * `@opentelemetry/sdk-trace-base` 2 alike and this package needs neither.
 */
import type {
  Attributes,
  Context,
  HrTime,
  Link,
  SpanContext,
  SpanKind,
  SpanStatus,
} from "@opentelemetry/api";
import { trace } from "@opentelemetry/api";
import type { JsonObject, SpanId } from "@rollout-trace/protocol";
import { ROLLOUT_TRACE, SPAN_KINDS, SPAN_STATUSES, TRACER_NAMES } from "@rollout-trace/protocol";
import { currentTrace } from "../recorder/context.ts";
import type { RolloutRecorder, Scope } from "../recorder/rollout-recorder.ts";
import { RecordingThread } from "../recorder/thread.ts";
import { isAtWork } from "../store/at-work.ts";
import { TraceStoreError } from "../trace-store-error.ts";
import { scopeOf } from "./active-span.ts";
import { admitSpan, HOST_SPAN_LIMITS, type HostSpanLimits, tellDroppedSpans } from "./host-spans.ts";
import { attributesJson, linksJson, microseconds, shortened } from "./span-json.ts";

/** What the processor reads of a span that has started. */
export interface StartedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  spanContext(): SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly instrumentationScope: { readonly name: string };
}

/** And of one that has ended. */
export interface FinishedSpan extends StartedSpan {
  readonly endTime: HrTime;
  readonly status: SpanStatus;
}

export interface RolloutSpanProcessorOptions {
  /** Spans that are stored of one tool call or, outside of calls, of one turn. Default 1 000. */
  readonly maxSpansPerCall?: number | undefined;
  /** Spans that are stored of one rollout. Default 20 000. */
  readonly maxSpansPerRollout?: number | undefined;
}

/** What a span is attributed to. */
interface Attribution extends Scope {
  readonly recorder: RolloutRecorder;
  readonly toolCallId: string | null;
  /** Known where the recorder's own span of the call is around it. */
  readonly inferenceCallId: string | null;
}

/** Spans that tell what the store is told anyway. */
const OWN_SCOPES: ReadonlySet<string> = new Set(Object.values(TRACER_NAMES));

/**
 * A span processor. Spans that start outside of any rollout are none of its business; neither are the recorder's own, nor those
 * that the recorder's own statements make in an instrumented database driver. Never throws.
 *
 * ```ts
 * const provider = new TracerProvider({ spanProcessors: [new RolloutSpanProcessor(), new BatchSpanProcessor(exporter)] });
 * ```
 */
export class RolloutSpanProcessor {
  readonly #limits: HostSpanLimits;
  /** What a span was stored for at its start, and then its children and its end are, too. */
  readonly #stored: WeakMap<object, Attribution> = new WeakMap();
  /** Recorders that any span was stored with. */
  readonly #recorders: Set<WeakRef<RolloutRecorder>> = new Set();
  readonly #known: WeakSet<RolloutRecorder> = new WeakSet();

  /** Throws `TraceStoreError` (`invalid_option`) for a limit out of range. */
  constructor(options: RolloutSpanProcessorOptions = {}) {
    const { maxSpansPerCall = HOST_SPAN_LIMITS.perCall, maxSpansPerRollout = HOST_SPAN_LIMITS.perRollout } =
      options;
    for (const [name, limit] of Object.entries({ maxSpansPerCall, maxSpansPerRollout })) {
      if (!(limit >= 0))
        throw new TraceStoreError("invalid_option", `${name} is ${limit}; it must be at least 0`);
    }
    this.#limits = { perCall: maxSpansPerCall, perRollout: maxSpansPerRollout };
  }

  onStart(span: StartedSpan, parentContext: Context): void {
    try {
      if (isAtWork() || OWN_SCOPES.has(span.instrumentationScope.name)) return;
      const attribution = this.#attributionOf(parentContext);
      if (attribution === null || attribution.recorder.recording.state !== "open") return;
      if (!admitSpan(attribution.recorder, attribution, this.#limits)) return;
      this.#stored.set(span, attribution);
      this.#remember(attribution.recorder);
      recordStart(span, attribution);
    } catch {
      // Neither the host nor the other processors are to notice.
    }
  }

  onEnd(span: FinishedSpan): void {
    try {
      const attribution = this.#stored.get(span);
      if (attribution === undefined) return;
      // Its children have started; those that start after it are attributed by what runs.
      if (attribution.recorder.recording.state === "open") recordEnd(span, attribution);
    } catch {
      // As above.
    }
  }

  /** Records how many spans were left out so far. What was stored is in the store's own hands. */
  forceFlush(): Promise<void> {
    for (const ref of this.#recorders) {
      const recorder = ref.deref();
      if (recorder === undefined) this.#recorders.delete(ref);
      else if (recorder.recording.state === "open") tellDroppedSpans(recorder, NOWHERE);
    }
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  /** What runs says; where an instrumentation has lost that, the span above. */
  #attributionOf(parentContext: Context): Attribution | null {
    const { thread, turn, toolCall } = currentTrace();
    if (thread instanceof RecordingThread) {
      return {
        recorder: thread.recorder,
        threadId: thread.threadId,
        turnId: (turn ?? thread.openTurn)?.turnId ?? null,
        toolCallId: toolCall?.toolCallId ?? null,
        inferenceCallId: scopeOf(parentContext)?.inferenceCallId ?? null,
      };
    }
    const parent = trace.getSpan(parentContext);
    return parent === undefined ? null : (this.#stored.get(parent) ?? null);
  }

  #remember(recorder: RolloutRecorder): void {
    if (this.#known.has(recorder)) return;
    this.#known.add(recorder);
    for (const ref of this.#recorders) if (ref.deref() === undefined) this.#recorders.delete(ref);
    this.#recorders.add(new WeakRef(recorder));
  }
}

const NOWHERE: Scope = { threadId: null, turnId: null };

function recordStart(span: StartedSpan, attribution: Attribution): void {
  const { traceId, spanId } = span.spanContext();
  attribution.recorder.record(attribution, () => ({
    type: "span_started",
    otel_trace_id: traceId,
    span_id: spanId as SpanId,
    parent_span_id: (span.parentSpanContext?.spanId as SpanId | undefined) ?? null,
    name: shortened(span.name),
    kind: SPAN_KINDS[span.kind] ?? "internal",
    attributes: ownAttributes(span, attribution),
    links: linksJson(span.links),
    start_time_unix_us: microseconds(span.startTime),
  }));
}

function recordEnd(span: FinishedSpan, attribution: Attribution): void {
  const { traceId, spanId } = span.spanContext();
  const { code, message } = span.status;
  attribution.recorder.record(attribution, () => ({
    type: "span_ended",
    otel_trace_id: traceId,
    span_id: spanId as SpanId,
    name: shortened(span.name),
    attributes: ownAttributes(span, attribution),
    links: linksJson(span.links),
    status: {
      code: SPAN_STATUSES[code] ?? "unset",
      message: message === undefined ? null : shortened(message),
    },
    end_time_unix_us: microseconds(span.endTime),
  }));
}

/** With the calls that the span ran in, by which it finds its place in the graph. */
function ownAttributes(
  { attributes }: StartedSpan,
  { toolCallId, inferenceCallId }: Attribution,
): JsonObject {
  return {
    ...attributesJson(attributes),
    ...(toolCallId === null ? {} : { [ROLLOUT_TRACE.toolCallId]: toolCallId }),
    ...(inferenceCallId === null ? {} : { [ROLLOUT_TRACE.inferenceCallId]: inferenceCallId }),
  };
}
