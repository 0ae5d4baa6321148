/** Events of what happens in a turn: requests, tool calls, cells, waits, messages between agents, other spans. */
import {
  asId,
  type AgentInteractionKind,
  AGENT_INTERACTION_KINDS,
  CANCEL_CAUSES,
  CELL_LIMIT_NAMES,
  CELL_STATUSES,
  type CompactionId,
  type CompactionRequestId,
  type CellStatus,
  type EdgeId,
  FINAL_CELL_STATUSES,
  type FinalCellStatus,
  type InferenceCallId,
  type JsonObject,
  type ModelVisibleCallId,
  type RawEventPayload,
  ROLLOUT_TRACE,
  type RuntimeCellId,
  type RuntimeToolCallId,
  SPAN_EVENT,
  type SpanId,
  type ThreadId,
  TOOL_END_CAUSES,
  type ToolCallId,
  type ToolRequester,
  type TurnId,
  WAIT_MODES,
  WAIT_OUTCOMES,
  type WaitId,
} from "@rollout-trace/protocol";
import { previewOf } from "../log/fields.ts";
import type { Agent } from "./roster.ts";
import { type Say, statusOf } from "./say.ts";
import { type ModelFacts, modelFacts } from "./model-facts.ts";
import { otelSpanId, otelTraceId, spanAttributes } from "./host-span.ts";
import type { SourceSpanEvent } from "./source-span.ts";
import type { SpanNode } from "./span-tree.ts";
import { toolFacts } from "./tool-facts.ts";

/** What a span lies in. */
export interface Around {
  readonly agent: Agent | null;
  readonly turnId: string | null;
  readonly toolCallId: string | null;
  /** The runtime's id of the cell. */
  readonly cellId: string | null;
}

type Make = Say["make"];

export class CallEvents {
  readonly #put: (say: Say) => void;
  readonly #isTold: boolean;

  /** `isTold`: the spans are an export of a recording. */
  constructor(put: (say: Say) => void, isTold: boolean) {
    this.#put = put;
    this.#isTold = isTold;
  }

