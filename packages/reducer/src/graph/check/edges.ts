/** Edges lead from somewhere to where what they carry arrived, or it is said that it never did. */
import type { EdgeKind, InteractionEdge } from "../edge.ts";
import type { AnchorType } from "../base.ts";
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
  }
  checkSpawns(check);
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
  { source, target }: InteractionEdge,
): { readonly parent: string; readonly child: string } | null {
  const parent = source.type === "tool_call" ? check.get("tool_call", source.id)?.thread_id : null;
  const child =
    target?.type === "conversation_item"
      ? check.get("conversation_item", target.id)?.thread_id
      : (target?.id ?? null);
  return typeof parent === "string" && typeof child === "string" ? { parent, child } : null;
}
