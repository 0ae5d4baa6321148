/** The invariants of a graph, checked over a finished one. */
import type { Anchor, AnchorType, ExecutionWindow, GraphObject } from "../base.ts";
import type { Collection, RolloutGraph } from "../rollout-graph.ts";
import type { ToolCall } from "../tool-call.ts";
import { Check, COLLECTIONS, type GraphViolation } from "./violations.ts";

/**
 * Every way in which `graph` is not a legal graph, collection by collection; empty for whatever a reducer returned. Checks
 * that references lead to something, that links go both ways, that windows are in order and end inside what they began in,
 * that each request can be expanded and that nothing runs in a rollout that is over. Costs the size of the graph.
 */
export function checkGraph(graph: RolloutGraph): readonly GraphViolation[] {
  const check = new Check(graph);
  checkThreads(check);
  checkConversation(check);
  checkInference(check);
  checkCalls(check);
  checkCells(check);
  checkTerminals(check);
  checkCompactions(check);
  checkEdges(check);
  checkObjects(check);
  return check.violations;
}

function checkThreads(check: Check): void {
  const { threads, turns, conversation_items: items, interaction_edges: edges } = check.graph;
  const { inference_calls: calls } = check.graph;
  for (const [id, thread] of Object.entries(threads)) {
    const object = { type: "thread", id } as const;
    check.distinct(object, "conversation_item_ids", thread.conversation_item_ids);
    check.lists(object, "turn", { ids: thread.turn_ids, ownerOf: (turn) => turns[turn]?.thread_id });
    check.lists(object, "conversation_item", {
      ids: thread.conversation_item_ids,
      ownerOf: (item) => items[item]?.thread_id,
    });
    if (thread.origin.type !== "spawned" || thread.origin.spawn_edge_id === null) continue;
    const edge = edges[thread.origin.spawn_edge_id];
    check.holds(object, edge?.kind === "spawn_agent", "its spawn edge is no spawn edge");
  }
  for (const [id, turn] of Object.entries(turns)) {
    const object = { type: "turn", id } as const;
    check.isListed(object, turn.thread_id);
    check.nests(object, turn.execution, threads[turn.thread_id]?.execution);
    check.lists(object, "inference_call", {
      ids: turn.inference_call_ids,
      ownerOf: (call) => calls[call]?.turn_id,
    });
  }
}

function checkConversation(check: Check): void {
  for (const [id, item] of Object.entries(check.graph.conversation_items)) {
    const object = { type: "conversation_item", id } as const;
    check.isListed(object, item.thread_id);
    check.refers(object, "turn", [item.turn_id]);
    for (const producer of item.produced_by) {
      if (producer.type === "inference") check.refers(object, "inference_call", [producer.inference_call_id]);
      if (producer.type === "tool") check.refers(object, "tool_call", [producer.tool_call_id]);
      if (producer.type === "code_cell") check.refers(object, "code_cell", [producer.code_cell_id]);
      if (producer.type === "interaction_edge") check.refers(object, "interaction_edge", [producer.edge_id]);
      if (producer.type === "compaction") check.refers(object, "compaction", [producer.compaction_id]);
    }
    for (const part of item.body.parts) {
      if ("payload_id" in part) check.refers(object, "payload", [part.payload_id]);
    }
  }
}

function checkInference(check: Check): void {
  const { inference_calls: calls, turns } = check.graph;
  for (const [id, call] of Object.entries(calls)) {
    const object = { type: "inference_call", id } as const;
    check.refers(object, "thread", [call.thread_id]);
    check.refers(object, "turn", [call.turn_id]);
    check.refers(object, "payload", [call.request_payload_id, call.response_payload_id]);
    check.refers(object, "conversation_item", [...call.request.item_ids, ...call.response_item_ids]);
    check.refers(object, "tool_call", call.tool_call_ids);
    check.refers(object, "code_cell", call.code_cell_ids);
    check.isListed(object, call.turn_id);
    check.nests(object, call.execution, turns[call.turn_id]?.execution);
    const { base_inference_call_id: baseId, keep } = call.request;
    const base = baseId === null ? undefined : calls[baseId];
    const length =
      base === undefined
        ? 0
        : base.request.keep + base.request.item_ids.length + base.response_item_ids.length;
    check.refers(object, "inference_call", [baseId]);
    check.holds(object, keep >= 0 && keep <= length, `keeps ${keep} of ${length} items`);
    if (base === undefined) continue;
    check.holds(object, base.thread_id === call.thread_id, "its base is of another thread");
    check.holds(object, base.execution.started_seq < call.execution.started_seq, "its base is not before it");
  }
}

