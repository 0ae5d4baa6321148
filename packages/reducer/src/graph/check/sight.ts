/** What a model is said to have seen of a call is what requests, responses and compactions show of it. */
import { bytesOf } from "../../conversation/normal-item.ts";
import type { CodeCell } from "../code-cell.ts";
import type { ConversationItem } from "../conversation.ts";
import type { ToolCall } from "../tool-call.ts";
import { cellOf } from "./links.ts";
import type { Check } from "./violations.ts";

export function checkSight(check: Check): void {
  const shown = shownItems(check);
  const isShown = (ids: readonly string[]): boolean => ids.some((id) => shown.has(id));
  const mayBeShown = ([outputIds, callIds]: Outputs): boolean =>
    isShown(outputIds) ||
    callIds.some((id) => id !== null && shown.has(id) && mayBeOutput(check.get("conversation_item", id)));
  const cells = new Map<string, boolean>();
  const mayBeShownOf = (id: string | null): boolean => {
    const cell = check.get("code_cell", id);
    if (id === null || cell === undefined) return false;
    let known = cells.get(id);
    if (known === undefined) cells.set(id, (known = outputsOf(check, cell).some(mayBeShown)));
    return known;
  };
  for (const [id, call] of check.each("tool_call")) {
    const object = { type: "tool_call", id } as const;
    const { to_model_bytes: bytes, seen_by_model: seen } = call.visibility;
    const isOwn = isShown(call.output_item_ids);
    const mayBeOwn = isOwn || mayBeShown([[], call.call_item_ids]);
    check.holds(object, bytes !== null || !isOwn, "an output of it was shown, and no bytes of it");
    check.holds(object, bytes === null || mayBeOwn, "bytes of it were shown, and no output of it");
    const known = bytes === null ? null : bytesShown(check, call);
    const isOfOutputs =
      known === null ||
      bytes === known ||
      (bytes !== null && bytes < known && call.output_item_ids.length > 1);
    check.holds(object, isOfOutputs, "other bytes of it were shown than its outputs have");
    check.holds(object, seen || bytes === null, "bytes of it were shown, and it was not seen");
    check.holds(
      object,
      bytes !== null || !seen || mayBeShownOf(cellOf(call)),
      "it was seen, and neither bytes of it nor an output of its cell were shown",
    );
  }
}

/** What any model was shown or said, or had in a history that was replaced. */
function shownItems(check: Check): ReadonlySet<string> {
  const shown = new Set<string>();
  const add = (ids: readonly string[]): void => {
    for (const id of ids) shown.add(id);
  };
  for (const [, { request, response_item_ids }] of check.each("inference_call")) {
    add(request.item_ids);
    add(response_item_ids);
  }
  for (const [, { input_item_ids }] of check.each("compaction")) add(input_item_ids);
  return shown;
}

/** The bytes of a call's outputs, of which those that were rewritten were shown once; null where one has what the graph has not. */
function bytesShown(check: Check, call: ToolCall): number | null {
  if (call.call_item_ids.some((id) => mayBeOutput(check.get("conversation_item", id)))) return null;
  let sum = 0;
  for (const id of call.output_item_ids) {
    for (const part of check.get("conversation_item", id)?.body.parts ?? []) {
      if (part.type === "json" || part.type === "payload_ref") return null;
      sum += bytesOf({ parts: [part], hiddenBytes: 0 });
    }
  }
  return sum;
}

/** A call of a tool that the provider runs itself, which has the provider's id for its call id, may say what came of it. */
export function mayBeOutput(item: ConversationItem | undefined): boolean {
  return item !== undefined && item.call_id !== null && item.call_id === item.provider_item_id;
}

type Outputs = readonly [outputIds: readonly string[], callIds: readonly (string | null)[]];

/** What came back of a cell, by its exec and its waits. */
function outputsOf(check: Check, cell: CodeCell): readonly Outputs[] {
  const waits = cell.waits.flatMap(({ tool_call_id: id }): Outputs[] => {
    const call = check.get("tool_call", id);
    return call === undefined ? [] : [[call.output_item_ids, call.call_item_ids]];
  });
  return [[cell.output_item_ids, [cell.source_item_id]], ...waits];
}
