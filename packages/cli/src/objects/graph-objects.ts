/** The objects of a graph by anchor, and what a person calls each. */
import type {
  Anchor,
  AnchorType,
  Collection,
  Evidence,
  ExecutionWindow,
  GraphObject,
  GraphPayload,
  RolloutGraph,
  ToolCall,
} from "@rollout-trace/reducer";
import { escapeText, fitText } from "../render/escape.ts";

/** Where the objects of each kind are. A rollout is the graph itself. */
const COLLECTIONS = {
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
} as const satisfies { readonly [Type in ObjectType]: keyof RolloutGraph };

/** Kinds of objects that a person can ask about. */
export type ObjectType = Exclude<AnchorType, "rollout">;
export const OBJECT_TYPES: readonly ObjectType[] = Object.keys(COLLECTIONS) as ObjectType[];

/** An anchor that leads to an object of the graph. */
export interface ObjectAnchor extends Anchor {
  readonly type: ObjectType;
}

/** The ids of all objects of a kind, in the graph's order. */
export function idsOf(graph: RolloutGraph, type: ObjectType): readonly string[] {
  return Object.keys(graph[COLLECTIONS[type]]);
}

export function hasObject(graph: RolloutGraph, anchor: Anchor): anchor is ObjectAnchor {
  return anchor.type !== "rollout" && Object.hasOwn(graph[COLLECTIONS[anchor.type]], anchor.id);
}

/** What is the same in all objects. A payload has no evidence, and some kinds no window. */
export type AnyObject = GraphPayload | (GraphObject & { readonly execution?: ExecutionWindow });

/** The object itself, or null. */
export function objectOf(graph: RolloutGraph, anchor: ObjectAnchor): AnyObject | null {
  const collection: Collection<AnyObject> = graph[COLLECTIONS[anchor.type]];
  return collection[anchor.id] ?? null;
}

/** What made or changed an object. A payload is evidence itself and has none. */
export function evidenceOf(graph: RolloutGraph, anchor: ObjectAnchor): Evidence {
  const object = objectOf(graph, anchor);
  return object !== null && "evidence" in object ? object.evidence : { seqs: [], payload_ids: [anchor.id] };
}

/** The agent that an object belongs to, or null. */
export function threadOf(graph: RolloutGraph, anchor: ObjectAnchor): string | null {
  const { id } = anchor;
  switch (anchor.type) {
    case "thread":
      return id;
    case "turn":
      return graph.turns[id]?.thread_id ?? null;
    case "conversation_item":
      return graph.conversation_items[id]?.thread_id ?? null;
    case "inference_call":
      return graph.inference_calls[id]?.thread_id ?? null;
    case "tool_call":
      return graph.tool_calls[id]?.thread_id ?? null;
    case "code_cell":
      return graph.code_cells[id]?.thread_id ?? null;
    case "terminal_session":
      return graph.terminal_sessions[id]?.thread_id ?? null;
    case "terminal_operation":
      return graph.tool_calls[graph.terminal_operations[id]?.tool_call_id ?? ""]?.thread_id ?? null;
    case "compaction":
      return graph.compactions[id]?.thread_id ?? null;
    case "compaction_request":
      return graph.compaction_requests[id]?.thread_id ?? null;
    case "span":
      return graph.spans[id]?.thread_id ?? null;
    case "interaction_edge":
    case "payload":
      return null;
  }
}

/** What a person calls an object, on one line, safe to print: `cell 3 (call_forever) of /root`. */
export function describe(graph: RolloutGraph, anchor: Anchor): string {
  if (!hasObject(graph, anchor)) return short(`${anchor.type.replaceAll("_", " ")} ${anchor.id}`);
  const name = short(nameOf(graph, anchor));
  const threadId = anchor.type === "thread" ? null : threadOf(graph, anchor);
  return threadId === null ? name : `${name} of ${agentPath(graph, threadId)}`;
}

/** The path of an agent, or its id where the recording never starts it; safe to print. */
export function agentPath(graph: RolloutGraph, threadId: string): string {
  return escapeText(graph.threads[threadId]?.agent_path ?? threadId);
}

const NAME_COLUMNS = 120;

function short(text: string): string {
  return fitText(text, NAME_COLUMNS);
}

function nameOf(graph: RolloutGraph, { type, id }: ObjectAnchor): string {
  switch (type) {
    case "thread":
      return `agent ${graph.threads[id]?.agent_path ?? id}`;
    case "turn":
      return `turn ${placeIn(graph.threads[graph.turns[id]?.thread_id ?? ""]?.turn_ids, id)}`;
    case "conversation_item": {
      const item = graph.conversation_items[id];
      const what =
        item?.kind === "message" ? `${item.role} message` : (item?.kind.replaceAll("_", " ") ?? "");
      return `${id} (${what}${item?.call_id === null || item === undefined ? "" : `, ${item.call_id}`})`;
    }
    case "inference_call": {
      const turnId = graph.inference_calls[id]?.turn_id ?? "";
      const turn = graph.turns[turnId];
      const place = placeIn(turn?.inference_call_ids, id);
      return `model request ${place} in turn ${placeIn(graph.threads[turn?.thread_id ?? ""]?.turn_ids, turnId)}`;
    }
    case "tool_call":
      return toolCallName(graph, id);
    case "code_cell": {
      const cell = graph.code_cells[id];
      return `cell ${cell?.runtime_cell_id} (${cell?.model_visible_call_id})`;
    }
    case "terminal_session":
      return `terminal ${id}`;
    case "terminal_operation":
      return id;
    case "interaction_edge":
      return `${graph.interaction_edges[id]?.kind.replaceAll("_", " ")} edge ${id}`;
    case "compaction":
    case "compaction_request":
    case "span":
    case "payload":
      return `${type.replaceAll("_", " ")} ${id}`;
  }
}

/** The name of the tool that a call is of, untrusted. */
export function toolName(call: ToolCall): string {
  switch (call.kind.type) {
    case "mcp":
      return `${call.kind.server}.${call.kind.tool}`;
    case "other":
      return call.kind.name;
    case "code_cell_exec":
      return "exec";
    case "code_cell_wait":
      return "wait";
    default:
      return call.kind.type;
  }
}

function toolCallName(graph: RolloutGraph, id: string): string {
  const call = graph.tool_calls[id];
  if (call === undefined) return id;
  const { requester } = call;
  const cell = requester.type === "code_cell" ? ` of cell ${requester.runtime_cell_id}` : "";
  const callId = call.model_visible_call_id ?? call.runtime_tool_call_id ?? id;
  return `tool call ${callId}${cell} (${toolName(call)})`;
}

/** Counted from 1; `?` for what the list does not have. */
function placeIn(list: readonly string[] | undefined, id: string): string {
  const index = list?.indexOf(id) ?? -1;
  return index === -1 ? "?" : String(index + 1);
}
