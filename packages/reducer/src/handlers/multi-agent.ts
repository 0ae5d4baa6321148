/** Information passing between agents. */
import type {
  AgentInteractionEnded,
  AgentInteractionStarted,
  MultiAgentEventPayload,
  RawEvent,
} from "@rollout-trace/protocol";
import { shortMessage } from "../diagnostics.ts";
import { isEnd } from "../linking/closing.ts";
import { addEdge, addPayload, mergeResult, updateEdge } from "../linking/edges.ts";
import { appended } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { Interaction } from "../state/call-state.ts";
import type { Handlers } from "./handler.ts";

export const multiAgentHandlers: Handlers<MultiAgentEventPayload["type"]> = {
  agent_interaction_started(reduction, event) {
    interactionOf(reduction, event);
  },

  agent_interaction_ended(reduction, event) {
    const interaction = interactionOf(reduction, event);
    const { status } = event.payload;
    if (interaction === null || !isEnd(status)) return;
    const { ended } = interaction;
    const id = interaction.call.draft.tool_call_id;
    if (ended !== null && ended.status !== status) {
      reduction.diagnose(
        "edge_conflict",
        `the interaction of call ${JSON.stringify(id)} ended ${ended.status} and then ${status}`,
        { type: "tool_call", id },
      );
      return;
    }
    interaction.ended ??= { moment: { ...reduction.moment }, status };
    updateEdge(reduction, interaction);
  },

  agent_result_observed(reduction, event) {
    const { child_thread_id, child_turn_id, parent_thread_id, message, carried } = event.payload;
    const child = reduction.thread(child_thread_id);
    const parent = reduction.thread(parent_thread_id);
    const turn = reduction.turn(child_turn_id, child);
    const carriedId = reduction.payload(carried);
    mergeResult(reduction, { child, parent, turn, message, carriedId });
  },
};

type InteractionEvent = RawEvent<AgentInteractionStarted | AgentInteractionEnded>;

/** The interaction that an event is about, with what the event adds to it; null when it has to wait for its tool call. */
function interactionOf(reduction: Reduction, event: InteractionEvent): Interaction | null {
  const { tool_call_id: id, kind, target_thread_id: targetId, message, runtime } = event.payload;
  const { toolCalls } = reduction.state;
  const call = toolCalls.find(id, event.thread_id);
  if (call === undefined) {
    reduction.awaitStart("tool_call", id, event);
    return null;
  }
  const runtimeId = reduction.payload(runtime);
  if (runtimeId !== null) {
    call.draft.runtime_payload_ids = appended(call.draft.runtime_payload_ids, runtimeId);
    addPayload(reduction, call, "runtime");
  }
  reduction.touch(call.draft);
  const interaction = (call.interaction ??= {
    call,
    kind,
    targetThreadId: null,
    message: null,
    seqs: [],
    ended: null,
    edge: null,
  });
  if (conflicts(reduction, interaction, event)) return interaction;
  interaction.seqs.push(reduction.moment.seq);
  interaction.targetThreadId ??= targetId ?? null;
  interaction.message ??= message ?? null;
  interaction.edge ??= addEdge(reduction, interaction);
  updateEdge(reduction, interaction);
  return interaction;
}

function conflicts(reduction: Reduction, interaction: Interaction, event: InteractionEvent): boolean {
  const { kind, target_thread_id: targetId } = event.payload;
  const known = interaction.targetThreadId;
  const otherTarget = known !== null && targetId !== null && targetId !== undefined && known !== targetId;
  if (interaction.kind === kind && !otherTarget) return false;
  const id = interaction.call.draft.tool_call_id;
  const what = otherTarget
    ? `the threads ${shortMessage(known)} and ${targetId}`
    : `the kinds ${interaction.kind} and ${kind}`;
  reduction.diagnose("edge_conflict", `the interaction of call ${JSON.stringify(id)} has ${what}`, {
    type: "tool_call",
    id,
  });
  return true;
}
