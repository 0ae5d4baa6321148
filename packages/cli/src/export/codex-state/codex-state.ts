/**
 * The graph in the shape of `state.json`, which Codex's own reducer makes of a bundle (version 2 of it): the same objects under
 * the same names, times in milliseconds, maps sorted by their keys.
 *
 * The graph says more than that shape can (why things ended, waits, evidence, findings); what the shape has and the graph does
 * not (chunk ids, token counts of outputs) is null there too.
 */
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import {
  type BodyPart,
  type CodeCell,
  type ConversationItem,
  type ExecutionWindow,
  expandRequest,
  type InferenceCall,
  type InteractionEdge,
  type Producer,
  type RolloutGraph,
  type TerminalOperation,
  type Thread,
  type ToolCall,
} from "@rollout-trace/reducer";
import { bundleKindOf } from "../codex-bundle/bundle-ref.ts";
import { type CodexIds, codexIds } from "./codex-ids.ts";

const SCHEMA_VERSION = 2;

/** JSON text, with a newline at its end. */
export function codexStateJson(graph: RolloutGraph): string {
  return `${JSON.stringify(codexState(graph), null, 2)}\n`;
}

export function codexState(graph: RolloutGraph): JsonObject {
  const ids = codexIds(graph);
  return {
    schema_version: SCHEMA_VERSION,
    trace_id: graph.trace_id,
    rollout_id: graph.rollout_id,
    started_at_unix_ms: milliseconds(graph.started_at_us),
    ended_at_unix_ms: milliseconds(graph.ended_at_us),
    status: graph.status,
    recording_complete: graph.recording_complete,
    root_thread_id: graph.root_thread_id,
    threads: sorted(graph.threads, (t) => [t.thread_id, threadOf(t, ids)]),
    codex_turns: sorted(graph.turns, (t) => [
      t.turn_id,
      {
        codex_turn_id: t.turn_id,
        thread_id: t.thread_id,
        execution: windowOf(t.execution),
        input_item_ids: [],
      },
    ]),
    conversation_items: sorted(graph.conversation_items, (i) => [ids.item(i.item_id), itemOf(i, ids)]),
    inference_calls: sorted(graph.inference_calls, (c) => [
      c.inference_call_id,
      inferenceOf(c, expandRequest(graph, c.inference_call_id), ids),
    ]),
    code_cells: sorted(graph.code_cells, (c) => [ids.cell(c.code_cell_id), cellOf(c, ids)]),
    tool_calls: sorted(graph.tool_calls, (c) => [c.tool_call_id, toolCallOf(c, ids)]),
    terminal_sessions: sorted(graph.terminal_sessions, (s) => [
      ids.session(s.terminal_session_id),
      {
        terminal_id: ids.session(s.terminal_session_id),
        thread_id: s.thread_id,
        created_by_operation_id: s.created_by_operation_id,
        operation_ids: s.operation_ids,
        execution: windowOf(s.execution),
      },
    ]),
    terminal_operations: sorted(graph.terminal_operations, (o) => [o.operation_id, operationOf(o, ids)]),
    ...compactionsOf(graph, ids),
    interaction_edges: sorted(graph.interaction_edges, (e) => [e.edge_id, edgeOf(e, ids)]),
    raw_payloads: sorted(Object.entries(graph.payloads), ([id, { kind }]) => {
      const name = ids.payload(id);
      const path = `payloads/${name.replace(/^raw_payload:/, "")}.json`;
      return [name, { raw_payload_id: name, kind: { type: bundleKindOf(kind) }, path }];
    }),
  };
}

function compactionsOf(graph: RolloutGraph, ids: CodexIds): JsonObject {
  return {
    compactions: sorted(graph.compactions, (c) => [
      c.compaction_id,
      {
        compaction_id: c.compaction_id,
        thread_id: c.thread_id,
        codex_turn_id: c.turn_id,
        installed_at_unix_ms: milliseconds(c.installed_at_us),
        marker_item_id: c.marker_item_id === null ? null : ids.item(c.marker_item_id),
        request_ids: c.request_ids,
        input_item_ids: c.input_item_ids.map(ids.item),
        replacement_item_ids: c.replacement_item_ids.map(ids.item),
      },
    ]),
    compaction_requests: sorted(graph.compaction_requests, (c) => [
      c.compaction_request_id,
      {
        compaction_request_id: c.compaction_request_id,
        compaction_id: c.compaction_id,
        thread_id: c.thread_id,
        codex_turn_id: c.turn_id,
        execution: windowOf(c.execution),
        model: c.model,
        provider_name: c.provider,
        raw_request_payload_id: ids.payload(c.request_payload_id),
        raw_response_payload_id: payloadOf(c.response_payload_id, ids),
      },
    ]),
  };
}