function checkCalls(check: Check): void {
  const { tool_calls: calls, spans, conversation_items: items } = check.graph;
  for (const [id, call] of Object.entries(calls)) {
    const object = { type: "tool_call", id } as const;
    check.refers(object, "thread", [call.thread_id, call.caused_by?.thread_id ?? null]);
    check.refers(object, "turn", [call.turn_id]);
    check.refers(object, "conversation_item", [...call.call_item_ids, ...call.output_item_ids]);
    check.refers(object, "terminal_operation", [call.terminal_operation_id]);
    check.refers(object, "code_cell", [call.code_cell_id]);
    check.refers(object, "inference_call", [call.caused_by?.inference_call_id ?? null]);
    check.refers(object, "payload", [
      call.invocation_payload_id,
      call.result_payload_id,
      ...call.runtime_payload_ids,
    ]);
    check.lists(object, "span", { ids: call.span_ids, ownerOf: (span) => spans[span]?.tool_call_id });
    for (const itemId of call.output_item_ids) {
      const producers = items[itemId]?.produced_by ?? [];
      const isOurs = producers.some((producer) => producer.type === "tool" && producer.tool_call_id === id);
      check.holds(object, isOurs, `output item ${itemId} was produced by something else`);
    }
  }
  for (const [id, span] of Object.entries(spans)) {
    check.isListed({ type: "span", id }, span.tool_call_id);
  }
}

function checkCells(check: Check): void {
  const { tool_calls: calls, code_cells: cells } = check.graph;
  for (const [id, cell] of Object.entries(cells)) {
    const object = { type: "code_cell", id } as const;
    check.refers(object, "thread", [cell.thread_id]);
    check.refers(object, "turn", [cell.turn_id]);
    check.refers(object, "conversation_item", [cell.source_item_id, ...cell.output_item_ids]);
    check.refers(
      object,
      "conversation_item",
      cell.notifications.map(({ output_item_id }) => output_item_id),
    );
    check.refers(object, "tool_call", [cell.exec_tool_call_id]);
    check.refers(
      object,
      "tool_call",
      cell.waits.map(({ tool_call_id }) => tool_call_id),
    );
    check.refers(object, "payload", [cell.result_payload_id, cell.journal_payload_id]);
    const exec = cell.exec_tool_call_id === null ? undefined : calls[cell.exec_tool_call_id];
    check.holds(object, exec === undefined || exec.code_cell_id === id, "its exec call has another cell");
    check.lists(object, "tool_call", {
      ids: cell.nested_tool_call_ids,
      ownerOf: (call) => cellOf(calls[call]),
    });
    for (const callId of cell.nested_tool_call_ids) {
      const call = calls[callId];
      if (call !== undefined) check.nests({ type: "tool_call", id: callId }, call.execution, cell.execution);
    }
    for (const wait of cell.waits) checkWindow(check, object, wait.execution);
  }
  for (const [id, call] of Object.entries(calls)) check.isListed({ type: "tool_call", id }, cellOf(call));
}

function cellOf(call: ToolCall | undefined): string | null {
  return call?.requester.type === "code_cell" ? call.requester.code_cell_id : null;
}

