/**
 * The ids of interaction edges, which are made of the ids of what they lead from and to.
 *
 * Ids may have colons in them, and several calls may be said to have spawned one thread: the second edge that would have an id gets
 * `#2`, and so on. So an edge is never looked for by an id that is made up for it, but where it begins.
 */
import type { Reduction } from "../reduction.ts";

/** `edge:spawn:<parent>:<child>` */
export function spawnEdgeId(parentId: string, childId: string): string {
  return `edge:spawn:${parentId}:${childId}`;
}

/** `edge:tool:<tool_call_id>` */
export function toolEdgeId(callId: string): string {
  return `edge:tool:${callId}`;
}

/** `edge:agent_result:<child>:<child_turn>:<parent>` */
export function resultEdgeId(childId: string, turnId: string, parentId: string): string {
  return `edge:agent_result:${childId}:${turnId}:${parentId}`;
}

/** The id itself for the first edge that would have it. */
export function unusedEdgeId({ state }: Reduction, id: string): string {
  const first = state.edges.get(id);
  if (first === undefined) return id;
  let unused: string;
  do {
    first.sameIds += 1;
    unused = `${id}#${first.sameIds}`;
  } while (state.edges.has(unused));
  return unused;
}
