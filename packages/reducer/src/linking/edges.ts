/** Interaction edges: made as soon as both ends can be named, completed as the rest becomes known. */
import type { EdgeKind } from "../graph/edge.ts";
import type { Anchor, Evidence } from "../graph/base.ts";
import { textKey, textKeyOf } from "../conversation/text-key.ts";
import { appended, NONE } from "../graph/draft.ts";
import { type Reduction, withPayload } from "../reduction.ts";
import type { EdgeState, Interaction, ToolCallState } from "../state/call-state.ts";
import type { ThreadState, TurnState } from "../state/thread-state.ts";
import { indexAnswers } from "./answers.ts";
import { expectMessage } from "./deliveries.ts";
import { resultEdgeId, spawnEdgeId, toolEdgeId, unusedEdgeId } from "./edge-ids.ts";

/**
 * The edge of an interaction, or null as long as it has none: a spawn has no edge before its child is known, a close none
 * unless its thread is.
 */
export function addEdge(reduction: Reduction, interaction: Interaction): EdgeState | null {
  const { call, kind, targetThreadId } = interaction;
  const recordedId = edgeId(interaction);
  if (recordedId === null) return null;
  if (kind === "close_agent" && !reduction.state.threads.has(targetThreadId ?? "")) {
    if (targetThreadId !== null) awaitRecipient(reduction, targetThreadId, interaction);
    return null;
  }
  const edge = newEdge(reduction, {
    id: recordedId,
    kind,
    source: { type: "tool_call", id: call.draft.tool_call_id },
    recipientThreadId: targetThreadId,
    resultOf: null,
    call,
    // What its making waited for is no part of what was done.
    evidence: { seqs: [call.draft.execution.started_seq], payload_ids: NONE },
  });
  if (call.resultSeq > 0) reduction.addEvidence(edge.draft, call.resultSeq);
  for (const seq of [...call.runtimeSeqs, ...interaction.seqs]) reduction.addEvidence(edge.draft, seq);
  if (kind === "spawn_agent" && call.thread !== null && targetThreadId !== null) {
    const spawns = (call.thread.spawns ??= new Map());
    if (!spawns.has(targetThreadId)) {
      spawns.set(targetThreadId, edge);
      const child = reduction.state.threads.get(targetThreadId);
      if (child !== undefined) reduction.touch(child.draft);
    }
  }
  edge.draft.started_at_us = call.draft.execution.started_at_us;
  if (kind === "close_agent" && targetThreadId !== null)
    edge.draft.target = { type: "thread", id: targetThreadId };
  return edge;
}

/** The event being applied has named a payload of a call, which is carried by the call's edge, made or still to be made. */
export function addPayload(reduction: Reduction, call: ToolCallState, of: "result" | "runtime"): void {
  const { seq } = reduction.moment;
  if (of === "result") call.resultSeq = seq;
  else if (!isOfTerminal(call)) call.runtimeSeqs = appended(call.runtimeSeqs, seq);
  const edge = call.interaction?.edge ?? null;
  if (edge !== null) reduction.touch(edge.draft);
}

function isOfTerminal({ draft: { kind } }: ToolCallState): boolean {
  return kind.type === "exec_command" || kind.type === "write_stdin";
}

/** Brings an edge up to date with what the event being applied tells of its interaction. */
export function updateEdge(reduction: Reduction, interaction: Interaction): void {
  if (interaction.edge !== null) reduction.touch(interaction.edge.draft);
  completeEdge(reduction, interaction);
}

function completeEdge(reduction: Reduction, interaction: Interaction): void {
  const { edge, call, ended, message } = interaction;
  if (edge === null) return;
  if (ended !== null) {
    // Clocks are set back, and an end may be told of before the call that it is of.
    edge.draft.ended_at_us = Math.max(ended.moment.at_us, edge.draft.started_at_us);
    edge.draft.status = ended.status;
  }
  edge.recipientThreadId ??= interaction.targetThreadId;
  if (edge.expecting || message === null || edge.recipientThreadId === null) return;
  if (interaction.kind === "close_agent") return;
  const recipient = reduction.state.threads.get(edge.recipientThreadId);
  if (recipient === undefined) {
    awaitRecipient(reduction, edge.recipientThreadId, interaction);
    return;
  }
  edge.expecting = true;
  expectMessage(reduction, edge, {
    recipient,
    author: call.thread === null ? "" : pathKey(call.thread),
    message,
  });
}