function checkTerminals(check: Check): void {
  const { terminal_sessions: sessions, terminal_operations: operations, tool_calls: calls } = check.graph;
  for (const [id, session] of Object.entries(sessions)) {
    const object = { type: "terminal_session", id } as const;
    check.refers(object, "terminal_operation", [session.created_by_operation_id]);
    check.lists(object, "terminal_operation", {
      ids: session.operation_ids,
      ownerOf: (operation) => operations[operation]?.terminal_session_id,
    });
  }
  for (const [id, operation] of Object.entries(operations)) {
    const object = { type: "terminal_operation", id } as const;
    check.isListed(object, operation.terminal_session_id);
    const call = calls[operation.tool_call_id];
    check.holds(object, call?.terminal_operation_id === id, "its tool call has another operation");
    for (const observation of operation.observed_by) {
      check.refers(object, "conversation_item", [
        ...observation.call_item_ids,
        ...observation.output_item_ids,
      ]);
    }
  }
}

function checkCompactions(check: Check): void {
  const { compactions, compaction_requests: requests } = check.graph;
  for (const [id, compaction] of Object.entries(compactions)) {
    const object = { type: "compaction", id } as const;
    check.refers(object, "thread", [compaction.thread_id]);
    check.lists(object, "compaction_request", {
      ids: compaction.request_ids,
      ownerOf: (request) => requests[request]?.compaction_id,
    });
    const { marker_item_id, input_item_ids, replacement_item_ids } = compaction;
    check.refers(object, "conversation_item", [marker_item_id, ...input_item_ids, ...replacement_item_ids]);
  }
  for (const [id, request] of Object.entries(requests)) {
    const object = { type: "compaction_request", id } as const;
    check.isListed(object, request.compaction_id);
    check.refers(object, "payload", [request.request_payload_id, request.response_payload_id]);
  }
}

function checkEdges(check: Check): void {
  for (const [id, edge] of Object.entries(check.graph.interaction_edges)) {
    const object = { type: "interaction_edge", id } as const;
    check.refers(object, edge.source.type, [edge.source.id]);
    if (edge.target !== null) check.refers(object, edge.target.type, [edge.target.id]);
    if (edge.target?.type === "conversation_item") {
      const producers = check.graph.conversation_items[edge.target.id]?.produced_by ?? [];
      const isOurs = producers.some((each) => each.type === "interaction_edge" && each.edge_id === id);
      check.holds(object, isOurs, "its target was produced by something else");
    }
    check.refers(object, "conversation_item", edge.carried_item_ids);
    check.refers(object, "payload", edge.carried_payload_ids);
    check.holds(
      object,
      (edge.status === "running") === (edge.ended_at_us === null),
      "status and end disagree",
    );
  }
}

type CheckedObject = GraphObject & { readonly execution?: ExecutionWindow };

/** What holds for every object: its key is its id, it has evidence, and its window is in order. */
function checkObjects(check: Check): void {
  const isOver = check.graph.status !== "running";
  for (const type of Object.keys(COLLECTIONS) as AnchorType[]) {
    const name = COLLECTIONS[type];
    if (name === null || name === "payloads") continue;
    const collection = check.graph[name] as Collection<CheckedObject>;
    for (const [id, entry] of Object.entries(collection)) {
      const object = { type, id };
      check.holds(object, Object.values(entry)[0] === id, "its key is not its id");
      const { seqs } = entry.evidence;
      check.holds(object, seqs.length > 0, "it has no evidence");
      check.holds(
        object,
        seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0)),
        "its evidence is not in order",
      );
      check.refers(object, "payload", entry.evidence.payload_ids);
      if (entry.execution === undefined) continue;
      checkWindow(check, object, entry.execution);
      check.holds(
        object,
        !isOver || entry.execution.status !== "running",
        "it is running in a rollout that is over",
      );
    }
  }
}

function checkWindow(check: Check, object: Anchor, window: ExecutionWindow): void {
  const isRunning = window.status === "running";
  check.holds(object, isRunning === (window.ended_seq === null), "status and ended_seq disagree");
  check.holds(object, isRunning === (window.ended_at_us === null), "status and ended_at_us disagree");
  check.holds(object, isRunning === (window.end_cause === null), "status and end_cause disagree");
  check.holds(
    object,
    (window.ended_seq ?? window.started_seq) >= window.started_seq,
    "it ended before it started",
  );
}
