/** Which objects an object points at, by the name of the field that does. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";
import { hasObject, idsOf, OBJECT_TYPES, type ObjectAnchor, type ObjectType } from "./graph-objects.ts";
import { parentSpan } from "./parent-span.ts";

export interface Link {
  /** What the one end is to the other: the graph's field, in words. */
  readonly name: string;
  readonly to: ObjectAnchor;
}

/** Links that an object's own fields make, and those that the fields of others make to it, in the graph's order. */
export interface Links {
  readonly outgoing: readonly Link[];
  /** `to` is the object that points here. */
  readonly incoming: readonly Link[];
}

export function linksOf(graph: RolloutGraph, anchor: ObjectAnchor): Links {
  const incoming: Link[] = [];
  for (const type of OBJECT_TYPES) {
    for (const id of idsOf(graph, type)) {
      for (const { name, to } of outgoingLinks(graph, { type, id })) {
        if (to.type === anchor.type && to.id === anchor.id) incoming.push({ name, to: { type, id } });
      }
    }
  }
  return { outgoing: outgoingLinks(graph, anchor), incoming };
}

export function outgoingLinks(graph: RolloutGraph, anchor: ObjectAnchor): readonly Link[] {
  const links: Link[] = [];
  const add: Add = (name, type, ids) => {
    for (const id of typeof ids === "string" ? [ids] : (ids ?? [])) {
      const to: Anchor = { type, id };
      if (hasObject(graph, to)) links.push({ name, to });
    }
  };
  FIELDS[anchor.type](graph, anchor.id, add);
  return links;
}

type Add = (name: string, type: ObjectType, ids: string | readonly string[] | null | undefined) => void;
type Fields = (graph: RolloutGraph, id: string, add: Add) => void;

const FIELDS: { readonly [Type in ObjectType]: Fields } = {
  thread(graph, id, add) {
    const thread = graph.threads[id];
    if (thread?.origin.type === "spawned") {
      add("parent", "thread", thread.origin.parent_thread_id);
      add("spawned by", "interaction_edge", thread.origin.spawn_edge_id);
    }
    add("turn", "turn", thread?.turn_ids);
  },
  turn(graph, id, add) {
    const turn = graph.turns[id];
    add("agent", "thread", turn?.thread_id);
    add("model request", "inference_call", turn?.inference_call_ids);
  },
  conversation_item(graph, id, add) {
    const item = graph.conversation_items[id];
    add("agent", "thread", item?.thread_id);
    add("turn", "turn", item?.turn_id);
    for (const producer of item?.produced_by ?? []) {
      switch (producer.type) {
        case "inference":
          add("produced by", "inference_call", producer.inference_call_id);
          break;
        case "tool":
          add("produced by", "tool_call", producer.tool_call_id);
          break;
        case "code_cell":
          add("produced by", "code_cell", producer.code_cell_id);
          break;
        case "interaction_edge":
          add("produced by", "interaction_edge", producer.edge_id);
          break;
        case "compaction":
          add("produced by", "compaction", producer.compaction_id);
          break;
      }
    }
  },
  inference_call(graph, id, add) {
    const call = graph.inference_calls[id];
    add("agent", "thread", call?.thread_id);
    add("turn", "turn", call?.turn_id);
    add("continues the request", "inference_call", call?.request.base_inference_call_id);
    add("adds to the request", "conversation_item", call?.request.item_ids);
    add("response item", "conversation_item", call?.response_item_ids);
    add("asked for", "tool_call", call?.tool_call_ids);
    add("asked for", "code_cell", call?.code_cell_ids);
  },
  tool_call(graph, id, add) {
    const call = graph.tool_calls[id];
    add("agent", "thread", call?.thread_id);
    add("turn", "turn", call?.turn_id);
    if (call?.requester.type === "code_cell") add("requested by", "code_cell", call.requester.code_cell_id);
    add("caused by", "inference_call", call?.caused_by?.inference_call_id);
    add("call item", "conversation_item", call?.call_item_ids);
    add("output item", "conversation_item", call?.output_item_ids);
    add("cell", "code_cell", call?.code_cell_id);
    add("terminal operation", "terminal_operation", call?.terminal_operation_id);
  },
  code_cell(graph, id, add) {
    const cell = graph.code_cells[id];
    add("agent", "thread", cell?.thread_id);
    add("turn", "turn", cell?.turn_id);
    add("exec call", "tool_call", cell?.exec_tool_call_id);
    add("source item", "conversation_item", cell?.source_item_id);
    add("output item", "conversation_item", cell?.output_item_ids);
    for (const { output_item_id } of cell?.notifications ?? []) {
      add("notification item", "conversation_item", output_item_id);
    }
    for (const { tool_call_id } of cell?.waits ?? []) add("waited for by", "tool_call", tool_call_id);
    add("nested call", "tool_call", cell?.nested_tool_call_ids);
  },
  terminal_session(graph, id, add) {
    const session = graph.terminal_sessions[id];
    add("agent", "thread", session?.thread_id);
    add("operation", "terminal_operation", session?.operation_ids);
  },
  terminal_operation(graph, id, add) {
    const operation = graph.terminal_operations[id];
    add("terminal", "terminal_session", operation?.terminal_session_id);
    add("tool call", "tool_call", operation?.tool_call_id);
    for (const { call_item_ids, output_item_ids } of operation?.observed_by ?? []) {
      add("observed as", "conversation_item", [...call_item_ids, ...output_item_ids]);
    }
  },
  compaction(graph, id, add) {
    const compaction = graph.compactions[id];
    add("agent", "thread", compaction?.thread_id);
    add("turn", "turn", compaction?.turn_id);
    add("marker", "conversation_item", compaction?.marker_item_id);
    add("request", "compaction_request", compaction?.request_ids);
    add("replaced", "conversation_item", compaction?.input_item_ids);
    add("kept or added", "conversation_item", compaction?.replacement_item_ids);
  },
  compaction_request(graph, id, add) {
    const request = graph.compaction_requests[id];
    add("compaction", "compaction", request?.compaction_id);
    add("agent", "thread", request?.thread_id);
    add("turn", "turn", request?.turn_id);
  },
  interaction_edge(graph, id, add) {
    const edge = graph.interaction_edges[id];
    for (const [name, anchor] of [
      ["from", edge?.source],
      ["to", edge?.target],
    ] as const) {
      if (anchor !== undefined && anchor !== null && hasObject(graph, anchor))
        add(name, anchor.type, anchor.id);
    }
    add("carried", "conversation_item", edge?.carried_item_ids);
  },
  span(graph, id, add) {
    const span = graph.spans[id];
    if (span !== undefined) add("parent", "span", parentSpan(graph, span)?.span_id);
    add("agent", "thread", span?.thread_id);
    add("turn", "turn", span?.turn_id);
  },
  payload() {
    // A payload is evidence: it points at nothing.
  },
};
