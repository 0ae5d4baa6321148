/** The recording itself, breadcrumbs, and the host's own spans. */
import {
  canonicalJson,
  type JsonObject,
  type RecordingEventPayload,
  type SpanLink,
} from "@rollout-trace/protocol";
import { type Draft, endedAt, startedAt } from "../graph/draft.ts";
import type { GraphSpanLink, Span } from "../graph/span.ts";
import { messageOf } from "../errors.ts";
import { mayEnd } from "../linking/closing.ts";
import type { Reduction } from "../reduction.ts";
import type { Handlers } from "./handler.ts";
import { duplicateStart } from "./rollout.ts";

export const recordingHandlers: Handlers<RecordingEventPayload["type"]> = {
  protocol_event_observed(reduction, event) {
    reduction.payload(event.payload.event);
  },

  span_started(reduction, event) {
    const { spans } = reduction.state;
    const { payload } = event;
    const { span_id: recordedId, otel_trace_id: traceId } = payload;
    const { thread, turn } = reduction.place(event);
    const known = spans.find(recordedId, traceId);
    if (known?.draft.execution.status === "running") {
      duplicateStart(reduction, event, { type: "span", id: known.draft.span_id });
      return;
    }
    const id = spans.mint(recordedId);
    const draft: Draft<Span> = {
      span_id: id,
      recorded_id: recordedId,
      otel_trace_id: traceId,
      parent_span_id: payload.parent_span_id ?? null,
      tool_call_id: null,
      thread_id: thread?.draft.thread_id ?? null,
      turn_id: turn?.draft.turn_id ?? null,
      name: payload.name,
      kind: payload.kind,
      attributes: sorted(reduction, payload.attributes),
      links: linksOf(reduction, payload.links),
      status: { code: "unset", message: null },
      execution: startedAt({ at_us: payload.start_time_unix_us, seq: event.seq }),
      evidence: reduction.evidence(),
      provenance: reduction.provenance,
    };
    spans.add({ draft, recordedId, scope: traceId, isOver: false }, id);
    for (const late of reduction.takeWaiting("span", recordedId, traceId)) reduction.replay(late);
  },

  span_ended(reduction, event) {
    const { payload } = event;
    const { span_id: recordedId, otel_trace_id: traceId } = payload;
    const span = reduction.state.spans.find(recordedId, traceId);
    if (span === undefined) {
      reduction.awaitStart("span", recordedId, event, traceId);
      return;
    }
    const { draft } = span;
    reduction.touch(draft);
    if (!mayEnd(reduction, draft.execution, { type: "span", id: draft.span_id })) return;
    draft.name = payload.name;
    draft.attributes = sorted(reduction, payload.attributes);
    draft.links = linksOf(reduction, payload.links);
    draft.status = { code: payload.status.code, message: payload.status.message ?? null };
    draft.execution = endedAt(
      draft.execution,
      { at_us: payload.end_time_unix_us, seq: event.seq },
      { status: payload.status.code === "error" ? "failed" : "completed", cause: "observed" },
    );
    reduction.state.spans.close(span);
  },

  recorder_gap(reduction, event) {
    const { dropped_events, dropped_payload_bytes, reason } = event.payload;
    reduction.diagnose(
      "recorder_gap",
      `the recorder lost ${dropped_events} events and ${dropped_payload_bytes} bytes of payloads: ${reason}`,
      { type: "rollout", id: event.rollout_id },
    );
  },

  recording_completed(reduction) {
    reduction.state.completed = true;
    reduction.state.isOver = true;
  },

  recording_stopped(reduction) {
    const { state } = reduction;
    state.isOver = true;
    state.end ??= { ...reduction.moment, status: "aborted", cause: "recording_stopped" };
  },

  other(reduction, event) {
    for (const ref of event.payload.payloads) reduction.payload(ref);
  },
};

function linksOf(reduction: Reduction, links: readonly SpanLink[]): readonly GraphSpanLink[] {
  return links.map(({ trace_id, span_id, attributes }) => ({
    trace_id,
    span_id,
    attributes: sorted(reduction, attributes ?? {}),
  }));
}

/** Attribute order is an accident of the exporter. */
function sorted(reduction: Reduction, attributes: JsonObject): JsonObject {
  try {
    return JSON.parse(canonicalJson(attributes)) as JsonObject;
  } catch (error) {
    // An attribute that is worked out when it is read may be something else each time.
    reduction.diagnose("invalid_event", `attributes of a span: ${messageOf(error)}`, null);
    return {};
  }
}
