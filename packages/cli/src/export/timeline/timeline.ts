/**
 * What ran when, for pictures with a time axis: each agent's work in groups of lanes, marks on it, and arrows between.
 *
 * Everything comes from the graph. All text is untrusted and uncut.
 */
import type { CodeCell, ExecutionWindow, RolloutGraph, Thread, ToolCall } from "@rollout-trace/reducer";
import { type ObjectType, toolName } from "../../objects/graph-objects.ts";
import { arrowsOf } from "./arrows.ts";
import { type Arrow, type Bar, type GroupName, GROUPS, type Mark } from "./bar.ts";
import { packLanes } from "./lanes.ts";

export interface AgentTimeline {
  readonly thread: Thread;
  /** Agents above it. */
  readonly depth: number;
  /** Groups that are not empty, in the order of `GROUPS`. In a lane no two bars overlap. */
  readonly groups: readonly { readonly name: GroupName; readonly lanes: readonly (readonly Bar[])[] }[];
}

export interface Timeline {
  /** The first and the last moment. Both 0 for a graph without one. */
  readonly startUs: number;
  readonly endUs: number;
  /** Agents as in the tree: each under the one that spawned it. */
  readonly agents: readonly AgentTimeline[];
  readonly bars: readonly Bar[];
  /** By code cell. */
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
  readonly arrows: readonly Arrow[];
}

/** Costs n log n of the graph's objects. */
export function timelineOf(graph: RolloutGraph): Timeline {
  const order = agentOrder(graph);
  const { startUs, endUs } = extent(graph);
  const bars = barsOf(graph, endUs, order[0]?.thread.thread_id ?? null);
  const byAgent = Map.groupBy(bars, (bar) => bar.threadId);
  const agents = order.map(({ thread, depth }) => {
    const groups = Map.groupBy(byAgent.get(thread.thread_id) ?? [], (bar) => bar.group);
    return {
      thread,
      depth,
      groups: GROUPS.flatMap((name) => {
        const members = groups.get(name);
        return members === undefined ? [] : [{ name, lanes: packLanes(members) }];
      }),
    };
  });
  const marks = new Map(
    Object.values(graph.code_cells).flatMap((cell) => {
      const found = marksOf(cell);
      return found.length === 0 ? [] : [[cell.code_cell_id, found] as const];
    }),
  );
  return { startUs, endUs, agents, bars, marks, arrows: arrowsOf(graph, bars) };
}

/** The agents, each under its parent. Walks with a stack of its own and takes no agent twice: parents may be damaged. */
function agentOrder(graph: RolloutGraph): readonly { readonly thread: Thread; readonly depth: number }[] {
  const threads = Object.values(graph.threads);
  const parentOf = ({ origin }: Thread): string | null =>
    origin.type === "spawned" && Object.hasOwn(graph.threads, origin.parent_thread_id)
      ? origin.parent_thread_id
      : null;
  const children = Map.groupBy(threads, parentOf);
  const seen = new Set<Thread>();
  const ordered: { readonly thread: Thread; readonly depth: number }[] = [];
  const visit = (roots: readonly Thread[]): void => {
    const stack = roots.map((thread) => ({ thread, depth: 0 })).toReversed();
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { thread, depth } = top;
      if (seen.has(thread)) continue;
      seen.add(thread);
      ordered.push(top);
      const below = children.get(thread.thread_id) ?? [];
      stack.push(...below.map((child) => ({ thread: child, depth: depth + 1 })).toReversed());
    }
  };
  visit(children.get(null) ?? []);
  // Agents that a damaged recording puts under each other hang under nobody.
  visit(threads);
  return ordered;
}

function extent(graph: RolloutGraph): { readonly startUs: number; readonly endUs: number } {
  let startUs = graph.started_at_us ?? Number.POSITIVE_INFINITY;
  let endUs = graph.ended_at_us ?? Number.NEGATIVE_INFINITY;
  for (const collection of TIMED) {
    for (const { execution } of Object.values<{ readonly execution: ExecutionWindow }>(graph[collection])) {
      startUs = Math.min(startUs, execution.started_at_us);
      endUs = Math.max(endUs, execution.ended_at_us ?? execution.started_at_us);
    }
  }
  if (!Number.isFinite(startUs)) return { startUs: 0, endUs: 0 };
  return { startUs, endUs: Math.max(startUs, endUs) };
}