  request(node: SpanNode, place: Around): void {
    const { span } = node;
    const facts = modelFacts(span);
    const compactionId = span.attributes.text(ROLLOUT_TRACE.compactionId);
    if (compactionId !== null) return this.#compactionRequest(node, place, compactionId, facts);
    const id = span.attributes.text(ROLLOUT_TRACE.inferenceCallId) ?? span.spanId;
    const inference_call_id = asId<InferenceCallId>(id);
    this.#start(node, place, (add) => ({
      type: "inference_started",
      inference_call_id,
      thread_id: asId<ThreadId>(place.agent?.threadId ?? ""),
      turn_id: asId<TurnId>(place.turnId ?? ""),
      model: facts.model,
      provider: facts.provider,
      dialect: "openai_responses",
      input_mode: { type: "full" },
      request: add(`${id}:request`, "inference_request", facts.request),
    }));
    const upstream_request_id = span.attributes.text(ROLLOUT_TRACE.upstreamRequestId);
    const status = statusOf(span.attributes.text(ROLLOUT_TRACE.status), span.status.code);
    const said = span.attributes.text(ROLLOUT_TRACE.error) ?? span.status.message ?? "error";
    this.#end(node, place, (add): RawEventPayload => {
      if (status === "completed") {
        const response = add(`${id}:response`, "inference_response", facts.response);
        return {
          type: "inference_completed",
          inference_call_id,
          response_id: facts.responseId,
          upstream_request_id,
          response,
        };
      }
      return status === "cancelled"
        ? { type: "inference_cancelled", inference_call_id, reason: said, upstream_request_id }
        : { type: "inference_failed", inference_call_id, error: said, upstream_request_id };
    });
  }

  /** A request made in order to compact: an export has its tokens, and neither what it said nor what came of it. */
  #compactionRequest(node: SpanNode, place: Around, compactionId: string, facts: ModelFacts): void {
    const { attributes, spanId, status } = node.span;
    const id = attributes.text(ROLLOUT_TRACE.compactionRequestId) ?? spanId;
    const ids = {
      compaction_id: asId<CompactionId>(compactionId),
      compaction_request_id: asId<CompactionRequestId>(id),
    };
    this.#start(node, place, (add) => ({
      type: "compaction_request_started",
      ...ids,
      thread_id: asId<ThreadId>(place.agent?.threadId ?? ""),
      turn_id: asId<TurnId>(place.turnId ?? ""),
      model: facts.model,
      provider: facts.provider,
      request: add(`${id}:request`, "compaction_request", facts.request),
    }));
    const isFailed = statusOf(attributes.text(ROLLOUT_TRACE.status), status.code) !== "completed";
    const error = attributes.text(ROLLOUT_TRACE.error) ?? status.message ?? "error";
    this.#end(node, place, (add) =>
      isFailed
        ? { type: "compaction_request_failed", ...ids, error }
        : {
            type: "compaction_request_completed",
            ...ids,
            response: add(`${id}:response`, "compaction_response", facts.response),
          },
    );
  }

  /** Gives the id of the call. */
  toolCall(node: SpanNode, place: Around): string {
    const { span } = node;
    const { attributes } = span;
    const facts = toolFacts(span);
    const id = attributes.text(ROLLOUT_TRACE.toolCallId) ?? span.spanId;
    const tool_call_id = asId<ToolCallId>(id);
    const runtimeCallId = attributes.text(ROLLOUT_TRACE.runtimeToolCallId);
    this.#start(node, place, (add) => ({
      type: "tool_call_started",
      tool_call_id,
      requester: requesterOf(node, place),
      model_visible_call_id:
        facts.modelVisibleCallId === null ? null : asId<ModelVisibleCallId>(facts.modelVisibleCallId),
      runtime_tool_call_id: runtimeCallId === null ? null : asId<RuntimeToolCallId>(runtimeCallId),
      kind: facts.kind,
      label: facts.label,
      input_preview: facts.input === null ? null : previewOf(facts.input),
      invocation:
        facts.invocation === null ? null : add(`${id}:invocation`, "tool_invocation", facts.invocation),
    }));
    const mcp_call_id = attributes.text(ROLLOUT_TRACE.mcpCallId);
    if (mcp_call_id !== null) {
      this.#start(node, place, () => ({ type: "mcp_call_assigned", tool_call_id, mcp_call_id }));
    }
    for (const event of span.events) this.#interaction(event, node, place, tool_call_id);
    const produced_bytes = attributes.count(ROLLOUT_TRACE.producedBytes);
    const to_requester_bytes = attributes.count(ROLLOUT_TRACE.toRequesterBytes);
    this.#end(node, place, (add) => ({
      type: "tool_call_ended",
      tool_call_id,
      status: statusOf(attributes.text(ROLLOUT_TRACE.status), span.status.code),
      end_cause: oneOf(TOOL_END_CAUSES, attributes.text(ROLLOUT_TRACE.endCause)),
      result: facts.result === null ? null : add(`${id}:result`, "tool_result", facts.result),
      output_preview: facts.output === null ? null : previewOf(facts.output),
      sizes:
        produced_bytes === null || to_requester_bytes === null
          ? null
          : { produced_bytes, to_requester_bytes },
    }));
    return id;
  }

  /** An agent was started inside a tool call: the call spawned it. */
  spawned(node: SpanNode, around: Around, threadId: string): void {
    if (around.toolCallId === null) return;
    const tool_call_id = asId<ToolCallId>(around.toolCallId);
    const interaction = {
      tool_call_id,
      kind: "spawn_agent",
      target_thread_id: asId<ThreadId>(threadId),
    } as const;
    this.#start(node, around, () => ({ type: "agent_interaction_started", ...interaction }));
    this.#start(node, around, () => ({
      type: "agent_interaction_ended",
      ...interaction,
      status: "completed",
    }));
  }

  /** What an agent's turn reported to another agent. */
  results({ span, startUs }: SpanNode, threadId: string, turnId: string): void {
    for (const { name, timeUs, attributes } of span.events) {
      const parent = attributes.text(ROLLOUT_TRACE.parentThreadId);
      if (name !== SPAN_EVENT.agentResult || parent === null) continue;
      const edge_id = asId<EdgeId>(attributes.text(ROLLOUT_TRACE.edgeId) ?? `${span.spanId}:result`);
      const message = attributes.text(ROLLOUT_TRACE.message) ?? "";
      this.#put({
        timeUs: timeUs ?? startUs,
        seq: attributes.count(ROLLOUT_TRACE.seq),
        threadId,
        turnId,
        make: () => ({
          type: "agent_result_observed",
          edge_id,
          child_thread_id: asId<ThreadId>(threadId),
          child_turn_id: asId<TurnId>(turnId),
          parent_thread_id: asId<ThreadId>(parent),
          message,
        }),
      });
    }
  }

  cell(node: SpanNode, place: Around): void {
    const { attributes, events } = node.span;
    const runtime_cell_id = asId<RuntimeCellId>(
      attributes.text(ROLLOUT_TRACE.runtimeCellId) ?? node.span.spanId,
    );
    const callId = attributes.text(ROLLOUT_TRACE.modelVisibleCallId) ?? node.span.spanId;
    const model_visible_call_id = asId<ModelVisibleCallId>(callId);
    const source = attributes.text(ROLLOUT_TRACE.source) ?? "";
    this.#start(node, place, () => ({
      type: "code_cell_started",
      runtime_cell_id,
      model_visible_call_id,
      source,
    }));
    for (const event of events) {
      const make = cellEvent(event, runtime_cell_id, model_visible_call_id);
      if (make !== null) this.#event(event, node, place, make);
    }
    const status: FinalCellStatus =
      oneOf(FINAL_CELL_STATUSES, attributes.text(ROLLOUT_TRACE.status)) ?? "completed";
    this.#end(node, place, () => ({ type: "code_cell_ended", runtime_cell_id, status }));
  }

  wait(node: SpanNode, place: Around): void {
    const { attributes, spanId } = node.span;
    const wait_id = asId<WaitId>(attributes.text(ROLLOUT_TRACE.waitId) ?? spanId);
    const callId = attributes.text(ROLLOUT_TRACE.modelVisibleCallId);
    this.#start(node, place, () => ({
      type: "code_cell_wait_started",
      wait_id,
      runtime_cell_id: asId<RuntimeCellId>(attributes.text(ROLLOUT_TRACE.runtimeCellId) ?? spanId),
      model_visible_call_id: callId === null ? null : asId<ModelVisibleCallId>(callId),
      mode: oneOf(WAIT_MODES, attributes.text(ROLLOUT_TRACE.waitMode)) ?? "yield",
    }));
    const outcome = oneOf(WAIT_OUTCOMES, attributes.text(ROLLOUT_TRACE.status)) ?? "completed";
    this.#end(node, place, () => ({ type: "code_cell_wait_ended", wait_id, outcome }));
  }

  /** A span that is nothing of an agent's. */
  hostSpan(node: SpanNode, around: Around): void {
    const { span, startUs, endUs } = node;
    const { attributes } = span;
    const place = {
      ...around,
      turnId: attributes.text(ROLLOUT_TRACE.turnId) ?? around.turnId,
    };
    const ids = {
      otel_trace_id: otelTraceId(attributes.text(ROLLOUT_TRACE.spanTraceId) ?? span.traceId ?? ""),
      span_id: otelSpanId(attributes.text(ROLLOUT_TRACE.spanId) ?? span.spanId) as SpanId,
    };
    const parent =
      attributes.text(ROLLOUT_TRACE.spanId) === null
        ? span.parentId
        : attributes.text(ROLLOUT_TRACE.parentSpanId);
    const own: JsonObject = spanAttributes(attributes.plain(), around.toolCallId);
    const links = span.links.map(({ traceId, spanId, attributes: said }) => ({
      trace_id: otelTraceId(traceId),
      span_id: otelSpanId(spanId),
      attributes: said,
    }));
    this.#start(node, place, () => ({
      type: "span_started",
      ...ids,
      parent_span_id: parent === null ? null : (otelSpanId(parent) as SpanId),
      name: span.name,
      kind: span.kind,
      attributes: own,
      links,
      start_time_unix_us: startUs,
    }));
    if (endUs === null) return;
    this.#end(node, place, () => ({
      type: "span_ended",
      ...ids,
      name: span.name,
      attributes: own,
      links,
      status: span.status,
      end_time_unix_us: endUs,
    }));
  }

  #interaction(event: SourceSpanEvent, node: SpanNode, place: Around, tool_call_id: ToolCallId): void {
    const { name, attributes } = event;
    const kind = oneOf(AGENT_INTERACTION_KINDS, attributes.text(ROLLOUT_TRACE.interaction));
    if (kind === null || (name !== SPAN_EVENT.interactionStarted && name !== SPAN_EVENT.interactionEnded))
      return;
    const target = attributes.text(ROLLOUT_TRACE.targetThreadId);
    const interaction: {
      kind: AgentInteractionKind;
      target_thread_id: ThreadId | null;
      message: string | null;
    } = {
      kind,
      target_thread_id: target === null ? null : asId<ThreadId>(target),
      message: attributes.text(ROLLOUT_TRACE.message),
    };
    const status = statusOf(attributes.text(ROLLOUT_TRACE.status), "unset");
    this.#event(event, node, place, () =>
      name === SPAN_EVENT.interactionStarted
        ? { type: "agent_interaction_started", tool_call_id, ...interaction }
        : { type: "agent_interaction_ended", tool_call_id, ...interaction, status },
    );
  }

  #event({ timeUs, attributes }: SourceSpanEvent, node: SpanNode, place: Around, make: Make): void {
    const seq = attributes.count(ROLLOUT_TRACE.seq);
    this.#put({ timeUs: timeUs ?? node.startUs, seq, ...whereOf(place), make });
  }

  #start({ span, startUs }: SpanNode, place: Around, make: Make): void {
    this.#put({ timeUs: startUs, seq: span.attributes.count(ROLLOUT_TRACE.seq), ...whereOf(place), make });
  }

  /** An end that an export does not place was never observed. */
  #end({ span, endUs }: SpanNode, place: Around, make: Make): void {
    const seq = span.attributes.count(ROLLOUT_TRACE.endSeq);
    if (endUs === null || (this.#isTold && seq === null)) return;
    this.#put({ timeUs: endUs, seq, ...whereOf(place), make });
  }
}

