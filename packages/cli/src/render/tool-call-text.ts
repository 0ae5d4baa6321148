import type { CodeCell, ToolCall } from "@rollout-trace/reducer";
import { toolName } from "../objects/graph-objects.ts";
import { cellText } from "./cell-nodes.ts";
import { escapeText, fitText } from "./escape.ts";
import type { Page } from "./rollout-tree.ts";
import { status } from "./status.ts";

const NAME_COLUMNS = 60;

/** One line for a tool call: what was called, for which cell, how it went, and the id by which it can be asked for. */
export function toolCallText(page: Page, call: ToolCall): string {
  const { colour, graph } = page;
  const cell = call.code_cell_id === null ? undefined : graph.code_cells[call.code_cell_id];
  const name = fitText(toolName(call), NAME_COLUMNS);
  const callId = call.model_visible_call_id;
  const parts = [
    colour.green(name),
    page.index.reached(call.tool_call_id),
    ...statusParts(page, call, cell),
    colour.dim(escapeText(callId ?? call.runtime_tool_call_id ?? "")),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function statusParts({ colour }: Page, call: ToolCall, cell: CodeCell | undefined): readonly string[] {
  const own = status(colour, call.execution);
  if (cell === undefined) return [own];
  if (call.kind.type === "code_cell_exec") {
    // A call that returned while its cell went on, or that returned what a cell failed with, went well itself.
    return call.execution.status === "completed" ? [cellText(colour, cell)] : [own, cellText(colour, cell)];
  }
  const callId = call.model_visible_call_id;
  const ends = callId !== null && cell.cancellation?.model_visible_call_id === callId;
  const wait = cell.waits.find((known) => known.tool_call_id === call.tool_call_id);
  const outcome = ends || wait?.outcome === "completed" ? "" : colour.yellow(wait?.outcome ?? "");
  return [`${ends ? "ends" : "for"} cell ${escapeText(cell.runtime_cell_id)}`, own, outcome];
}
