/** The original reducer's state in the comparable shape. */
import type { OriginalState, OriginalWindow } from "./bundle-differential-original.ts";
import {
  anchorName,
  type Comparable,
  itemNames,
  kindName,
  mapped,
  name,
  renamedKeys,
  resultOf,
  type SameItems,
  sorted,
  usageOf,
} from "./bundle-differential-shape.ts";

export function comparableOriginal(state: OriginalState, same: SameItems = {}): Comparable {
  const threads = Object.values(state.threads).map((t) => ({
    ...t,
    conversation_item_ids: t.conversation_item_ids.filter((id) => !Object.hasOwn(same, id)),
  }));
  const item = new Map(itemNames(threads));
  for (const [copy, first] of Object.entries(same)) item.set(copy, name(item, first) ?? "");
  const operation = new Map(
    Object.values(state.terminal_operations).map((o) => [o.operation_id, o.tool_call_id]),
  );
  const cell = (id: string) => id.replace(/^code_cell:/, "");
  const session = (id: string | null) =>
    id === null ? null : name(operation, state.terminal_sessions[id]?.created_by_operation_id ?? "");
  return {
    rollout: {
      rollout: {
        trace_id: state.trace_id,
        rollout_id: state.rollout_id,
        root_thread_id: state.root_thread_id,
        status: state.status,
        started: state.started_at_unix_ms,
        ended: state.ended_at_unix_ms,
        // The first version of the bundle has no mark of its own for the end of a recording.
        recording_complete: state.recording_complete ?? false,
      },
    },
    threads: mapped(state.threads, (t) => ({
      path: t.agent_path,
      nickname: t.nickname,
      model: t.default_model,
      origin: { ...t.origin, agent_role: t.origin.agent_role === "" ? null : (t.origin.agent_role ?? null) },
      window: originalWindow(t.execution),
      items: t.conversation_item_ids.filter((id) => !Object.hasOwn(same, id)).length,
    })),
    turns: mapped(state.codex_turns, (t) => ({ thread: t.thread_id, window: originalWindow(t.execution) })),
    items: renamedKeys(
      without(state.conversation_items, same),
      (i) => name(item, i.item_id),
      (i) => ({
        provider_id: i.responses_item_id ?? null,
        accepted: i.accepted_seq ?? null,
        turn: i.codex_turn_id,
        seen: i.first_seen_at_unix_ms,
        role: i.role,
        channel: i.channel,
        kind: i.kind,
        call: i.call_id,
        agent: i.agent_message ?? null,
        parts: i.body.parts.map((p) => {
          if (p.type === "json") return { type: "json", text: sorted(p.summary) };
          return p.type === "payload_ref" ? { type: p.type, label: p.label } : p;
        }),
        produced_by: i.produced_by.map((p) =>
          p.type === "code_cell" ? `code_cell ${cell(p.code_cell_id)}` : Object.values(p).join(" "),
        ),
      }),
    ),
    inference_calls: mapped(state.inference_calls, (c) => ({
      thread: c.thread_id,
      turn: c.codex_turn_id,
      window: originalWindow(c.execution),
      model: c.model,
      provider: c.provider_name,
      response: c.response_id,
      upstream: c.upstream_request_id,
      request: c.request_item_ids.map((id) => name(item, id)),
      answer: c.response_item_ids.map((id) => name(item, id)),
      tools: c.tool_call_ids_started_by_response,
      usage: c.usage === null ? null : usageOf(c.usage),
      payloads: [c.raw_request_payload_id, c.raw_response_payload_id],
    })),
    tool_calls: mapped(state.tool_calls, (c) => ({
      thread: c.thread_id,
      turn: c.started_by_codex_turn_id,
      window: originalWindow(c.execution),
      requester:
        c.requester.type === "code_cell"
          ? `code_cell ${cell(c.requester.code_cell_id ?? "")}`
          : c.requester.type,
      kind: kindName(c.kind),
      call: c.model_visible_call_id,
      runtime_id: c.code_mode_runtime_tool_id,
      mcp: c.mcp_call_id,
      call_items: c.model_visible_call_item_ids.map((id) => name(item, id)),
      output_items: c.model_visible_output_item_ids.map((id) => name(item, id)),
      operation: c.terminal_operation_id === null ? null : name(operation, c.terminal_operation_id),
      label: c.summary.type === "generic" ? c.summary.label : null,
      payloads: [c.raw_invocation_payload_id, c.raw_result_payload_id, ...c.raw_runtime_payload_ids],
    })),
    code_cells: renamedKeys(
      state.code_cells,
      (c) => cell(c.code_cell_id),
      (c) => ({
        runtime_id: c.runtime_cell_id,
        thread: c.thread_id,
        turn: c.codex_turn_id,
        source_item: name(item, c.source_item_id),
        output_items: c.output_item_ids.map((id) => name(item, id)),
        window: originalWindow(c.execution),
        runtime_status: c.runtime_status,
        initial: c.initial_response_seq,
        yielded: c.yielded_seq,
        source: c.source_js,
        nested: c.nested_tool_call_ids,
        waits: c.wait_tool_call_ids,
      }),
    ),
    terminal_sessions: renamedKeys(
      state.terminal_sessions,
      (s) => session(s.terminal_id) ?? "",
      (s) => ({
        thread: s.thread_id,
        operations: s.operation_ids.map((id) => name(operation, id)),
        window: originalWindow(s.execution),
      }),
    ),
    terminal_operations: renamedKeys(
      state.terminal_operations,
      (o) => o.tool_call_id,
      (o) => ({
        session: session(o.terminal_id),
        kind: o.kind,
        window: originalWindow(o.execution),
        request:
          o.request.type === "write_stdin"
            ? { stdin: o.request.stdin }
            : { command: o.request.command, cwd: o.request.cwd },
        result: o.result === null ? null : resultOf(o.result),
        observed: o.model_observations.map(
          (seen) =>
            `${seen.source === "direct_tool_call" ? "direct" : seen.source} ` +
            `${seen.call_item_ids.map((id) => name(item, id)).join()} > ${seen.output_item_ids.map((id) => name(item, id)).join()}`,
        ),
      }),
    ),
    compactions: mapped(state.compactions, (c) => ({
      thread: c.thread_id,
      turn: c.codex_turn_id,
      installed: c.installed_at_unix_ms,
      marker: name(item, c.marker_item_id),
      requests: c.request_ids,
      input: c.input_item_ids.map((id) => name(item, id)),
      replacement: c.replacement_item_ids.map((id) => name(item, id)),
    })),
    compaction_requests: mapped(state.compaction_requests, (c) => ({
      compaction: c.compaction_id,
      thread: c.thread_id,
      turn: c.codex_turn_id,
      window: originalWindow(c.execution),
      model: c.model,
      provider: c.provider_name,
      payloads: [c.raw_request_payload_id, c.raw_response_payload_id],
    })),
    edges: mapped(state.interaction_edges, (e) => ({
      kind: e.kind,
      source: anchorName(
        e.source.type,
        e.source.item_id ?? e.source.tool_call_id ?? e.source.thread_id,
        item,
      ),
      target: anchorName(
        e.target.type,
        e.target.item_id ?? e.target.tool_call_id ?? e.target.thread_id,
        item,
      ),
      started: e.started_at_unix_ms,
      ended: e.ended_at_unix_ms,
      items: e.carried_item_ids.map((id) => name(item, id)),
      payloads: [...e.carried_raw_payload_ids].toSorted(),
    })),
  };
}

function without<Entry>(
  objects: Readonly<Record<string, Entry>>,
  keys: object,
): Readonly<Record<string, Entry>> {
  return Object.fromEntries(Object.entries(objects).filter(([key]) => !Object.hasOwn(keys, key)));
}

function originalWindow(window: OriginalWindow): object {
  return {
    started: window.started_at_unix_ms,
    started_seq: window.started_seq,
    ended: window.ended_at_unix_ms,
    ended_seq: window.ended_seq,
    status: window.status,
  };
}
