/** The invariants of a graph, checked over a finished one. */
import type { Anchor, AnchorType, ExecutionWindow, GraphObject } from "./base.ts";
import type { Collection, RolloutGraph } from "./rollout-graph.ts";

export interface GraphViolation {
  readonly object: Anchor;
  readonly message: string;
}

/**
 * Every way in which `graph` is not a legal graph, collection by collection; empty for whatever a reducer returned. Checks
 * that references lead to something, that links go both ways, that windows are in order, that each request can be expanded
 * and that nothing runs in a rollout that is over.
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

/** Where objects of each kind are; null for kinds that have no collection. */
const COLLECTIONS = {
  rollout: null,
  thread: "threads",
  turn: "turns",
  conversation_item: "conversation_items",
  inference_call: "inference_calls",
  tool_call: "tool_calls",
  code_cell: "code_cells",
  terminal_session: "terminal_sessions",
  terminal_operation: "terminal_operations",
  compaction: "compactions",
  compaction_request: "compaction_requests",
  interaction_edge: "interaction_edges",
  span: "spans",
  payload: "payloads",
} as const satisfies { readonly [Type in AnchorType]: keyof RolloutGraph | null };

class Check {
  readonly graph: RolloutGraph;
  readonly violations: GraphViolation[] = [];

  constructor(graph: RolloutGraph) {
    this.graph = graph;
  }

  /** `ids` must all be objects of kind `type`. */
  refers(object: Anchor, type: AnchorType, ids: readonly (string | null)[]): void {
    const name = COLLECTIONS[type];
    if (name === null) return;
    const collection: Collection<unknown> = this.graph[name];
    for (const id of ids) {
      if (id !== null && collection[id] === undefined)
        this.fail(object, `refers to ${type} ${JSON.stringify(id)}`);
    }
  }

  holds(object: Anchor, condition: boolean, message: string): void {
    if (!condition) this.fail(object, message);
  }

  distinct(object: Anchor, name: string, ids: readonly string[]): void {
    this.holds(object, new Set(ids).size === ids.length, `${name} repeats an id`);
  }

  fail(object: Anchor, message: string): void {
    this.violations.push({ object, message });
  }
}

function checkThreads(check: Check): void {
  const { threads, turns, conversation_items: items, interaction_edges: edges } = check.graph;
  for (const [id, thread] of Object.entries(threads)) {
    const object = { type: "thread", id } as const;
    check.distinct(object, "conversation_item_ids", thread.conversation_item_ids);
    check.refers(object, "turn", thread.turn_ids);
    check.refers(object, "conversation_item", thread.conversation_item_ids);
    for (const turnId of thread.turn_ids) {
      check.holds(object, turns[turnId]?.thread_id === id, `turn ${turnId} is of another thread`);
    }
    for (const itemId of thread.conversation_item_ids) {
      check.holds(object, items[itemId]?.thread_id === id, `item ${itemId} is of another thread`);
    }
    if (thread.origin.type !== "spawned" || thread.origin.spawn_edge_id === null) continue;
    const edge = edges[thread.origin.spawn_edge_id];
    check.holds(object, edge?.kind === "spawn_agent", "its spawn edge is no spawn edge");
  }
  for (const [id, turn] of Object.entries(turns)) {
    const object = { type: "turn", id } as const;
    check.refers(object, "thread", [turn.thread_id]);
    check.refers(object, "inference_call", turn.inference_call_ids);
  }
}

function checkConversation(check: Check): void {
  for (const [id, item] of Object.entries(check.graph.conversation_items)) {
    const object = { type: "conversation_item", id } as const;
    check.refers(object, "thread", [item.thread_id]);
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
    check.holds(
      object,
      turns[call.turn_id]?.inference_call_ids.includes(id) === true,
      "its turn does not list it",
    );
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
  const { tool_calls: calls, code_cells: cells } = check.graph;
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
    if (call.requester.type !== "code_cell" || call.requester.code_cell_id === null) continue;
    const cell = cells[call.requester.code_cell_id];
    check.holds(object, cell?.nested_tool_call_ids.includes(id) === true, "its cell does not list it");
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
    check.refers(object, "tool_call", [cell.exec_tool_call_id, ...cell.nested_tool_call_ids]);
    check.refers(
      object,
      "tool_call",
      cell.waits.map(({ tool_call_id }) => tool_call_id),
    );
    check.refers(object, "payload", [cell.result_payload_id, cell.journal_payload_id]);
    const exec = cell.exec_tool_call_id === null ? undefined : calls[cell.exec_tool_call_id];
    check.holds(object, exec === undefined || exec.code_cell_id === id, "its exec call has another cell");
    for (const callId of cell.nested_tool_call_ids) {
      const { requester } = calls[callId] ?? { requester: null };
      const isOurs = requester?.type === "code_cell" && requester.code_cell_id === id;
      check.holds(object, isOurs, `tool call ${callId} was requested by something else`);
    }
    for (const wait of cell.waits) checkWindow(check, object, wait.execution);
  }
}

function checkTerminals(check: Check): void {
  const { terminal_sessions: sessions, terminal_operations: operations, tool_calls: calls } = check.graph;
  for (const [id, session] of Object.entries(sessions)) {
    const object = { type: "terminal_session", id } as const;
    check.refers(object, "terminal_operation", [session.created_by_operation_id, ...session.operation_ids]);
    for (const operationId of session.operation_ids) {
      const isOurs = operations[operationId]?.terminal_session_id === id;
      check.holds(object, isOurs, `operation ${operationId} is of another session`);
    }
  }
  for (const [id, operation] of Object.entries(operations)) {
    const object = { type: "terminal_operation", id } as const;
    check.refers(object, "terminal_session", [operation.terminal_session_id]);
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
    check.refers(object, "compaction_request", compaction.request_ids);
    const { marker_item_id, input_item_ids, replacement_item_ids } = compaction;
    check.refers(object, "conversation_item", [marker_item_id, ...input_item_ids, ...replacement_item_ids]);
  }
  for (const [id, request] of Object.entries(requests)) {
    const object = { type: "compaction_request", id } as const;
    check.refers(object, "compaction", [request.compaction_id]);
    check.refers(object, "payload", [request.request_payload_id, request.response_payload_id]);
  }
}

function checkEdges(check: Check): void {
  for (const [id, edge] of Object.entries(check.graph.interaction_edges)) {
    const object = { type: "interaction_edge", id } as const;
    check.refers(object, edge.source.type, [edge.source.id]);
    if (edge.target !== null) check.refers(object, edge.target.type, [edge.target.id]);
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
    const collection: Collection<CheckedObject> = check.graph[name];
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