function threadOf(t: Thread, ids: CodexIds): JsonObject {
  const { origin } = t;
  return {
    thread_id: t.thread_id,
    agent_path: t.agent_path,
    nickname: t.nickname,
    // The recorder writes "" for a role that was not set; a thread that nothing started has no origin of its own there.
    origin:
      origin.type === "spawned"
        ? { ...origin, agent_role: origin.agent_role ?? "", task_name: origin.task_name ?? "" }
        : { type: "root" },
    execution: windowOf(t.execution),
    default_model: t.model,
    conversation_item_ids: t.conversation_item_ids.map(ids.item),
  };
}

function itemOf(i: ConversationItem, ids: CodexIds): JsonObject {
  return {
    item_id: ids.item(i.item_id),
    ...(i.provider_item_id === null ? {} : { responses_item_id: i.provider_item_id }),
    ...(i.accepted === null
      ? {}
      : { accepted_at_unix_ms: milliseconds(i.accepted.at_us), accepted_seq: i.accepted.seq }),
    thread_id: i.thread_id,
    codex_turn_id: i.turn_id,
    first_seen_at_unix_ms: milliseconds(i.first_seen_at_us),
    role: i.role,
    channel: i.channel,
    kind: i.kind,
    body: { parts: i.body.parts.map((part) => partOf(part, ids)) },
    call_id: i.call_id,
    ...(i.agent_message === null ? {} : { agent_message: { ...i.agent_message } }),
    produced_by: i.produced_by.map((producer) => producerOf(producer, ids)),
  };
}

function partOf(part: BodyPart, ids: CodexIds): JsonObject {
  switch (part.type) {
    case "json":
      return { type: "json", summary: part.preview, raw_payload_id: ids.payload(part.payload_id) };
    case "payload_ref": {
      const { type, label, content_id } = part;
      return { type, label, raw_payload_id: ids.payload(part.payload_id), content_sha256: content_id };
    }
    default:
      return { ...part };
  }
}

function producerOf(producer: Producer, ids: CodexIds): JsonObject {
  return producer.type === "code_cell"
    ? { type: "code_cell", code_cell_id: ids.cell(producer.code_cell_id) }
    : { ...producer };
}

function inferenceOf(c: InferenceCall, request: readonly string[], ids: CodexIds): JsonObject {
  return {
    inference_call_id: c.inference_call_id,
    thread_id: c.thread_id,
    codex_turn_id: c.turn_id,
    execution: windowOf(c.execution),
    model: c.model,
    provider_name: c.provider,
    response_id: c.response_id,
    upstream_request_id: c.upstream_request_id,
    request_item_ids: request.map(ids.item),
    response_item_ids: c.response_item_ids.map(ids.item),
    tool_call_ids_started_by_response: c.tool_call_ids,
    usage: usageOf(c),
    raw_request_payload_id: ids.payload(c.request_payload_id),
    raw_response_payload_id: payloadOf(c.response_payload_id, ids),
  };
}

function usageOf({ usage }: InferenceCall): JsonValue {
  if (usage === null) return null;
  return {
    input_tokens: usage.input_tokens,
    cached_input_tokens: usage.cached_input_tokens,
    cache_write_input_tokens: usage.cache_creation_input_tokens,
    output_tokens: usage.output_tokens,
    reasoning_output_tokens: usage.reasoning_output_tokens,
  };
}

function cellOf(c: CodeCell, ids: CodexIds): JsonObject {
  const [yielded] = c.yields;
  return {
    code_cell_id: ids.cell(c.code_cell_id),
    model_visible_call_id: c.model_visible_call_id,
    thread_id: c.thread_id,
    codex_turn_id: c.turn_id,
    source_item_id: c.source_item_id === null ? null : ids.item(c.source_item_id),
    output_item_ids: c.output_item_ids.map(ids.item),
    runtime_cell_id: c.runtime_cell_id,
    execution: windowOf(c.execution),
    runtime_status: c.runtime_status,
    initial_response_at_unix_ms: milliseconds(c.initial_response?.at_us ?? null),
    initial_response_seq: c.initial_response?.seq ?? null,
    initial_response_status: c.initial_response?.status ?? null,
    raw_initial_response_payload_id: payloadOf(c.initial_response?.payload_id ?? null, ids),
    raw_result_payload_id: payloadOf(c.result_payload_id, ids),
    yielded_at_unix_ms: milliseconds(yielded?.at_us ?? null),
    yielded_seq: yielded?.seq ?? null,
    source_js: c.source,
    nested_tool_call_ids: c.nested_tool_call_ids,
    wait_tool_call_ids: c.waits.flatMap(({ tool_call_id: id }) => id ?? []),
  };
}

