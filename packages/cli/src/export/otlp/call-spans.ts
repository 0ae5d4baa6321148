/** Tool calls, code cells and waits as exported spans. */
import {
  asId,
  GEN_AI,
  GEN_AI_OPERATION,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MCP,
  type PayloadId,
  ROLLOUT_TRACE,
  SPAN_EVENT,
  SPAN_NAME,
} from "@rollout-trace/protocol";
import type { CellWait, CodeCell, ToolCall } from "@rollout-trace/reducer";
import type { AttributeMap, OtlpEvent, OtlpSpan } from "../../otlp/otlp-json.ts";
import type { Interaction } from "./recorded-facts.ts";
import type { ExportParts } from "./model-spans.ts";
import { eventOf, linkOf, spanOf } from "./span-parts.ts";

export class CallSpans {
  readonly #parts: ExportParts;

  constructor(parts: ExportParts) {
    this.#parts = parts;
  }

  *spans(): Generator<OtlpSpan, void, undefined> {
    const { tool_calls, code_cells } = this.#parts.graph;
    for (const call of Object.values(tool_calls)) yield this.#call(call);
    for (const cell of Object.values(code_cells)) {
      yield this.#cell(cell);
      for (const wait of cell.waits) if (wait.wait_id !== null) yield this.#wait(cell, wait);
    }
  }

  #call(call: ToolCall): OtlpSpan {
    const { ids, content } = this.#parts;
    const name = toolName(call);
    const cell = this.#cellOf(call);
    const isInCell = cell !== undefined && cell.turn_id === call.turn_id;
    const result = content ? this.#document(call.result_payload_id) : null;
    return spanOf({
      traceId: ids.traceId,
      spanId: ids.of("tool_call", call.tool_call_id),
      parentSpanId: isInCell ? ids.of("code_cell", cell.code_cell_id) : this.#turnSpan(call.turn_id),
      name: `${GEN_AI_OPERATION.tool} ${name}`,
      kind: call.kind.type === "mcp" ? "client" : "internal",
      execution: call.execution,
      attributes: {
        ...this.#place(call),
        ...identity(call, name),
        ...(content ? { ...this.#input(call), ...outputAttributes(result), ...previews(call) } : {}),
      },
      events: this.#interactions(call),
      links: [...(isInCell ? [] : [cell]), this.#endedBy(call)].flatMap((linked) =>
        linked === undefined
          ? []
          : [linkOf(ids.traceId, ids.of("code_cell", linked.code_cell_id), "code_cell")],
      ),
      message: typeof result?.["error"] === "string" ? result["error"] : null,
    });
  }

  #cell(cell: CodeCell): OtlpSpan {
    const { ids, content } = this.#parts;
    const { exec_tool_call_id: exec } = cell;
    return spanOf({
      traceId: ids.traceId,
      spanId: ids.of("code_cell", cell.code_cell_id),
      parentSpanId: exec === null ? this.#turnSpan(cell.turn_id) : ids.of("tool_call", exec),
      name: SPAN_NAME.codeCell,
      execution: cell.execution,
      attributes: {
        ...this.#place(cell),
        [ROLLOUT_TRACE.codeCellId]: cell.code_cell_id,
        [ROLLOUT_TRACE.runtimeCellId]: cell.runtime_cell_id,
        [ROLLOUT_TRACE.modelVisibleCallId]: cell.model_visible_call_id,
        [ROLLOUT_TRACE.status]: cell.runtime_status,
        [ROLLOUT_TRACE.source]: content ? cell.source : undefined,
      },
      events: this.#cellEvents(cell),
    });
  }

