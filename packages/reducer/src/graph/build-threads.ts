/** Finished threads and the edges between them. */
import { answerFor } from "../linking/answers.ts";
import type { EdgeState } from "../state/call-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { ThreadState } from "../state/thread-state.ts";
import { type Finish, listsOf, type NamingOrder, SHORT } from "./draft.ts";
import type { InteractionEdge } from "./edge.ts";
import type { Thread } from "./thread.ts";

const THREAD_LISTS = listsOf<Thread>({ turn_ids: true, conversation_item_ids: true });
const EDGE_LISTS = listsOf<InteractionEdge>({ carried_item_ids: true, carried_payload_ids: true });

export function buildThread(state: ReducerState, thread: ThreadState, finish: Finish): Thread {
  const built = finish(thread.draft, THREAD_LISTS);
  if (built.origin.type === "spawned") {
    const spawn = state.threads.get(built.origin.parent_thread_id)?.spawns?.get(built.thread_id);
    if (spawn !== undefined) built.origin = { ...built.origin, spawn_edge_id: spawn.draft.edge_id };
  }
  return built;
}

export function buildEdge(
  state: ReducerState,
  edge: EdgeState,
  { inNamingOrder, finish }: { inNamingOrder: NamingOrder; finish: Finish },
): InteractionEdge {
  const built = finish(edge.draft, EDGE_LISTS);
  const { recipientThreadId, resultOf } = edge;
  const answer = resultOf === null ? null : answerFor(resultOf, recipientThreadId ?? "");
  if (answer !== null) built.source = { type: "conversation_item", id: answer.draft.item_id };
  if (edge.call !== null) {
    const { invocation_payload_id, runtime_payload_ids, result_payload_id } = edge.call.draft;
    built.carried_payload_ids = [invocation_payload_id, ...runtime_payload_ids, result_payload_id].filter(
      (id) => id !== null,
    );
  }
  if (built.carried_payload_ids.length >= SHORT) {
    built.carried_payload_ids = [...new Set(built.carried_payload_ids)];
  }
  // What was carried is evidence of the carrying.
  const named = new Set([...built.evidence.payload_ids, ...built.carried_payload_ids]);
  built.evidence = { ...built.evidence, payload_ids: inNamingOrder([...named]) };
  if (built.kind === "spawn_agent" && built.target === null && recipientThreadId !== null) {
    if (state.threads.has(recipientThreadId)) built.target = { type: "thread", id: recipientThreadId };
  }
  return built;
}
