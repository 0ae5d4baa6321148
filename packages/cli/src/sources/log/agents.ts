/** What every log of agents comes to, however it tells of them. */
import { asId, type EdgeId, type PayloadRef, type ThreadId, type TurnId } from "@rollout-trace/protocol";
import type { LateEvent } from "./thread-output.ts";

/** The path of the agent that a person talks to; those of the agents below it begin with it. */
export const ROOT_PATH = "/root";

/** Whose answer it is, and who is given it. */
export interface ResultEnds {
  readonly childId: string;
  readonly childTurnId: string;
  readonly parentId: string;
}

/** The answer of an agent, as it comes to the one that started it. `carried` is what it comes in, where that is known. */
export function agentResult(
  { childId, childTurnId, parentId }: ResultEnds,
  said: { readonly message: string; readonly carried?: PayloadRef | null },
): LateEvent {
  return {
    payload: {
      type: "agent_result_observed",
      edge_id: asId<EdgeId>(`edge:agent_result:${childId}:${childTurnId}:${parentId}`),
      child_thread_id: asId<ThreadId>(childId),
      child_turn_id: asId<TurnId>(childTurnId),
      parent_thread_id: asId<ThreadId>(parentId),
      ...said,
    },
  };
}