  #wait(cell: CodeCell, wait: CellWait): OtlpSpan {
    const { ids, graph } = this.#parts;
    const call = graph.tool_calls[wait.tool_call_id ?? ""];
    const turnId = call?.turn_id ?? cell.turn_id;
    return spanOf({
      traceId: ids.traceId,
      spanId: ids.of("wait", JSON.stringify([cell.code_cell_id, wait.wait_id])),
      parentSpanId: call === undefined ? this.#turnSpan(turnId) : ids.of("tool_call", call.tool_call_id),
      name: SPAN_NAME.wait,
      execution: wait.execution,
      attributes: {
        ...this.#place({ thread_id: cell.thread_id, turn_id: turnId }),
        [ROLLOUT_TRACE.waitId]: wait.wait_id,
        [ROLLOUT_TRACE.waitMode]: wait.mode,
        [ROLLOUT_TRACE.runtimeCellId]: cell.runtime_cell_id,
        [ROLLOUT_TRACE.modelVisibleCallId]: wait.model_visible_call_id,
        [ROLLOUT_TRACE.status]: wait.outcome,
      },
      links: [linkOf(ids.traceId, ids.of("code_cell", cell.code_cell_id), "code_cell")],
    });
  }

  #cellEvents({ initial_response, cancellation, notifications }: CodeCell): readonly OtlpEvent[] {
    const { content } = this.#parts;
    return [
      ...(initial_response === null
        ? []
        : [
            eventOf(SPAN_EVENT.initialResponse, initial_response.at_us, {
              [ROLLOUT_TRACE.status]: initial_response.status,
              [ROLLOUT_TRACE.seq]: initial_response.seq,
            }),
          ]),
      ...notifications.map((notification) =>
        eventOf(SPAN_EVENT.notification, notification.at_us, {
          [ROLLOUT_TRACE.message]: content ? notification.text : undefined,
          [ROLLOUT_TRACE.seq]: notification.seq,
        }),
      ),
      ...(cancellation === null
        ? []
        : [
            eventOf(SPAN_EVENT.cancelRequested, cancellation.at_us, {
              [ROLLOUT_TRACE.cancelCause]: cancellation.cause,
              [ROLLOUT_TRACE.cancelLimit]: cancellation.limit,
              [ROLLOUT_TRACE.modelVisibleCallId]: cancellation.model_visible_call_id,
              [ROLLOUT_TRACE.seq]: cancellation.seq,
            }),
          ]),
    ];
  }

  #interactions({ evidence, recorded_id }: ToolCall): readonly OtlpEvent[] {
    const { facts } = this.#parts;
    return evidence.seqs.flatMap((seq) => {
      const interaction = facts.interactions.get(seq);
      if (interaction === undefined || interaction.payload.tool_call_id !== recorded_id) return [];
      return [this.#interactionEvent(interaction)];
    });
  }

  #interactionEvent({ payload, time_unix_us, seq }: Interaction): OtlpEvent {
    const isStart = payload.type === "agent_interaction_started";
    return eventOf(isStart ? SPAN_EVENT.interactionStarted : SPAN_EVENT.interactionEnded, time_unix_us, {
      [ROLLOUT_TRACE.interaction]: payload.kind,
      [ROLLOUT_TRACE.targetThreadId]: payload.target_thread_id,
      [ROLLOUT_TRACE.message]: this.#parts.content ? payload.message : undefined,
      [ROLLOUT_TRACE.status]: isStart ? undefined : payload.status,
      [ROLLOUT_TRACE.seq]: seq,
    });
  }

  /** The cell that a wait ended. */
  #endedBy({ code_cell_id, model_visible_call_id }: ToolCall): CodeCell | undefined {
    const cell = this.#parts.graph.code_cells[code_cell_id ?? ""];
    const ends = cell?.cancellation?.model_visible_call_id ?? null;
    return ends !== null && ends === model_visible_call_id ? cell : undefined;
  }

  #cellOf({ requester }: ToolCall): CodeCell | undefined {
    return requester.type === "code_cell"
      ? this.#parts.graph.code_cells[requester.code_cell_id ?? ""]
      : undefined;
  }

  #turnSpan(turnId: string | null): string {
    const { ids } = this.#parts;
    return turnId === null ? ids.of("rollout", "") : ids.of("turn", turnId);
  }

  #place({
    thread_id,
    turn_id,
  }: {
    readonly thread_id: string | null;
    readonly turn_id: string | null;
  }): AttributeMap {
    const { graph } = this.#parts;
    return {
      [ROLLOUT_TRACE.rolloutId]: graph.rollout_id,
      [ROLLOUT_TRACE.threadId]: graph.threads[thread_id ?? ""]?.recorded_id ?? thread_id,
      [ROLLOUT_TRACE.turnId]: graph.turns[turn_id ?? ""]?.recorded_id ?? turn_id,
    };
  }

  #input(call: ToolCall): AttributeMap {
    const invocation = this.#document(call.invocation_payload_id);
    const payload = invocation?.["payload"];
    if (!isJsonObject(payload)) return {};
    return {
      [GEN_AI.toolArguments]: textOf(payload["arguments"] ?? payload["input"] ?? payload["value"] ?? null),
      [ROLLOUT_TRACE.inputType]: payload["type"],
      [ROLLOUT_TRACE.toolNamespace]: invocation?.["tool_namespace"],
    };
  }

  #document(payloadId: string | null): JsonObject | null {
    if (payloadId === null) return null;
    const read = this.#parts.payloads.json(asId<PayloadId>(payloadId));
    return read.ok && isJsonObject(read.value) ? read.value : null;
  }
}

