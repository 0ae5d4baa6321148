/** Our graph in the comparable shape. */
import {
  type BodyPart,
  type ConversationItem,
  type ExecutionWindow,
  expandRequest,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import {
  anchorName,
  type Comparable,
  itemNames,
  kindName,
  mapped,
  name,
  renamedKeys,
  resultOf,
  sorted,
  usageOf,
} from "./bundle-differential-shape.ts";

/** Version 1 of the state has no provider ids of items; then they are left out here too. */
export function comparableGraph(graph: RolloutGraph, version: number): Comparable {
  const item = itemNames(Object.values(graph.threads));
  const operation = new Map(
    Object.values(graph.terminal_operations).map((o) => [o.operation_id, o.tool_call_id]),
  );
  const cell = (id: string | null) =>
    id === null ? "?" : (graph.code_cells[id]?.model_visible_call_id ?? id);
  const session = (id: string | null) =>
    id === null ? null : name(operation, graph.terminal_sessions[id]?.created_by_operation_id ?? "");
  return {
    rollout: {
      rollout: {
        trace_id: graph.trace_id,
        rollout_id: graph.rollout_id,
        root_thread_id: graph.root_thread_id,
        status: graph.status,
        started: milliseconds(graph.started_at_us),
        ended: milliseconds(graph.ended_at_us),
        recording_complete: graph.recording_complete,
      },
    },
    threads: mapped(graph.threads, (t) => ({
      path: t.agent_path,
      nickname: t.nickname,
      model: t.model,
      origin: { agent_role: null, ...t.origin },
      window: graphWindow(t.execution),
      items: t.conversation_item_ids.length,
    })),
    turns: mapped(graph.turns, (t) => ({ thread: t.thread_id, window: graphWindow(t.execution) })),
    items: renamedKeys(
      graph.conversation_items,
      (i) => name(item, i.item_id),
      (i) => ({
        ...itemOf(i, cell),
        ...(version === 1 ? { provider_id: null } : {}),
      }),
    ),
    inference_calls: mapped(graph.inference_calls, (c) => ({
      thread: c.thread_id,
      turn: c.turn_id,
      window: graphWindow(c.execution),
      model: c.model,
      provider: c.provider,
      response: c.response_id,
      upstream: c.upstream_request_id,
      request: expandRequest(graph, c.inference_call_id).map((id) => name(item, id)),
      answer: c.response_item_ids.map((id) => name(item, id)),
      tools: c.tool_call_ids,
      usage: c.usage === null ? null : usageOf(c.usage),
      payloads: [c.request_payload_id, c.response_payload_id],
    })),
    tool_calls: mapped(graph.tool_calls, (c) => ({
      thread: c.thread_id,
      turn: c.turn_id,
      window: graphWindow(c.execution),
      requester:
        c.requester.type === "code_cell" ? `code_cell ${cell(c.requester.code_cell_id)}` : c.requester.type,
      kind: kindName(c.kind),
      call: c.model_visible_call_id,
      runtime_id: c.runtime_tool_call_id,
      mcp: c.mcp_call_id,
      call_items: c.call_item_ids.map((id) => name(item, id)),
      output_items: c.output_item_ids.map((id) => name(item, id)),
      operation: c.terminal_operation_id === null ? null : name(operation, c.terminal_operation_id),
      // The original labels everything but terminals.
      label: c.terminal_operation_id === null ? c.label : null,
      payloads: [c.invocation_payload_id, c.result_payload_id, ...c.runtime_payload_ids],
    })),
    code_cells: renamedKeys(
      graph.code_cells,
      (c) => c.model_visible_call_id,
      (c) => ({
        runtime_id: c.runtime_cell_id,
        thread: c.thread_id,
        turn: c.turn_id,
        source_item: name(item, c.source_item_id),
        output_items: c.output_item_ids.map((id) => name(item, id)),
        window: graphWindow(c.execution),
        runtime_status: c.runtime_status,
        initial: c.initial_response?.seq ?? null,
        yielded: c.yields[0]?.seq ?? null,
        source: c.source,
        nested: c.nested_tool_call_ids,
        waits: c.waits.map((wait) => wait.tool_call_id),
      }),
    ),
    terminal_sessions: renamedKeys(
      graph.terminal_sessions,
      (s) => session(s.terminal_session_id) ?? "",
      (s) => ({
        thread: s.thread_id,
        operations: s.operation_ids.map((id) => name(operation, id)),
        window: graphWindow(s.execution),
      }),
    ),
    terminal_operations: renamedKeys(
      graph.terminal_operations,
      (o) => o.tool_call_id,
      (o) => ({
        session: session(o.terminal_session_id),
        kind: o.kind,
        window: graphWindow(o.execution),
        request:
          o.request.type === "write_stdin"
            ? { stdin: o.request.stdin }
            : { command: o.request.command, cwd: o.request.cwd },
        result: o.result === null ? null : resultOf(o.result),
        observed: o.observed_by.map(
          (seen) =>
            `${seen.source} ${seen.call_item_ids.map((id) => name(item, id)).join()} > ` +
            seen.output_item_ids.map((id) => name(item, id)).join(),
        ),
      }),
    ),
    compactions: mapped(graph.compactions, (c) => ({
      thread: c.thread_id,
      turn: c.turn_id,
      installed: milliseconds(c.installed_at_us),
      marker: name(item, c.marker_item_id),
      requests: c.request_ids,
      input: c.input_item_ids.map((id) => name(item, id)),
      replacement: c.replacement_item_ids.map((id) => name(item, id)),
    })),
    compaction_requests: mapped(graph.compaction_requests, (c) => ({
      compaction: c.compaction_id,
      thread: c.thread_id,
      turn: c.turn_id,
      window: graphWindow(c.execution),
      model: c.model,
      provider: c.provider,
      payloads: [c.request_payload_id, c.response_payload_id],
    })),
    edges: mapped(graph.interaction_edges, (e) => ({
      kind: e.kind,
      source: anchorName(e.source.type, e.source.id, item),
      target: e.target === null ? null : anchorName(e.target.type, e.target.id, item),
      started: milliseconds(e.started_at_us),
      ended: milliseconds(e.ended_at_us),
      items: e.carried_item_ids.map((id) => name(item, id)),
      payloads: e.carried_payload_ids.toSorted(),
    })),
  };
}

function itemOf(item: ConversationItem, cell: (id: string) => string): object {
  return {
    provider_id: item.provider_item_id,
    accepted: item.accepted?.seq ?? null,
    turn: item.turn_id,
    seen: milliseconds(item.first_seen_at_us),
    role: item.role,
    channel: item.channel,
    kind: item.kind,
    call: item.call_id,
    agent: item.agent_message,
    parts: item.body.parts.map(partOf),
    produced_by: item.produced_by.map((p) =>
      p.type === "code_cell" ? `code_cell ${cell(p.code_cell_id)}` : Object.values(p).join(" "),
    ),
  };
}

function partOf(part: BodyPart): object {
  switch (part.type) {
    case "json":
      return { type: "json", text: sorted(part.preview) };
    case "payload_ref":
      return { type: part.type, label: part.label };
    default:
      return part;
  }
}

function graphWindow(window: ExecutionWindow): object {
  return {
    started: milliseconds(window.started_at_us),
    started_seq: window.started_seq,
    ended: milliseconds(window.ended_at_us),
    ended_seq: window.ended_seq,
    status: window.status,
  };
}

function milliseconds(us: number | null): number | null {
  return us === null ? null : Math.floor(us / 1000);
}