/** Completes the edges of interactions that name a thread which has now started, as if it had started before. */
export function recipientStarted(reduction: Reduction, threadId: string): void {
  const waiting = reduction.state.awaitingThread.get(threadId) ?? NONE;
  reduction.state.awaitingThread.delete(threadId);
  for (const interaction of waiting) {
    interaction.edge ??= addEdge(reduction, interaction);
    completeEdge(reduction, interaction);
  }
}

function awaitRecipient(reduction: Reduction, threadId: string, interaction: Interaction): void {
  const { awaitingThread } = reduction.state;
  const waiting = awaitingThread.get(threadId);
  // Each once, however often it is told of.
  if (waiting === undefined) awaitingThread.set(threadId, new Set([interaction]));
  else waiting.add(interaction);
}

export interface ObservedResult {
  readonly child: ThreadState;
  readonly parent: ThreadState;
  readonly turn: TurnState;
  readonly message: string;
  readonly carriedId: string | null;
}

/**
 * A child's result. Told of again, in other words too, as hosts do that first say it and then notify, it is one edge with the first
 * message.
 */
export function mergeResult(reduction: Reduction, result: ObservedResult): void {
  const { child, parent, turn, message, carriedId } = result;
  const parentId = parent.draft.thread_id;
  const results = (turn.results ??= new Map());
  const known = results.get(parentId);
  const edge =
    known?.edge ??
    newEdge(reduction, {
      id: resultEdgeId(child.draft.thread_id, turn.draft.turn_id, parentId),
      kind: "agent_result",
      source: { type: "thread", id: child.draft.thread_id },
      recipientThreadId: parentId,
      resultOf: turn,
      call: null,
      evidence: reduction.evidence(),
    });
  reduction.touch(edge.draft);
  if (carriedId !== null) {
    edge.draft.carried_payload_ids = withPayload(edge.draft.carried_payload_ids, carriedId);
  }
  if (known !== undefined) return;
  results.set(parentId, { edge, message: textKey(message) });
  indexAnswers(reduction.state, turn);
  edge.draft.ended_at_us = reduction.moment.at_us;
  edge.draft.status = "completed";
  edge.expecting = true;
  expectMessage(reduction, edge, {
    recipient: parent,
    author: pathKey(child),
    message,
    childId: textKey(child.draft.thread_id),
  });
}

/** What its messages are known by. */
function pathKey(thread: ThreadState): string {
  return textKeyOf(thread, thread.draft.agent_path);
}

interface NewEdge extends Pick<EdgeState, "recipientThreadId" | "resultOf" | "call"> {
  readonly id: string;
  readonly kind: EdgeKind;
  readonly source: Anchor;
  readonly evidence: Evidence;
}

function newEdge(
  reduction: Reduction,
  { id: recordedId, kind, source, evidence, ...rest }: NewEdge,
): EdgeState {
  const id = unusedEdgeId(reduction, recordedId);
  const edge: EdgeState = {
    draft: {
      edge_id: id,
      kind,
      source,
      target: null,
      started_at_us: reduction.moment.at_us,
      ended_at_us: null,
      status: "running",
      carried_item_ids: NONE,
      carried_payload_ids: NONE,
      evidence,
      provenance: reduction.provenance,
    },
    madeSeq: reduction.moment.seq,
    madePayloads: reduction.evidence().payload_ids,
    ...rest,
    expecting: false,
    sameIds: 1,
  };
  reduction.state.edges.set(id, edge);
  return edge;
}

function edgeId({ call, kind, targetThreadId }: Interaction): string | null {
  if (kind !== "spawn_agent") return toolEdgeId(call.draft.tool_call_id);
  const parent = call.draft.thread_id;
  return targetThreadId === null || parent === null ? null : spawnEdgeId(parent, targetThreadId);
}
