/** The host's own spans under the tool call that they ran in. */
import type { Span, ToolCall } from "@rollout-trace/reducer";
import { escapeText } from "./escape.ts";
import { count } from "./format.ts";
import type { Page } from "./rollout-tree.ts";
import { status } from "./status.ts";
import type { TreeNode } from "./tree.ts";

/** A call may have a thousand of them; `explain` shows each. */
const SHOWN = 20;

export function spanNodes({ graph, colour }: Page, call: ToolCall): readonly TreeNode[] {
  const spans = call.span_ids.slice(0, SHOWN).flatMap((id) => graph.spans[id] ?? []);
  const keys = new Set(spans.map((span) => keyOf(span, span.recorded_id)));
  // What stands in a circle is under nothing that is shown, and so is left out.
  const below = Map.groupBy(spans, (span) => {
    const parent = keyOf(span, span.parent_span_id ?? "");
    return keys.has(parent) ? parent : "";
  });
  // Ids come again, and a span may be said to stand under one that has its own.
  const shown = new Set<string>();
  const nodesUnder = (key: string): readonly TreeNode[] => {
    if (shown.has(key)) return [];
    shown.add(key);
    return (below.get(key) ?? []).map((span) => ({
      text: [colour.cyan("span"), escapeText(span.name), status(colour, span.execution)].join("  "),
      detail: span.status.message,
      children: nodesUnder(keyOf(span, span.recorded_id)),
    }));
  };
  const more = call.span_ids.length - SHOWN;
  return [
    ...nodesUnder(""),
    ...(more > 0 ? [{ text: colour.dim(`… ${count(more, "more span")}`), children: [] }] : []),
  ];
}

function keyOf({ otel_trace_id: traceId }: Span, spanId: string): string {
  return `${traceId} ${spanId}`;
}
