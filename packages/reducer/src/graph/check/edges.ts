/** Edges lead from somewhere to where what they carry arrived, or it is said that it never did. */
import type { EdgeKind, InteractionEdge } from "../edge.ts";
import type { AnchorType } from "../base.ts";
import { resultEdgeId, spawnEdgeId, toolEdgeId } from "../../linking/edge-ids.ts";
import type { ToolCall } from "../tool-call.ts";
import { type Check, isSameList } from "./violations.ts";

/** What an edge of each kind may lead from, and to. */
const ENDS: { readonly [Kind in EdgeKind]: { readonly from: Types; readonly to: Types } } = {
  spawn_agent: { from: ["tool_call"], to: ["conversation_item", "thread"] },
  assign_agent_task: { from: ["tool_call"], to: ["conversation_item"] },
  send_message: { from: ["tool_call"], to: ["conversation_item"] },
  agent_result: { from: ["conversation_item", "thread"], to: ["conversation_item"] },
  close_agent: { from: ["tool_call"], to: ["thread"] },
};
type Types = readonly AnchorType[];

export function checkEdges(check: Check): void {
  const isOver = check.graph.status !== "running";
  const undelivered = new Set(
    check.graph.findings.filter(({ code }) => code === "edge_never_delivered").map(({ object }) => object.id),
  );
  for (const [id, edge] of check.each("interaction_edge")) {
    const object = { type: "interaction_edge", id } as const;
    const { from, to } = ENDS[edge.kind];
    const { target, status, started_at_us: started, ended_at_us: ended } = edge;
    check.holds(object, from.includes(edge.source.type), `it leads from a ${edge.source.type}`);
    check.holds(object, target === null || to.includes(target.type), `it leads to a ${target?.type}`);
    check.holds(object, target !== null || edge.kind !== "close_agent", "it closes nothing");
    check.holds(
      object,
      undelivered.has(id) === (isOver && target === null),
      "its target and its finding disagree",
    );
    const arrived = target?.type === "conversation_item" ? [target.id] : [];
    check.holds(object, isSameList(edge.carried_item_ids, arrived), "it carries another item than arrived");
    const call = edge.source.type === "tool_call" ? check.get("tool_call", edge.source.id) : undefined;
    if (call !== undefined) {
      check.holds(
        object,
        isSameList(edge.carried_payload_ids, payloadsOf(call)),
        "it carries other payloads than its call",
      );
    }
    check.holds(object, (status === "running") === (ended === null), "status and end disagree");
    check.holds(object, status !== "running" || !isOver, "it is running in a rollout that is over");
    check.holds(object, (ended ?? started) >= started, "it ended at a time before it started");
    check.holds(object, isOfItsEnds(check, id, edge), "its id is that of an edge between others");
  }
  checkResults(check);
  checkSpawns(check);
}

/** Whether an edge has the id that is made of what it leads from and to, be it with a number behind. */
function isOfItsEnds(check: Check, edgeId: string, edge: InteractionEdge): boolean {
  const { kind, source } = edge;
  const id = edgeId.replace(/#\d+$/, "");
  const isId = (made: string): boolean => made === edgeId || made === id;
  if (kind === "agent_result") {
    const parent = threadTo(check, edge);
    const isOfParent = [edgeId, id].some((each) => each.endsWith(`:${parent}`));
    return parent === null || isOfParent;
  }
  if (kind !== "spawn_agent") return isId(toolEdgeId(source.id));
  const parent = check.get("tool_call", source.id)?.thread_id ?? null;
  const child = threadTo(check, edge);
  if (parent === null) return false;
  return child === null ? id.startsWith(spawnEdgeId(parent, "")) : isId(spawnEdgeId(parent, child));
}

/** The result of a thread is what its agent said, where it said anything. */
function checkResults(check: Check): void {
  // Where a turn is said to be of a thread that it is not of, so is its answer.
  const isMismatched = check.graph.diagnostics.some(({ code }) => code === "turn_thread_mismatch");
  for (const [id, { kind, source }] of check.each("interaction_edge")) {
    if (kind !== "agent_result") continue;
    const object = { type: "interaction_edge", id } as const;
    const item = source.type === "conversation_item" ? check.get("conversation_item", source.id) : undefined;
    const child = item?.thread_id ?? (source.type === "thread" ? source.id : null);
    check.holds(
      object,
      child === null || isMismatched || id.startsWith(resultEdgeId(child, "", "").slice(0, -1)),
      "it is the result of another thread",
    );
    check.holds(
      object,
      item === undefined || (item.role === "assistant" && item.kind === "message"),
      "it is the result of what is no answer",
    );
  }
}

function payloadsOf(call: ToolCall): readonly string[] {
  const { invocation_payload_id, runtime_payload_ids, result_payload_id } = call;
  return [invocation_payload_id, ...runtime_payload_ids, result_payload_id].filter((id) => id !== null);
}

/** The edge that a spawned thread names leads from its parent to it, and it names one if there is one. */
function checkSpawns(check: Check): void {
  const spawned = new Map<string, Set<string>>();
  for (const [, edge] of check.each("interaction_edge")) {
    const ends = edge.kind === "spawn_agent" ? threadsOf(check, edge) : null;
    if (ends === null) continue;
    const children = spawned.get(ends.parent);
    if (children === undefined) spawned.set(ends.parent, new Set([ends.child]));
    else children.add(ends.child);
  }
  for (const [id, { origin }] of check.each("thread")) {
    if (origin.type !== "spawned") continue;
    const object = { type: "thread", id } as const;
    const { parent_thread_id: parent, spawn_edge_id: edgeId } = origin;
    if (edgeId === null) {
      check.holds(object, spawned.get(parent)?.has(id) !== true, "it does not name the edge that spawned it");
      continue;
    }
    const edge = check.get("interaction_edge", edgeId);
    const ends = edge?.kind === "spawn_agent" ? threadsOf(check, edge) : null;
    check.holds(
      object,
      ends?.parent === parent && ends.child === id,
      "its spawn edge does not lead from its parent to it",
    );
  }
}

/** The threads that an edge leads from and to; null where it is not known. */
function threadsOf(
  check: Check,
  edge: InteractionEdge,
): { readonly parent: string; readonly child: string } | null {
  const { source } = edge;
  const parent = source.type === "tool_call" ? check.get("tool_call", source.id)?.thread_id : null;
  const child = threadTo(check, edge);
  return typeof parent === "string" && child !== null ? { parent, child } : null;
}

/** The thread that an edge leads to, or to an item of which; null where it leads nowhere. */
function threadTo(check: Check, { target }: InteractionEdge): string | null {
  if (target === null) return null;
  if (target.type !== "conversation_item") return target.id;
  return check.get("conversation_item", target.id)?.thread_id ?? null;
}
