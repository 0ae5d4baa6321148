/**
 * A reduced rollout as OTLP/JSON with the recorded times: the tree of spans that the recorder tells live, under one span for the
 * rollout, with the host's own spans in their places.
 *
 * What the spans say beyond the conventions (`rollout_trace.*`) is enough to import them again; docs/opentelemetry.md lists what
 * that loses. Content is left out unless it is asked for.
 */
import {
  GEN_AI,
  GEN_AI_CONVENTIONS,
  GEN_AI_OPERATION,
  type RawEvent,
  type PayloadOf,
  ROLLOUT_TRACE,
  type RolloutSource,
  SPAN_EVENT,
} from "@rollout-trace/protocol";
import type { ExecutionWindow, RolloutGraph, Span, Thread, Turn } from "@rollout-trace/reducer";
import {
  keyValues,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  STATUS_CODE,
} from "../../otlp/otlp-json.ts";
import { VERSION } from "../../version.ts";
import { CallSpans } from "./call-spans.ts";
import { ModelSpans } from "./model-spans.ts";
import { type RecordedFacts, recordedFacts } from "./recorded-facts.ts";
import { SpanIds } from "./span-ids.ts";
import { eventOf, linkOf, spanOf } from "./span-parts.ts";

export interface OtlpExportOptions {
  /** Whether prompts, outputs, scripts, and what tools were given and gave go with it. Default: false. */
  readonly content?: boolean | undefined;
}

/** One `ExportTraceServiceRequest`, in pieces of a span each. */
export function* otlpPieces(
  rollout: RolloutSource,
  graph: RolloutGraph,
  { content = false }: OtlpExportOptions = {},
): Generator<string, void, undefined> {
  const resource = keyValues({
    "service.name": graph.host?.name ?? "rollout-trace",
    "service.version": graph.host?.version,
  });
  const scope = {
    name: "rollout-trace",
    version: VERSION,
    attributes: keyValues({ conventions: GEN_AI_CONVENTIONS }),
  };
  yield `{"resourceSpans":[{"resource":${JSON.stringify({ attributes: resource })},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`;
  let isFirst = true;
  for (const span of new Exporter(rollout, graph, content).spans()) {
    yield `${isFirst ? "" : ","}\n${JSON.stringify(span)}`;
    isFirst = false;
  }
  yield "\n]}]}]}\n";
}

class Exporter {
  readonly #graph: RolloutGraph;
  readonly #content: boolean;
  readonly #ids: SpanIds;
  readonly #calls: CallSpans;
  readonly #models: ModelSpans;
  /** Results that an agent reported, by the turn that came to them. */
  readonly #results: Map<string, RecordedFacts["results"][number][]>;
  /** To the calls whose messages reached a turn first. */
  readonly #messageLinks: Map<string, OtlpLink[]> = new Map();
  readonly #hostSpans: ReadonlyMap<string, Span>;

  constructor(rollout: RolloutSource, graph: RolloutGraph, content: boolean) {
    this.#graph = graph;
    this.#content = content;
    this.#ids = new SpanIds(graph);
    const facts = recordedFacts(rollout);
    const parts = { graph, ids: this.#ids, facts, payloads: rollout.payloads, content };
    this.#calls = new CallSpans(parts);
    this.#models = new ModelSpans(parts);
    this.#results = Map.groupBy(facts.results, ({ payload }) => payload.child_turn_id);
    this.#hostSpans = new Map(
      Object.values(graph.spans).map((span) => [spanKey(span.otel_trace_id, span.recorded_id), span]),
    );
    this.#linkMessages();
  }

  *spans(): Generator<OtlpSpan, void, undefined> {
    const { turns, spans } = this.#graph;
    yield this.#rollout();
    for (const turn of Object.values(turns)) yield this.#turn(turn);
    yield* this.#models.spans();
    yield* this.#calls.spans();
    for (const span of Object.values(spans)) yield this.#hostSpan(span);
  }

