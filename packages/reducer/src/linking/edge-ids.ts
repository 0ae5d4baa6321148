/**
 * The ids of interaction edges, which are made of the ids of what they lead from and to. Within them a colon is written as in a URL,
 * so that no two edges have one id, whatever ids were recorded.
 */

/** `edge:spawn:<parent>:<child>` */
export function spawnEdgeId(parentId: string, childId: string): string {
  // Another spawn of the same child has the same id and a number after it.
  return `edge:spawn:${escaped(parentId)}:${escaped(childId).replaceAll("#", encodeURIComponent)}`;
}

/** `edge:tool:<tool_call_id>` */
export function toolEdgeId(callId: string): string {
  return `edge:tool:${callId}`;
}

/** `edge:agent_result:<child>:<child_turn>:<parent>` */
export function resultEdgeId(childId: string, turnId: string, parentId: string): string {
  return `edge:agent_result:${[childId, turnId, parentId].map(escaped).join(":")}`;
}

function escaped(id: string): string {
  return id.replaceAll(/[%:]/g, encodeURIComponent);
}