function cellEvent(
  { name, attributes }: SourceSpanEvent,
  runtime_cell_id: RuntimeCellId,
  model_visible_call_id: ModelVisibleCallId,
): Make | null {
  const callId = attributes.text(ROLLOUT_TRACE.modelVisibleCallId);
  switch (name) {
    case SPAN_EVENT.initialResponse: {
      const status: CellStatus = oneOf(CELL_STATUSES, attributes.text(ROLLOUT_TRACE.status)) ?? "running";
      return () => ({ type: "code_cell_initial_response", runtime_cell_id, status });
    }
    case SPAN_EVENT.notification: {
      const text = attributes.text(ROLLOUT_TRACE.message) ?? "";
      return () => ({ type: "code_cell_notification", runtime_cell_id, model_visible_call_id, text });
    }
    case SPAN_EVENT.cancelRequested:
      return () => ({
        type: "code_cell_cancel_requested",
        runtime_cell_id,
        model_visible_call_id: callId === null ? null : asId<ModelVisibleCallId>(callId),
        cause: oneOf(CANCEL_CAUSES, attributes.text(ROLLOUT_TRACE.cancelCause)) ?? "host",
        limit: oneOf(CELL_LIMIT_NAMES, attributes.text(ROLLOUT_TRACE.cancelLimit)),
      });
    default:
      return null;
  }
}

function requesterOf({ span }: SpanNode, { cellId }: Around): ToolRequester {
  const said = span.attributes.text(ROLLOUT_TRACE.requester);
  const runtimeCellId = span.attributes.text(ROLLOUT_TRACE.runtimeCellId) ?? cellId;
  if (said === "host") return { type: "host" };
  if ((said === "code_cell" || said === null) && runtimeCellId !== null) {
    return { type: "code_cell", runtime_cell_id: asId<RuntimeCellId>(runtimeCellId) };
  }
  return { type: "model" };
}

function whereOf({ agent, turnId }: Around): {
  readonly threadId: string | null;
  readonly turnId: string | null;
} {
  return { threadId: agent?.threadId ?? null, turnId };
}

function oneOf<Name extends string>(names: readonly Name[], said: string | null): Name | null {
  return names.find((name) => name === said) ?? null;
}
