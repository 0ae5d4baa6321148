/** What all exported spans have in common. */
import { ERROR_TYPE, OTHER_ERROR, ROLLOUT_TRACE } from "@rollout-trace/protocol";
import type { ExecutionWindow } from "@rollout-trace/reducer";
import {
  type AttributeMap,
  keyValues,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  SPAN_KIND_NUMBER,
  STATUS_CODE,
} from "../../otlp/otlp-json.ts";

export interface SpanDraft {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind?: keyof typeof SPAN_KIND_NUMBER;
  readonly execution: ExecutionWindow;
  readonly attributes: AttributeMap;
  readonly events?: readonly OtlpEvent[];
  readonly links?: readonly OtlpLink[];
  /** Content: for a person, why it failed. */
  readonly message?: string | null;
}

export function spanOf(draft: SpanDraft): OtlpSpan {
  const { execution, parentSpanId } = draft;
  const isFailed = execution.status === "failed";
  return {
    traceId: draft.traceId,
    spanId: draft.spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name: draft.name,
    kind: SPAN_KIND_NUMBER[draft.kind ?? "internal"],
    startTimeUnixNano: nanoseconds(execution.started_at_us),
    endTimeUnixNano: nanoseconds(execution.ended_at_us ?? 0),
    attributes: keyValues({
      ...draft.attributes,
      ...(isFailed ? { [ERROR_TYPE]: draft.attributes[ERROR_TYPE] ?? OTHER_ERROR } : {}),
      [ROLLOUT_TRACE.status]: draft.attributes[ROLLOUT_TRACE.status] ?? execution.status,
      [ROLLOUT_TRACE.seq]: execution.started_seq,
      // An end that nobody observed is made up by whoever reduces the recording, and is again.
      [ROLLOUT_TRACE.endSeq]: execution.end_cause === "observed" ? execution.ended_seq : undefined,
    }),
    events: draft.events ?? [],
    links: draft.links ?? [],
    status: isFailed
      ? { code: STATUS_CODE.error, ...(typeof draft.message === "string" ? { message: draft.message } : {}) }
      : {},
  };
}

export function eventOf(name: string, atUs: number, attributes: AttributeMap): OtlpEvent {
  return { timeUnixNano: nanoseconds(atUs), name, attributes: keyValues(attributes) };
}

export function linkOf(traceId: string, spanId: string, why: string): OtlpLink {
  return { traceId, spanId, attributes: keyValues({ [ROLLOUT_TRACE.linkKind]: why }) };
}

export function nanoseconds(us: number): string {
  return us === 0 ? "0" : `${us}000`;
}