function toolCallOf(c: ToolCall, ids: CodexIds): JsonObject {
  const { requester, kind } = c;
  const isExec = kind.type === "code_cell_exec" && c.code_cell_id !== null;
  return {
    tool_call_id: c.tool_call_id,
    mcp_call_id: c.mcp_call_id,
    model_visible_call_id: c.model_visible_call_id,
    code_mode_runtime_tool_id: c.runtime_tool_call_id,
    thread_id: c.thread_id,
    started_by_codex_turn_id: c.turn_id,
    execution: windowOf(c.execution),
    requester:
      requester.type === "code_cell" && requester.code_cell_id !== null
        ? { type: "code_cell", code_cell_id: ids.cell(requester.code_cell_id) }
        : { type: requester.type },
    kind: kindOf(kind),
    ...(isExec ? { started_code_cell_id: ids.cell(c.code_cell_id ?? "") } : {}),
    model_visible_call_item_ids: c.call_item_ids.map(ids.item),
    model_visible_output_item_ids: c.output_item_ids.map(ids.item),
    terminal_operation_id: c.terminal_operation_id,
    summary:
      c.terminal_operation_id === null
        ? {
            type: "generic",
            label: c.label,
            input_preview: c.input_preview,
            output_preview: c.output_preview,
          }
        : { type: "terminal", operation_id: c.terminal_operation_id },
    raw_invocation_payload_id: payloadOf(c.invocation_payload_id, ids),
    raw_result_payload_id: payloadOf(c.result_payload_id, ids),
    raw_runtime_payload_ids: c.runtime_payload_ids.map(ids.payload),
  };
}

/** Code mode's own two tools are dispatched by name there. */
function kindOf(kind: ToolCall["kind"]): JsonObject {
  if (kind.type === "code_cell_exec") return { type: "other", name: "exec" };
  return kind.type === "code_cell_wait" ? { type: "other", name: "wait" } : { ...kind };
}

function operationOf(o: TerminalOperation, ids: CodexIds): JsonObject {
  const { request, result } = o;
  const limits = { yield_time_ms: null, max_output_tokens: null };
  return {
    operation_id: o.operation_id,
    terminal_id: o.terminal_session_id === null ? null : ids.session(o.terminal_session_id),
    tool_call_id: o.tool_call_id,
    kind: o.kind,
    execution: windowOf(o.execution),
    request:
      request.type === "write_stdin"
        ? { type: "write_stdin", stdin: request.stdin, ...limits }
        : {
            type: "exec_command",
            command: request.command,
            display_command: request.command.join(" "),
            cwd: request.cwd ?? "",
            ...limits,
          },
    result: result === null ? null : { ...result, original_token_count: null, chunk_id: null },
    model_observations: o.observed_by.map(({ source, call_item_ids, output_item_ids }) => ({
      source: source === "direct" ? "direct_tool_call" : source,
      call_item_ids: call_item_ids.map(ids.item),
      output_item_ids: output_item_ids.map(ids.item),
    })),
    raw_payload_ids: o.evidence.payload_ids.map(ids.payload),
  };
}

function edgeOf(e: InteractionEdge, ids: CodexIds): JsonObject {
  return {
    edge_id: e.edge_id,
    kind: e.kind,
    source: ids.anchor(e.source),
    target: e.target === null ? null : ids.anchor(e.target),
    started_at_unix_ms: milliseconds(e.started_at_us),
    ended_at_unix_ms: milliseconds(e.ended_at_us),
    carried_item_ids: e.carried_item_ids.map(ids.item),
    carried_raw_payload_ids: e.carried_payload_ids.map(ids.payload),
  };
}

function windowOf(window: ExecutionWindow): JsonObject {
  return {
    started_at_unix_ms: milliseconds(window.started_at_us),
    started_seq: window.started_seq,
    ended_at_unix_ms: milliseconds(window.ended_at_us),
    ended_seq: window.ended_seq,
    status: window.status,
  };
}

function milliseconds(us: number | null): number | null {
  return us === null ? null : Math.floor(us / 1000);
}

function payloadOf(id: string | null, ids: CodexIds): string | null {
  return id === null ? null : ids.payload(id);
}

/** A map in the order of its keys, as the original writes it. */
function sorted<Entry>(
  objects: Readonly<Record<string, Entry>> | readonly Entry[],
  entry: (object: Entry) => readonly [key: string, value: JsonObject],
): JsonObject {
  const entries = Object.values(objects as readonly Entry[]).map(entry);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
