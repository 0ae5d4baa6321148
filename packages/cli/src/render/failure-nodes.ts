/** Why a tool call or its cell failed, as far as the recording says. */
import type { CodeCell, ConversationItem, ToolCall } from "@rollout-trace/reducer";
import { itemText, partText } from "./item-text.ts";
import type { Page } from "./rollout-tree.ts";
import type { TreeNode } from "./tree.ts";

/** What the runtime puts before the error of a script, in a part of its own after the output. */
const SCRIPT_ERROR = /^Script error:\n/;

/** One line, or none where nothing failed or nothing is known. `cell` is the one that the call started. */
export function failureNodes(
  { graph, colour }: Page,
  call: ToolCall,
  cell: CodeCell | null,
): readonly TreeNode[] {
  const lastOf = (ids: readonly string[]): ConversationItem | undefined =>
    graph.conversation_items[ids.at(-1) ?? ""];
  if (cell?.execution.status === "failed") {
    const error = lastOf(cell.output_item_ids)?.body.parts.at(-1);
    if (error === undefined) return [];
    return [failure(colour.red(BECAUSE), partText(error).replace(SCRIPT_ERROR, ""))];
  }
  if (call.execution.status !== "failed") return [];
  const output = lastOf(call.output_item_ids);
  const text = output === undefined ? call.output_preview : itemText(output);
  const cause = call.recorded_end_cause;
  // That it returned, or failed, is told already.
  const says = cause !== null && cause !== "returned" && cause !== "error";
  if (!says && text === null) return [];
  return [failure(colour.red(says ? cause.replaceAll("_", " ") : BECAUSE), text)];
}

const BECAUSE = "because";

function failure(text: string, detail: string | null): TreeNode {
  return { text, detail, children: [] };
}
