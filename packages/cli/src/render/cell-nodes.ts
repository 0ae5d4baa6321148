import type { CodeCell, ToolCall } from "@rollout-trace/reducer";
import type { ChalkInstance } from "chalk";
import { escapeText } from "./escape.ts";
import { duration } from "./format.ts";
import type { Page } from "./rollout-tree.ts";
import { status } from "./status.ts";
import type { TreeNode } from "./tree.ts";

/** Which cell, and how it really went, which is not how the exec call went that started it. */
export function cellText(colour: ChalkInstance, cell: CodeCell): string {
  return `cell ${escapeText(cell.runtime_cell_id)} ${status(colour, cell.execution)}`;
}

/** What a cell did, in order: nested calls, notifications, yields, who waited for it, and the request that ended it. */
export function cellNodes(
  page: Page,
  cell: CodeCell,
  callNode: (page: Page, call: ToolCall) => TreeNode,
): readonly TreeNode[] {
  const { colour, graph } = page;
  const nested = cell.nested_tool_call_ids
    .flatMap((id) => graph.tool_calls[id] ?? [])
    .map((call) => ({ seq: call.execution.started_seq, node: callNode(page, call) }));
  const notifications = cell.notifications.map(({ seq, text }) => ({
    seq,
    node: leaf(colour.magenta("notify"), text),
  }));
  const yields = cell.yields.map(({ seq }) => ({ seq, node: leaf(colour.yellow("yields")) }));
  const waits = cell.waits.map((wait) => ({
    seq: wait.execution.started_seq,
    node: leaf(waitText(colour, cell, wait)),
  }));
  const { cancellation } = cell;
  const cancelled =
    cancellation === null
      ? []
      : [
          {
            seq: cancellation.seq,
            node: leaf(
              colour.red(
                `cancelled by ${cancellation.cause.replaceAll("_", " ")}${cancellation.limit === null ? "" : `: ${cancellation.limit}`}`,
              ),
            ),
          },
        ];
  return [...nested, ...notifications, ...yields, ...waits, ...cancelled]
    .toSorted((left, right) => left.seq - right.seq)
    .map((step) => step.node);
}

/** By whom it was waited for, for how long, and what that gave. */
function waitText(colour: ChalkInstance, cell: CodeCell, wait: CodeCell["waits"][number]): string {
  const { execution, outcome, model_visible_call_id: callId, mode } = wait;
  const ends = callId !== null && cell.cancellation?.model_visible_call_id === callId;
  const took =
    execution.ended_at_us === null ? [] : [duration(execution.ended_at_us - execution.started_at_us)];
  const parts = [
    colour.yellow(
      ends ? "is ended by" : mode === "pending" ? "is waited for until it is pending" : "is waited for",
    ),
    ...(callId === null ? [] : [escapeText(callId)]),
    colour.dim([outcome ?? "still waiting", ...took].join(" ")),
  ];
  return parts.join("  ");
}

function leaf(text: string, detail: string | null = null): TreeNode {
  return { text, detail, children: [] };
}