function identity(call: ToolCall, name: string): AttributeMap {
  const { kind, requester, model_visible_call_id, visibility } = call;
  return {
    [GEN_AI.operationName]: GEN_AI_OPERATION.tool,
    [GEN_AI.toolName]: name,
    [GEN_AI.toolType]: "function",
    [GEN_AI.toolCallId]: model_visible_call_id,
    [MCP.methodName]: kind.type === "mcp" ? MCP.toolsCall : undefined,
    [ROLLOUT_TRACE.toolCallId]: call.recorded_id,
    [ROLLOUT_TRACE.toolKind]: kind.type,
    [ROLLOUT_TRACE.mcpServer]: kind.type === "mcp" ? kind.server : undefined,
    [ROLLOUT_TRACE.label]: call.label,
    [ROLLOUT_TRACE.requester]: requester.type,
    [ROLLOUT_TRACE.runtimeCellId]: requester.type === "code_cell" ? requester.runtime_cell_id : undefined,
    [ROLLOUT_TRACE.runtimeToolCallId]: call.runtime_tool_call_id,
    [ROLLOUT_TRACE.modelVisibleCallId]: model_visible_call_id,
    [ROLLOUT_TRACE.mcpCallId]: call.mcp_call_id,
    [ROLLOUT_TRACE.endCause]: call.recorded_end_cause,
    [ROLLOUT_TRACE.producedBytes]: visibility.produced_bytes,
    [ROLLOUT_TRACE.toRequesterBytes]: visibility.to_requester_bytes,
  };
}

const RESULT_TYPES = ["direct", "code_mode", "error"] as const;

/** A nested call's result is the value that its script got, a direct one's the output item that its model got. */
function outputAttributes(result: JsonObject | null): AttributeMap {
  const type = RESULT_TYPES.find((known) => known === result?.["type"]);
  if (result === null || type === undefined) return {};
  const output =
    type === "direct" ? result["item"] : type === "code_mode" ? result["value"] : result["error"];
  return { [GEN_AI.toolResult]: textOf(output ?? null), [ROLLOUT_TRACE.resultType]: type };
}

function previews({ input_preview, output_preview }: ToolCall): AttributeMap {
  return { [ROLLOUT_TRACE.inputPreview]: input_preview, [ROLLOUT_TRACE.outputPreview]: output_preview };
}

/** Values as JSON text, texts as they are. */
function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function toolName({ kind, label }: ToolCall): string {
  if (kind.type === "mcp") return kind.tool;
  return kind.type === "other" ? kind.name : label;
}
