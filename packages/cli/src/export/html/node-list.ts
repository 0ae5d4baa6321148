/** Every object of a graph by a number, with what the page calls it. All text is untrusted. */
import type { Anchor, ConversationItem, ExecutionWindow, RolloutGraph, Turn } from "@rollout-trace/reducer";
import {
  idsOf,
  OBJECT_TYPES,
  type ObjectAnchor,
  type ObjectType,
  objectOf,
  threadOf,
  toolName,
} from "../../objects/graph-objects.ts";
import { itemText } from "../../render/item-text.ts";
import { BOUNDS, oneLine } from "./bounds.ts";

export interface Node extends ObjectAnchor {
  readonly threadId: string | null;
  readonly startUs: number | null;
  /** Null while it is running, and for what has no time. */
  readonly endUs: number | null;
  /** Where it stands among its siblings. */
  readonly seq: number;
  readonly status: string;
  readonly label: string;
  readonly preview: string;
}

/** Payloads are evidence and no objects of the page. */
const SHOWN_TYPES: readonly ObjectType[] = OBJECT_TYPES.filter((type) => type !== "payload");

export interface NodeList {
  readonly nodes: readonly Node[];
  /** -1 for what is no node. */
  numberOf(anchor: Anchor | null): number;
}

export function nodeList(graph: RolloutGraph): NodeList {
  const turnNumbers = numbers(Object.values(graph.threads).map((thread) => thread.turn_ids));
  const requestNumbers = numbers(Object.values(graph.turns).map((turn) => turn.inference_call_ids));
  const tools = toolsOfItems(graph);
  const nodes = SHOWN_TYPES.flatMap((type) =>
    idsOf(graph, type).map((id): Node => {
      const anchor = { type, id } as const;
      const { label, preview, status } = named(graph, anchor, {
        turns: turnNumbers,
        requests: requestNumbers,
        tools,
      });
      const object = objectOf(graph, anchor);
      const window = object !== null && "execution" in object ? (object.execution ?? null) : null;
      return {
        ...anchor,
        threadId: threadOf(graph, anchor) ?? senderOf(graph, anchor),
        ...timeOf(graph, anchor, window),
        status: status ?? window?.status ?? "",
        label: oneLine(label, BOUNDS.label),
        preview: oneLine(preview, BOUNDS.preview),
      };
    }),
  );
  const byKey = new Map(nodes.map((node, index) => [`${node.type} ${node.id}`, index]));
  return {
    nodes,
    numberOf: (anchor) => (anchor === null ? -1 : (byKey.get(`${anchor.type} ${anchor.id}`) ?? -1)),
  };
}

/** Places in lists, counted from 1. */
function numbers(lists: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  return new Map(lists.flatMap((list) => list.map((id, index) => [id, index + 1] as const)));
}

function senderOf(graph: RolloutGraph, { type, id }: ObjectAnchor): string | null {
  const source = type === "interaction_edge" ? graph.interaction_edges[id]?.source : undefined;
  if (source === undefined) return null;
  if (source.type === "thread") return source.id;
  return source.type === "tool_call" || source.type === "conversation_item"
    ? threadOf(graph, { type: source.type, id: source.id })
    : null;
}

function timeOf(
  graph: RolloutGraph,
  { type, id }: ObjectAnchor,
  window: ExecutionWindow | null,
): Pick<Node, "startUs" | "endUs" | "seq"> {
  if (window !== null) {
    return { startUs: window.started_at_us, endUs: window.ended_at_us, seq: window.started_seq };
  }
  const item = type === "conversation_item" ? graph.conversation_items[id] : undefined;
  if (item !== undefined) {
    return { startUs: item.first_seen_at_us, endUs: item.first_seen_at_us, seq: item.evidence.seqs[0] ?? 0 };
  }
  const edge = type === "interaction_edge" ? graph.interaction_edges[id] : undefined;
  if (edge !== undefined) {
    return { startUs: edge.started_at_us, endUs: edge.ended_at_us, seq: edge.evidence.seqs[0] ?? 0 };
  }
  const compaction = type === "compaction" ? graph.compactions[id] : undefined;
  const at = compaction?.installed_at_us ?? null;
  return { startUs: at, endUs: at, seq: compaction?.installed_seq ?? compaction?.evidence.seqs[0] ?? 0 };
}

interface Named {
  readonly label: string;
  readonly preview: string;
  readonly status?: string | undefined;
}

interface Names {
  readonly turns: ReadonlyMap<string, number>;
  readonly requests: ReadonlyMap<string, number>;
  /** The tool of each item that is a call or an output of one. */
  readonly tools: ReadonlyMap<string, string>;
}

