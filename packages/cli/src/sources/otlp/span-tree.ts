/** The spans of a session as a forest, each with its role. */
import type { SpanRole } from "./span-role.ts";
import { roleOf } from "./span-role.ts";
import type { SourceSpan } from "./source-span.ts";

export interface SpanNode {
  readonly span: SourceSpan;
  readonly role: SpanRole;
  /** By start; those without one in the order of the file. */
  readonly children: readonly SpanNode[];
  /** When it began and ended, where need be as the spans around it say; null for one that has not ended. */
  readonly startUs: number;
  readonly endUs: number | null;
}

/** Spans nested deeper are taken for roots, so that a walk ends. */
const MAX_DEPTH = 1_000;

export function spanForest(spans: readonly SourceSpan[]): readonly SpanNode[] {
  const byId = new Map(spans.map((span) => [keyOf(span, span.spanId), span]));
  const children = Map.groupBy(spans, (span) => {
    const parent = span.parentId === null ? undefined : byId.get(keyOf(span, span.parentId));
    return parent === span ? undefined : parent;
  });
  const knowsRequests = spans.some((span) =>
    /^ai\..*\.do(?:Generate|Stream)$/.test(span.attributes.text("ai.operationId") ?? ""),
  );
  const made = new Set<SourceSpan>();
  const nodeOf = (span: SourceSpan, startedUs: number, depth: number): SpanNode => {
    made.add(span);
    const startUs = span.startUs ?? startedUs;
    const inside = depth === MAX_DEPTH ? [] : (children.get(span) ?? []).filter((child) => !made.has(child));
    const nodes = ordered(inside).map((child) => nodeOf(child, startUs, depth + 1));
    return {
      span,
      role: refined(roleOf(span), nodes, knowsRequests),
      children: nodes,
      startUs,
      endUs: endOf(span, startUs, nodes),
    };
  };
  const firstUs = spans.reduce(
    (least, { startUs }) => Math.min(least, startUs ?? least),
    Number.MAX_SAFE_INTEGER,
  );
  const start = firstUs === Number.MAX_SAFE_INTEGER ? 0 : firstUs;
  const roots = ordered(children.get(undefined) ?? []).map((span) => nodeOf(span, start, 0));
  // What is left is in a circle, or too deep.
  const rest = ordered(spans).flatMap((span) => (made.has(span) ? [] : [nodeOf(span, start, 0)]));
  return [...roots, ...rest];
}

/** A span without an end has not ended, unless the file knows no times at all. */
function endOf(
  { startUs, endUs }: SourceSpan,
  startedUs: number,
  children: readonly SpanNode[],
): number | null {
  if (endUs !== null) return Math.max(endUs, startedUs);
  return startUs === null ? Math.max(startedUs, ...children.map((child) => child.endUs ?? 0)) : null;
}

/**
 * Only the innermost request is one: what is around it repeats its messages and adds up its tokens. An AI SDK run without
 * requests of its own stands for the one that it made.
 */
function refined(role: SpanRole, children: readonly SpanNode[], knowsRequests: boolean): SpanRole {
  if (role === "model") return children.some(hasModel) ? "other" : "model";
  if (role !== "step") return role;
  if (children.some(hasModel)) return "step";
  return knowsRequests ? "other" : "model";
}

function hasModel(node: SpanNode): boolean {
  // A tool's own requests are no part of the request that asked for the tool.
  return (
    node.role === "model" || (node.role !== "tool" && node.role !== "agent" && node.children.some(hasModel))
  );
}

function ordered(spans: readonly SourceSpan[]): readonly SourceSpan[] {
  return spans.toSorted((left, right) =>
    left.startUs === null || right.startUs === null ? 0 : left.startUs - right.startUs,
  );
}

function keyOf({ traceId }: SourceSpan, spanId: string): string {
  return JSON.stringify([traceId, spanId]);
}
