import type { ExecutionWindow, GraphObject, TokenUsage } from "./base.ts";

/**
 * Where a thread came from. `spawn_edge_id` is null where no recorded interaction spawned it. `unknown`: the recording names
 * the thread and never starts it.
 */
export type GraphThreadOrigin =
  | { readonly type: "root" }
  | { readonly type: "unknown" }
  | {
      readonly type: "spawned";
      readonly parent_thread_id: string;
      readonly spawn_edge_id: string | null;
      readonly task_name: string | null;
      readonly agent_role: string | null;
    };

/** One agent: the root or a spawned one. */
export interface Thread extends GraphObject {
  readonly thread_id: string;
  readonly recorded_id: string;
  readonly agent_path: string;
  readonly nickname: string | null;
  readonly model: string | null;
  readonly origin: GraphThreadOrigin;
  readonly execution: ExecutionWindow;
  readonly turn_ids: readonly string[];
  /** Transcript order: by first sight, once each. */
  readonly conversation_item_ids: readonly string[];
}

/** One activation of one thread's agent loop. */
export interface Turn extends GraphObject {
  readonly turn_id: string;
  readonly recorded_id: string;
  readonly thread_id: string;
  readonly execution: ExecutionWindow;
  readonly inference_call_ids: readonly string[];
  /** Null when no response of the turn said. */
  readonly usage: TokenUsage | null;
}