  #rollout(): OtlpSpan {
    const { rollout_id, trace_id, root_thread_id, status, started_at_us, ended_at_us, host } = this.#graph;
    const name = host?.name ?? "rollout";
    const execution: ExecutionWindow = {
      started_at_us: started_at_us ?? 0,
      started_seq: 1,
      ended_at_us,
      ended_seq: null,
      status,
      end_cause: null,
    };
    return spanOf({
      traceId: this.#ids.traceId,
      spanId: this.#ids.of("rollout", ""),
      parentSpanId: null,
      name: `${GEN_AI_OPERATION.workflow} ${name}`,
      execution,
      attributes: {
        [GEN_AI.operationName]: GEN_AI_OPERATION.workflow,
        [GEN_AI.conversationId]: rollout_id,
        [ROLLOUT_TRACE.rolloutId]: rollout_id,
        [ROLLOUT_TRACE.recordingId]: trace_id,
        [ROLLOUT_TRACE.rootThreadId]: root_thread_id,
        [ROLLOUT_TRACE.hostName]: host?.name,
        [ROLLOUT_TRACE.hostVersion]: host?.version,
      },
      events: this.#lifecycle(),
    });
  }

  /** Threads begin and end beside their turns. */
  #lifecycle(): readonly OtlpEvent[] {
    const { threads, status, ended_at_us, recording_complete } = this.#graph;
    const events = Object.values(threads).flatMap((thread) => [
      eventOf(SPAN_EVENT.threadStarted, thread.execution.started_at_us, threadAttributes(thread)),
      ...(thread.execution.end_cause === "observed"
        ? [
            eventOf(SPAN_EVENT.threadEnded, thread.execution.ended_at_us ?? 0, {
              [ROLLOUT_TRACE.threadId]: thread.recorded_id,
              [ROLLOUT_TRACE.status]: thread.execution.status,
              [ROLLOUT_TRACE.seq]: thread.execution.ended_seq,
            }),
          ]
        : []),
    ]);
    const isStopped = Object.values(threads).some(
      ({ execution }) => execution.end_cause === "recording_stopped",
    );
    if (isStopped) events.push(eventOf(SPAN_EVENT.recordingStopped, ended_at_us ?? 0, {}));
    else if (status !== "running") {
      events.push(eventOf(SPAN_EVENT.rolloutEnded, ended_at_us ?? 0, { [ROLLOUT_TRACE.status]: status }));
    }
    if (recording_complete) events.push(eventOf(SPAN_EVENT.recordingCompleted, ended_at_us ?? 0, {}));
    return events;
  }

  #turn(turn: Turn): OtlpSpan {
    const thread = this.#graph.threads[turn.thread_id];
    const path = thread?.agent_path ?? turn.thread_id;
    const name = path.slice(path.lastIndexOf("/") + 1) || path;
    return spanOf({
      traceId: this.#ids.traceId,
      spanId: this.#ids.of("turn", turn.turn_id),
      parentSpanId: this.#turnParent(thread),
      name: `${GEN_AI_OPERATION.agent} ${name}`,
      execution: turn.execution,
      attributes: {
        [GEN_AI.operationName]: GEN_AI_OPERATION.agent,
        [GEN_AI.agentName]: name,
        [GEN_AI.agentId]: thread?.recorded_id ?? turn.thread_id,
        [GEN_AI.conversationId]: this.#graph.rollout_id,
        [ROLLOUT_TRACE.rolloutId]: this.#graph.rollout_id,
        [ROLLOUT_TRACE.threadId]: thread?.recorded_id ?? turn.thread_id,
        [ROLLOUT_TRACE.turnId]: turn.recorded_id,
        [ROLLOUT_TRACE.agentPath]: path,
      },
      events: (this.#results.get(turn.recorded_id) ?? []).map((result) => this.#resultEvent(result)),
      links: this.#messageLinks.get(turn.turn_id) ?? [],
    });
  }

  /** The call that spawned the agent, or the rollout. */
  #turnParent(thread: Thread | undefined): string {
    const edge =
      thread?.origin.type === "spawned"
        ? this.#graph.interaction_edges[thread.origin.spawn_edge_id ?? ""]
        : undefined;
    return edge?.source.type === "tool_call"
      ? this.#ids.of("tool_call", edge.source.id)
      : this.#ids.of("rollout", "");
  }

  #linkMessages(): void {
    for (const { kind, source, target } of Object.values(this.#graph.interaction_edges)) {
      if (kind === "spawn_agent" || source.type !== "tool_call" || target?.type !== "conversation_item")
        continue;
      const turnId = this.#graph.conversation_items[target.id]?.turn_id ?? "";
      const link = linkOf(this.#ids.traceId, this.#ids.of("tool_call", source.id), kind);
      const links = this.#messageLinks.get(turnId);
      if (links === undefined) this.#messageLinks.set(turnId, [link]);
      else links.push(link);
    }
  }

  #resultEvent({ payload, time_unix_us, seq }: RawEvent<PayloadOf<"agent_result_observed">>): OtlpEvent {
    return eventOf(SPAN_EVENT.agentResult, time_unix_us, {
      [ROLLOUT_TRACE.edgeId]: payload.edge_id,
      [ROLLOUT_TRACE.parentThreadId]: payload.parent_thread_id,
      [ROLLOUT_TRACE.message]: this.#content ? payload.message : undefined,
      [ROLLOUT_TRACE.seq]: seq,
    });
  }

  /** The nearest thing around it that is in the export. */
  #hostSpanParent(span: Span): string {
    const { inference_calls, tool_calls } = this.#graph;
    const parent = this.#hostSpans.get(spanKey(span.otel_trace_id, span.parent_span_id));
    if (parent !== undefined) return this.#ids.of("span", parent.span_id);
    const inferenceId = span.attributes[ROLLOUT_TRACE.inferenceCallId];
    if (typeof inferenceId === "string" && inference_calls[inferenceId] !== undefined) {
      return this.#ids.of("inference_call", inferenceId);
    }
    if (span.tool_call_id !== null && tool_calls[span.tool_call_id] !== undefined) {
      return this.#ids.of("tool_call", span.tool_call_id);
    }
    return span.turn_id === null ? this.#ids.of("rollout", "") : this.#ids.of("turn", span.turn_id);
  }

  /** A span of the host's own, with the ids that it had, so that it can be found where it went live. */
  #hostSpan(span: Span): OtlpSpan {
    const turn = this.#graph.turns[span.turn_id ?? ""];
    const exported = spanOf({
      traceId: this.#ids.traceId,
      spanId: this.#ids.of("span", span.span_id),
      parentSpanId: this.#hostSpanParent(span),
      name: span.name,
      kind: span.kind,
      execution: span.execution,
      attributes: {
        ...span.attributes,
        [ROLLOUT_TRACE.rolloutId]: this.#graph.rollout_id,
        [ROLLOUT_TRACE.threadId]: this.#graph.threads[span.thread_id ?? ""]?.recorded_id,
        [ROLLOUT_TRACE.turnId]: turn?.recorded_id,
        [ROLLOUT_TRACE.spanId]: span.recorded_id,
        [ROLLOUT_TRACE.spanTraceId]: span.otel_trace_id,
        [ROLLOUT_TRACE.parentSpanId]: span.parent_span_id,
      },
      links: span.links.map(({ trace_id, span_id, attributes }) => ({
        traceId: trace_id,
        spanId: span_id,
        attributes: keyValues(attributes),
      })),
    });
    const { code, message } = span.status;
    const status = { code: STATUS_CODE[code], ...(message === null ? {} : { message }) };
    return { ...exported, status };
  }
}

function spanKey(traceId: string, spanId: string | null): string {
  return `${traceId} ${spanId}`;
}

function threadAttributes(thread: Thread): Record<string, string | number | null> {
  const { origin } = thread;
  return {
    [ROLLOUT_TRACE.threadId]: thread.recorded_id,
    [ROLLOUT_TRACE.agentPath]: thread.agent_path,
    [ROLLOUT_TRACE.nickname]: thread.nickname,
    [GEN_AI.requestModel]: thread.model,
    [ROLLOUT_TRACE.seq]: thread.execution.started_seq,
    ...(origin.type === "spawned"
      ? {
          [ROLLOUT_TRACE.parentThreadId]: origin.parent_thread_id,
          [ROLLOUT_TRACE.taskName]: origin.task_name,
          [ROLLOUT_TRACE.agentRole]: origin.agent_role,
        }
      : {}),
  };
}
