import type { ToolCall } from "@rollout-trace/reducer";
import { escapeText, fitText } from "./escape.ts";
import type { Page } from "./rollout-tree.ts";
import { status } from "./status.ts";

const NAME_COLUMNS = 60;

/** One line for a tool call: what was called, for which cell, how it went, and the id by which it can be asked for. */
export function toolCallText(page: Page, call: ToolCall): string {
  const { colour, graph } = page;
  const cell = call.code_cell_id === null ? undefined : graph.code_cells[call.code_cell_id];
  const name = fitText(nameOf(call), NAME_COLUMNS);
  const callId = call.model_visible_call_id;
  const cancels = callId !== null && cell?.cancellation?.model_visible_call_id === callId;
  const outcome =
    cell?.waits.find((known) => known.tool_call_id === call.tool_call_id)?.outcome ?? "completed";
  const parts = [
    colour.green(name),
    cell === undefined ? null : `${cancels ? "ends " : ""}cell ${escapeText(cell.runtime_cell_id)}`,
    status(colour, call.execution),
    outcome === "completed" ? null : colour.yellow(outcome),
    colour.dim(escapeText(callId ?? call.runtime_tool_call_id ?? "")),
  ];
  return parts.filter((part) => part !== null && part !== "").join("  ");
}

function nameOf(call: ToolCall): string {
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