function toolsOfItems(graph: RolloutGraph): ReadonlyMap<string, string> {
  const tools = new Map<string, string>();
  for (const call of Object.values(graph.tool_calls)) {
    for (const id of [...call.call_item_ids, ...call.output_item_ids]) tools.set(id, toolName(call));
  }
  return tools;
}

function named(graph: RolloutGraph, anchor: ObjectAnchor, { turns, requests, tools }: Names): Named {
  const { type, id } = anchor;
  switch (type) {
    case "thread": {
      const thread = graph.threads[id];
      return { label: thread?.agent_path ?? id, preview: thread?.nickname ?? thread?.model ?? "" };
    }
    case "turn":
      return { label: `turn ${turns.get(id) ?? "?"}`, preview: openingOf(graph, graph.turns[id]) };
    case "inference_call": {
      const call = graph.inference_calls[id];
      const said = call?.response_item_ids.flatMap((item) => graph.conversation_items[item] ?? []) ?? [];
      const message = said.find((item) => item.kind === "message") ?? said[0];
      return {
        // Turn and place, as `2.1`: in a link nothing else says of which turn it is.
        label: `model request ${turns.get(call?.turn_id ?? "") ?? "?"}.${requests.get(id) ?? "?"}`,
        preview: call?.error ?? (message === undefined ? (call?.model ?? "") : beginning(message)),
      };
    }
    case "conversation_item": {
      const item = graph.conversation_items[id];
      return item === undefined
        ? { label: id, preview: "" }
        : { label: itemLabel(item, tools.get(id)), preview: beginning(item), status: item.role };
    }
    case "tool_call": {
      const call = graph.tool_calls[id];
      const callId = call?.model_visible_call_id ?? call?.runtime_tool_call_id ?? id;
      return {
        label: `${call === undefined ? "?" : toolName(call)} ${callId}`,
        // A cell stands below the call that started it, and says the same.
        preview:
          call?.kind.type === "code_cell_exec" && call.code_cell_id !== null
            ? ""
            : (call?.input_preview ?? ""),
      };
    }
    case "code_cell": {
      const cell = graph.code_cells[id];
      return {
        label: `cell ${cell?.runtime_cell_id}`,
        preview: (cell?.source ?? "").slice(0, PREVIEWED),
        status: cell?.runtime_status,
      };
    }
    case "interaction_edge":
      return edgeName(graph, id);
    case "terminal_operation": {
      const request = graph.terminal_operations[id]?.request;
      const preview = request?.type === "exec_command" ? request.command.join(" ") : (request?.stdin ?? "");
      return { label: id, preview: preview.slice(0, PREVIEWED) };
    }
    case "span":
      return { label: graph.spans[id]?.name ?? id, preview: "" };
    default:
      return { label: `${type.replaceAll("_", " ")} ${id}`, preview: "" };
  }
}

/** Code units of a text that are looked at for its preview. */
const PREVIEWED = 1_000;

function beginning(item: ConversationItem): string {
  return itemText(item).slice(0, PREVIEWED);
}

function itemLabel(item: ConversationItem, tool: string | undefined): string {
  if (tool !== undefined) return `${tool} ${item.kind.endsWith("_output") ? "output" : "call"}`;
  const kind = item.kind === "message" ? `${item.role} message` : item.kind.replaceAll("_", " ");
  return item.agent_message === null
    ? kind
    : `${item.agent_message.author} → ${item.agent_message.recipient}`;
}

function openingOf(graph: RolloutGraph, turn: Turn | undefined): string {
  const first = graph.inference_calls[turn?.inference_call_ids[0] ?? ""];
  const items = first?.request.item_ids.flatMap((id) => graph.conversation_items[id] ?? []) ?? [];
  const opening = items.findLast(
    (item) => item.kind === "message" && (item.role === "user" || item.agent_message !== null),
  );
  return opening === undefined ? "" : beginning(opening);
}

function edgeName(graph: RolloutGraph, id: string): Named {
  const edge = graph.interaction_edges[id];
  const target = edge?.target ?? null;
  const threadId =
    target?.type === "thread"
      ? target.id
      : target?.type === "conversation_item"
        ? (graph.conversation_items[target.id]?.thread_id ?? null)
        : null;
  const to =
    threadId === null ? "nobody: it never arrived" : (graph.threads[threadId]?.agent_path ?? threadId);
  const carried = graph.conversation_items[edge?.carried_item_ids[0] ?? ""];
  return {
    label: `${edge?.kind.replaceAll("_", " ")} → ${to}`,
    preview: carried === undefined ? "" : beginning(carried),
    status: edge?.status,
  };
}
