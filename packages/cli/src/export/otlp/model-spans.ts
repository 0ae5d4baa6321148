/** Requests to models as exported spans. */
import {
  GEN_AI,
  GEN_AI_OPERATION,
  type JsonValue,
  type PayloadReader,
  ROLLOUT_TRACE,
} from "@rollout-trace/protocol";
import type { CompactionRequest, InferenceCall, RolloutGraph, TokenUsage } from "@rollout-trace/reducer";
import type { AttributeMap, OtlpLink, OtlpSpan } from "../../otlp/otlp-json.ts";
import { MessageReader } from "./model-messages.ts";
import type { RecordedFacts } from "./recorded-facts.ts";
import type { SpanIds } from "./span-ids.ts";
import { linkOf, spanOf } from "./span-parts.ts";

/** What exporters of a part of the graph share. */
export interface ExportParts {
  readonly graph: RolloutGraph;
  readonly ids: SpanIds;
  readonly facts: RecordedFacts;
  readonly payloads: PayloadReader;
  readonly content: boolean;
}

export class ModelSpans {
  readonly #parts: ExportParts;
  readonly #messages: MessageReader;
  /** The turns whose results reached an agent, by the item in which they did. */
  readonly #resultsByItem: Map<string, string> = new Map();

  constructor(parts: ExportParts) {
    this.#parts = parts;
    this.#messages = new MessageReader(parts.payloads, parts.facts);
    for (const edge of Object.values(parts.graph.interaction_edges)) {
      if (edge.kind !== "agent_result" || edge.target?.type !== "conversation_item") continue;
      const turnId = parts.graph.threads[edge.source.id]?.turn_ids.at(-1);
      if (turnId !== undefined) this.#resultsByItem.set(edge.target.id, turnId);
    }
  }

  *spans(): Generator<OtlpSpan, void, undefined> {
    const { inference_calls, compaction_requests } = this.#parts.graph;
    for (const call of Object.values(inference_calls)) yield this.#inference(call);
    for (const request of Object.values(compaction_requests)) yield this.#compaction(request);
  }

  #inference(call: InferenceCall): OtlpSpan {
    return spanOf({
      ...this.#common(call),
      spanId: this.#parts.ids.of("inference_call", call.inference_call_id),
      attributes: {
        ...this.#attributes(call),
        [GEN_AI.responseId]: call.response_id,
        [ROLLOUT_TRACE.inferenceCallId]: call.recorded_id,
        [ROLLOUT_TRACE.dialect]: call.dialect,
        [ROLLOUT_TRACE.upstreamRequestId]: call.upstream_request_id,
        ...(this.#parts.content ? this.#content(call) : {}),
      },
      links: this.#resultLinks(call),
    });
  }

  #compaction(request: CompactionRequest): OtlpSpan {
    return spanOf({
      ...this.#common(request),
      spanId: this.#parts.ids.of("compaction_request", request.compaction_request_id),
      attributes: {
        ...this.#attributes(request),
        [ROLLOUT_TRACE.compactionId]: request.compaction_id,
        [ROLLOUT_TRACE.compactionRequestId]: request.recorded_id,
      },
    });
  }

  #common(call: InferenceCall | CompactionRequest) {
    const { ids, content } = this.#parts;
    return {
      traceId: ids.traceId,
      parentSpanId: ids.of("turn", call.turn_id),
      name: `${GEN_AI_OPERATION.chat} ${call.model}`,
      kind: "client",
      execution: call.execution,
      message: content ? call.error : null,
    } as const;
  }

  #attributes(call: InferenceCall | CompactionRequest): AttributeMap {
    const { graph, content } = this.#parts;
    return {
      [GEN_AI.operationName]: GEN_AI_OPERATION.chat,
      [GEN_AI.providerName]: call.provider,
      [GEN_AI.requestModel]: call.model,
      [GEN_AI.conversationId]: graph.rollout_id,
      ...usageAttributes(call.usage),
      [ROLLOUT_TRACE.rolloutId]: graph.rollout_id,
      [ROLLOUT_TRACE.threadId]: graph.threads[call.thread_id]?.recorded_id ?? call.thread_id,
      [ROLLOUT_TRACE.turnId]: graph.turns[call.turn_id]?.recorded_id ?? call.turn_id,
      [ROLLOUT_TRACE.error]: content ? call.error : undefined,
    };
  }

  /** Messages as JSON text: the form that every reader of the conventions takes. */
  #content(call: InferenceCall): AttributeMap {
    const { instructions, input, output } = this.#messages.read(call);
    return {
      [GEN_AI.systemInstructions]: instructions.length === 0 ? undefined : JSON.stringify(instructions),
      [GEN_AI.inputMessages]: JSON.stringify(input),
      [GEN_AI.outputMessages]: output.length === 0 ? undefined : JSON.stringify(output),
    };
  }

  /** Turns of other agents whose results this request is the first to carry. */
  #resultLinks({ request }: InferenceCall): readonly OtlpLink[] {
    const { ids } = this.#parts;
    return request.item_ids.flatMap((itemId) => {
      const turnId = this.#resultsByItem.get(itemId);
      return turnId === undefined ? [] : [linkOf(ids.traceId, ids.of("turn", turnId), "agent_result")];
    });
  }
}

function usageAttributes(usage: TokenUsage | null): AttributeMap {
  if (usage === null) return {};
  const some = (count: number): JsonValue => (count === 0 ? null : count);
  return {
    [GEN_AI.inputTokens]: usage.input_tokens,
    [GEN_AI.outputTokens]: usage.output_tokens,
    [GEN_AI.cacheReadTokens]: some(usage.cached_input_tokens),
    [GEN_AI.cacheWriteTokens]: some(usage.cache_creation_input_tokens),
    [GEN_AI.reasoningTokens]: some(usage.reasoning_output_tokens),
  };
}
