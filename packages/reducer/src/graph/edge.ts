import type { ExecutionStatus } from "@rollout-trace/protocol";
import type { Anchor, GraphObject } from "./base.ts";

export const EDGE_KINDS = [
  "spawn_agent",
  "assign_agent_task",
  "send_message",
  "agent_result",
  "close_agent",
] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Information passing between agents. */
export interface InteractionEdge extends GraphObject {
  /** `edge:spawn:<parent>:<child>`, `edge:tool:<tool_call_id>` or `edge:agent_result:<child>:<child_turn>:<parent>` */
  readonly edge_id: string;
  readonly kind: EdgeKind;
  /** A tool call, a conversation item or a thread. */
  readonly source: Anchor;
  /** A conversation item or a thread; null when what was sent never showed up. */
  readonly target: Anchor | null;
  readonly started_at_us: number;
  readonly ended_at_us: number | null;
  readonly status: ExecutionStatus;
  readonly carried_item_ids: readonly string[];
  readonly carried_payload_ids: readonly string[];
}
