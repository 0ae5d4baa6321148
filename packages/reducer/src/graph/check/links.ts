/** Links go both ways. */
import type { ConversationItem, Producer } from "../conversation.ts";
import type { ToolCall } from "../tool-call.ts";
import type { ObjectOf, ObjectType } from "./names.ts";
import type { Check } from "./violations.ts";

type Ids = readonly (string | null)[];

/** One kind of objects that name objects of another kind, each of which names them. */
interface End<Type extends ObjectType> {
  readonly type: Type;
  /** The objects of the other kind that an object names. */
  readonly names: (object: ObjectOf<Type>) => Ids;
}

type Link = (check: Check) => void;

const LINKS: readonly Link[] = [
  link(
    { type: "thread", names: (thread) => thread.turn_ids },
    { type: "turn", names: (turn) => [turn.thread_id] },
  ),
  link(
    { type: "thread", names: (thread) => thread.conversation_item_ids },
    { type: "conversation_item", names: (item) => [item.thread_id] },
  ),
  link(
    { type: "turn", names: (turn) => turn.inference_call_ids },
    { type: "inference_call", names: (call) => [call.turn_id] },
  ),
  link(
    { type: "inference_call", names: (call) => call.tool_call_ids },
    { type: "tool_call", names: (call) => [isAskedForByItem(call) ? askedIn(call) : null] },
  ),
  link(
    { type: "inference_call", names: (call) => call.code_cell_ids },
    { type: "code_cell", names: (cell) => [askedIn(cell)] },
  ),
  link(
    { type: "tool_call", names: (call) => call.output_item_ids },
    {
      type: "conversation_item",
      names: producers("tool", ({ tool_call_id: id }) => id),
    },
  ),
  link(
    { type: "tool_call", names: (call) => [call.terminal_operation_id] },
    { type: "terminal_operation", names: (operation) => [operation.tool_call_id] },
  ),
  link(
    { type: "tool_call", names: (call) => call.span_ids },
    { type: "span", names: (span) => [span.tool_call_id] },
  ),
  link(
    {
      type: "code_cell",
      names: ({ exec_tool_call_id: exec, waits }) => [exec, ...waits.map((wait) => wait.tool_call_id)],
    },
    { type: "tool_call", names: (call) => [call.code_cell_id] },
  ),
  link(
    { type: "code_cell", names: (cell) => cell.nested_tool_call_ids },
    { type: "tool_call", names: (call) => [cellOf(call)] },
  ),
  link(
    { type: "code_cell", names: (cell) => cell.output_item_ids },
    { type: "conversation_item", names: producers("code_cell", ({ code_cell_id: id }) => id) },
  ),
  link(
    { type: "terminal_session", names: (session) => session.operation_ids },
    { type: "terminal_operation", names: (operation) => [operation.terminal_session_id] },
  ),
  link(
    { type: "compaction", names: (compaction) => compaction.request_ids },
    { type: "compaction_request", names: (request) => [request.compaction_id] },
  ),
  link(
    {
      type: "compaction",
      names: ({ marker_item_id: marker, replacement_item_ids: items }) => [marker, ...items],
    },
    { type: "conversation_item", names: producers("compaction", ({ compaction_id: id }) => id) },
  ),
  link(
    { type: "interaction_edge", names: (edge) => edge.carried_item_ids },
    { type: "conversation_item", names: producers("interaction_edge", ({ edge_id: id }) => id) },
  ),
  link(
    { type: "inference_call", names: (call) => call.response_item_ids },
    { type: "conversation_item", names: producers("inference", ({ inference_call_id: id }) => id) },
  ),
];

export function checkLinks(check: Check): void {
  for (const each of LINKS) each(check);
}

/** The cell that a call is nested in. */
export function cellOf({ requester }: ToolCall): string | null {
  return requester.type === "code_cell" ? requester.code_cell_id : null;
}

/** Whether a call belongs to an item of its thread, and not only to its cell. */
export function isAskedForByItem(call: ToolCall): boolean {
  return call.thread_id !== null && call.model_visible_call_id !== null;
}

function askedIn({ caused_by: cause }: Pick<ToolCall, "caused_by">): string | null {
  return cause?.inference_call_id ?? null;
}

function producers<Type extends Producer["type"]>(
  type: Type,
  idOf: (producer: Extract<Producer, { type: Type }>) => string,
): (item: ConversationItem) => Ids {
  const isOfType = (each: Producer): each is Extract<Producer, { type: Type }> => each.type === type;
  return (item) => item.produced_by.filter(isOfType).map(idOf);
}

function link<Left extends ObjectType, Right extends ObjectType>(left: End<Left>, right: End<Right>): Link {
  return (check) => {
    checkNamedBack(check, left, right);
    checkNamedBack(check, right, left);
  };
}

/** More than this is looked for in a set. */
const SHORT = 8;

/** Whatever an object of kind `from` names must name it. */
function checkNamedBack<From extends ObjectType, To extends ObjectType>(
  check: Check,
  from: End<From>,
  to: End<To>,
): void {
  const long = new Map<string, ReadonlySet<string | null>>();
  const isNamedBy = (id: string, other: string, object: ObjectOf<To>): boolean => {
    const known = long.get(other);
    if (known !== undefined) return known.has(id);
    const ids = to.names(object);
    if (ids.length > SHORT) long.set(other, new Set(ids));
    return ids.includes(id);
  };
  for (const [id, object] of check.each(from.type)) {
    for (const other of from.names(object)) {
      const named = check.get(to.type, other);
      if (other === null || named === undefined) continue;
      check.holds(
        { type: from.type, id },
        isNamedBy(id, other, named),
        `is linked to ${to.type} ${JSON.stringify(other)}, which is not linked to it`,
      );
    }
  }
}