const TIMED = [
  "threads",
  "turns",
  "inference_calls",
  "compaction_requests",
  "code_cells",
  "tool_calls",
  "spans",
] as const;

function barsOf(graph: RolloutGraph, lastUs: number, rootId: string | null): readonly Bar[] {
  const bars: Bar[] = [];
  const add = (
    type: ObjectType,
    id: string,
    shown: { threadId: string | null; group: GroupName; label: string },
    window: ExecutionWindow,
  ): void => {
    const known = shown.threadId !== null && Object.hasOwn(graph.threads, shown.threadId);
    const threadId = known ? shown.threadId : rootId;
    if (threadId === null) return;
    const { started_at_us: startUs, started_seq: startSeq, status, end_cause: endCause } = window;
    const endUs = Math.max(startUs, window.ended_at_us ?? lastUs);
    bars.push({ ...shown, type, id, threadId, startUs, endUs, startSeq, status, endCause });
  };
  for (const thread of Object.values(graph.threads)) {
    const { thread_id: threadId, execution, agent_path: label } = thread;
    add("thread", threadId, { threadId, group: "agent", label }, execution);
    thread.turn_ids.forEach((id, index) => {
      const turn = graph.turns[id];
      if (turn !== undefined)
        add("turn", id, { threadId, group: "turns", label: `turn ${index + 1}` }, turn.execution);
    });
  }
  for (const call of Object.values(graph.inference_calls)) {
    const shown = { threadId: call.thread_id, group: "model", label: call.model } as const;
    add("inference_call", call.inference_call_id, shown, call.execution);
  }
  for (const request of Object.values(graph.compaction_requests)) {
    const shown = {
      threadId: request.thread_id,
      group: "model",
      label: `compact: ${request.model}`,
    } as const;
    add("compaction_request", request.compaction_request_id, shown, request.execution);
  }
  for (const cell of Object.values(graph.code_cells)) {
    const shown = {
      threadId: cell.thread_id,
      group: "cells",
      label: `cell ${cell.runtime_cell_id}`,
    } as const;
    add("code_cell", cell.code_cell_id, shown, cell.execution);
  }
  for (const call of Object.values(graph.tool_calls)) {
    const group = call.requester.type === "code_cell" ? "nested" : "calls";
    add(
      "tool_call",
      call.tool_call_id,
      { threadId: call.thread_id, group, label: callLabel(graph, call) },
      call.execution,
    );
  }
  for (const span of Object.values(graph.spans)) {
    const shown = { threadId: span.thread_id, group: "spans", label: span.name } as const;
    add("span", span.span_id, shown, span.execution);
  }
  return bars;
}

function callLabel(graph: RolloutGraph, call: ToolCall): string {
  const cell = call.code_cell_id === null ? undefined : graph.code_cells[call.code_cell_id];
  return cell === undefined ? toolName(call) : `${toolName(call)} cell ${cell.runtime_cell_id}`;
}

function marksOf(cell: CodeCell): readonly Mark[] {
  const { cancellation } = cell;
  return [
    ...cell.yields.map(({ at_us: atUs }) => ({ kind: "yield", atUs, label: "yields" }) as const),
    ...cell.notifications.map(
      ({ at_us: atUs, text }) => ({ kind: "notify", atUs, label: `notify: ${text}` }) as const,
    ),
    ...(cancellation === null
      ? []
      : [
          {
            kind: "cancel",
            atUs: cancellation.at_us,
            label: `cancelled by ${cancellation.cause.replaceAll("_", " ")}${cancellation.limit === null ? "" : `: ${cancellation.limit}`}`,
          } as const,
        ]),
  ].toSorted((left, right) => left.atUs - right.atUs);
}
