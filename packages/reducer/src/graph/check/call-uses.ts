/**
 * Everything that carries one model-visible call id in one thread belongs together: the call's items, the call, the cell, and
 * what goes back to them.
 */
import type { ConversationItem } from "../conversation.ts";
import type { CausedBy, ToolCall } from "../tool-call.ts";
import { cellOf, isAskedForByItem } from "./links.ts";
import type { ObjectOf } from "./names.ts";
import { type Check, isSameList } from "./violations.ts";

/** What one use of a call id consists of. */
interface CallUse {
  readonly toolCallIds: string[];
  readonly callItemIds: string[];
  readonly outputItemIds: string[];
}

export function checkCallUses(check: Check): void {
  const uses = new CallUses(check);
  for (const [id, call] of check.each("tool_call")) checkCall(check, uses, { id, call });
  for (const [id, cell] of check.each("code_cell")) checkCell(check, uses, { id, cell });
}

function checkCall(check: Check, uses: CallUses, { id, call }: { id: string; call: ToolCall }): void {
  const object = { type: "tool_call", id } as const;
  for (const itemId of [...call.call_item_ids, ...call.output_item_ids]) {
    const item = check.get("conversation_item", itemId);
    const isOurs = item?.thread_id === call.thread_id && item.call_id === call.model_visible_call_id;
    check.holds(object, item === undefined || isOurs, `item ${JSON.stringify(itemId)} is of another call`);
  }
  const { caused_by: cause } = call;
  if (isAskedForByItem(call)) {
    check.holds(object, isCausedByItself(cause, call), "caused_by is not the call itself");
  } else {
    const cell = check.get("code_cell", cellOf(call));
    check.holds(object, isSameCause(cause, cell?.caused_by ?? null), "caused_by is not that of its cell");
  }
  const use = uses.useOf(call);
  if (use === undefined) return;
  check.holds(
    object,
    isSameList(use.callItemIds, call.call_item_ids),
    "call_item_ids are not the items with its call id",
  );
  check.holds(
    object,
    isSameList(use.outputItemIds, call.output_item_ids),
    "output_item_ids are not the outputs with its call id",
  );
}

function checkCell(
  check: Check,
  uses: CallUses,
  { id, cell }: { id: string; cell: ObjectOf<"code_cell"> },
): void {
  const object = { type: "code_cell", id } as const;
  check.holds(object, isCausedByItself(cell.caused_by, cell), "caused_by is not its exec");
  const use = uses.useOf(cell);
  if (use === undefined) return;
  check.holds(
    object,
    cell.source_item_id === (use.callItemIds[0] ?? null),
    "source_item_id is not the first item with its call id",
  );
  check.holds(
    object,
    isSameList(use.outputItemIds, cell.output_item_ids),
    "output_item_ids are not the outputs with its call id",
  );
  check.holds(
    object,
    cell.exec_tool_call_id === (use.toolCallIds[0] ?? null),
    "exec_tool_call_id is not the call with its call id",
  );
}

type Asked = Pick<ToolCall, "thread_id" | "model_visible_call_id">;

/** The uses of call ids in those threads that have used each of them once. */
class CallUses {
  readonly #byThread = new Map<string, Map<string, CallUse>>();
  readonly #reusing: ReadonlySet<string | undefined>;

  constructor(check: Check) {
    const { diagnostics } = check.graph;
    this.#reusing = new Set(
      diagnostics.filter(({ code }) => code === "call_id_reused").map(({ object }) => object?.id),
    );
    for (const [id, item] of check.each("conversation_item")) this.#addItem(id, item);
    for (const [id, call] of check.each("tool_call")) this.useOf(call)?.toolCallIds.push(id);
  }

  /** Undefined where the call id may have been used for something else. */
  useOf({ thread_id: threadId, model_visible_call_id: callId }: Asked): CallUse | undefined {
    if (threadId === null || callId === null || this.#reusing.has(threadId)) return undefined;
    let uses = this.#byThread.get(threadId);
    if (uses === undefined) this.#byThread.set(threadId, (uses = new Map<string, CallUse>()));
    let use = uses.get(callId);
    if (use === undefined) {
      use = { toolCallIds: [], callItemIds: [], outputItemIds: [] };
      uses.set(callId, use);
    }
    return use;
  }

  #addItem(id: string, { thread_id, call_id, kind }: ConversationItem): void {
    const use = call_id === null ? undefined : this.useOf({ thread_id, model_visible_call_id: call_id });
    if (kind === "function_call" || kind === "custom_tool_call") use?.callItemIds.push(id);
    if (kind === "function_call_output" || kind === "custom_tool_call_output") use?.outputItemIds.push(id);
  }
}

function isCausedByItself(cause: CausedBy | null, { thread_id, model_visible_call_id }: Asked): boolean {
  return cause?.thread_id === thread_id && cause.model_visible_call_id === model_visible_call_id;
}

function isSameCause(left: CausedBy | null, right: CausedBy | null): boolean {
  return (
    left?.thread_id === right?.thread_id &&
    left?.model_visible_call_id === right?.model_visible_call_id &&
    left?.inference_call_id === right?.inference_call_id
  );
}
