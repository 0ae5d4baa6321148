/** The replacement of a thread's live history by a shorter one. */
import type { CompactionEventPayload, ExecutionStatus, PayloadRef, RawEvent } from "@rollout-trace/protocol";
import { dialectOfHistories } from "../conversation/dialect-of.ts";
import { type Document, type Reading, readFrame, readHistory } from "../conversation/elements.ts";
import type { NormalItem } from "../conversation/normal-item.ts";
import { headLength } from "../conversation/live-context.ts";
import { responseIdOf } from "../conversation/responses.ts";
import { returnFromSideRequests } from "../conversation/side-requests.ts";
import { applyInputHistory, applyReplacement } from "../conversation/snapshot.ts";
import { createItem, type ItemOrigin } from "../conversation/transcript.ts";
import { tokenUsageOf } from "../conversation/token-usage.ts";
import { appended, endedAt, NONE, startedAt } from "../graph/draft.ts";
import { mayEnd } from "../linking/closing.ts";
import type { Reduction } from "../reduction.ts";
import type { CompactionRequestState, CompactionState } from "../state/reducer-state.ts";
import type { ThreadState, TurnState } from "../state/thread-state.ts";
import type { Handlers } from "./handler.ts";
import { duplicateStart } from "./rollout.ts";

export const compactionHandlers: Handlers<CompactionEventPayload["type"]> = {
  compaction_request_started(reduction, event) {
    const { payload } = event;
    const { compaction_request_id: recordedId, thread_id } = payload;
    const { compactionRequests } = reduction.state;
    const known = compactionRequests.find(recordedId, thread_id);
    if (known?.draft.execution.status === "running") {
      duplicateStart(reduction, event, { type: "compaction_request", id: known.draft.compaction_request_id });
      return;
    }
    const thread = reduction.thread(thread_id);
    const turn = reduction.turn(payload.turn_id, thread);
    const compaction = compactionOf(reduction, payload.compaction_id, { thread, turn });
    const requestId = reduction.payload(payload.request);
    const id = compactionRequests.mint(recordedId);
    const request: CompactionRequestState = {
      draft: {
        compaction_request_id: id,
        recorded_id: recordedId,
        compaction_id: compaction.draft.compaction_id,
        thread_id,
        turn_id: turn.draft.turn_id,
        execution: startedAt(reduction.moment),
        model: payload.model,
        provider: payload.provider,
        error: null,
        usage: null,
        request_payload_id: requestId,
        response_payload_id: null,
        evidence: reduction.evidence(),
        provenance: reduction.provenance,
      },
      turn,
      recordedId,
      scope: thread_id,
      isOver: false,
    };
    compactionRequests.add(request, id);
    compaction.draft.request_ids = appended(compaction.draft.request_ids, id);
    reduction.touch(compaction.draft);
    for (const late of reduction.takeWaiting("compaction_request", recordedId, thread_id))
      reduction.replay(late);
  },

  compaction_request_completed(reduction, event) {
    const request = end(reduction, event, "completed", event.payload.response);
    const payloadId = request?.draft.response_payload_id ?? null;
    if (request === null || payloadId === null) return;
    const response = readFrame(reduction, payloadId);
    if (response === null) return;
    const { draft, turn } = request;
    draft.usage = tokenUsageOf(response, null);
    reduction.countUsage(draft.usage, {
      responseId: responseIdOf(response),
      model: draft.model,
      threadId: draft.thread_id,
      turn,
    });
  },

  compaction_request_failed(reduction, event) {
    const request = end(reduction, event, "failed", null);
    if (request !== null) request.draft.error = event.payload.error;
  },

  compaction_installed(reduction, event) {
    const { compaction_id: compactionId, checkpoint } = event.payload;
    const { thread, turn } = reduction.place(event);
    const checkpointId = reduction.payload(checkpoint);
    const known = reduction.state.compactions.find(compactionId, event.thread_id);
    const owner = thread ?? known?.thread ?? null;
    if (owner === null) {
      reduction.diagnose(
        "unknown_reference",
        `compaction ${JSON.stringify(compactionId)} is in no thread`,
        null,
      );
      return;
    }
    const compaction = compactionOf(reduction, compactionId, { thread: owner, turn });
    install(reduction, compaction, { origin: { thread: owner, turn }, payloadId: checkpointId });
  },
};

function install(
  reduction: Reduction,
  compaction: CompactionState,
  { origin, payloadId }: { readonly origin: ItemOrigin; readonly payloadId: string },
): void {
  const { draft } = compaction;
  const { thread } = origin;
  const { conversation } = thread;
  const dialect = dialectOfHistories(reduction, thread, payloadId);
  const document = { payloadId, dialect, conversation, comparedFrom: null };
  draft.installed_at_us = reduction.moment.at_us;
  draft.installed_seq = reduction.moment.seq;
  reduction.touch(draft);
  reduction.state.compactions.close(compaction);
  const made = { ...origin, compactionId: draft.compaction_id };
  const input = readInput(reduction, document);
  const replaced = input === null ? [] : applyInputHistory(reduction, { reading: input, origin });
  draft.input_item_ids = idsOf(replaced);
  draft.marker_item_id = createItem(reduction, MARKER, made).draft.item_id;
  const reading = readHistory(reduction, document, "replacement_history");
  if (reading === null) return;
  draft.replacement_item_ids = idsOf(applyReplacement(reduction, { reading, origin: made }, replaced));
}

/** What is compacted: it goes on from the live context, or from what that was before side requests. */
function readInput(reduction: Reduction, document: Document): Reading | null {
  const { conversation } = document;
  if (conversation.shrunk.length === 0) {
    return readHistory(reduction, { ...document, comparedFrom: headLength(conversation) }, "input_history");
  }
  const whole = readHistory(reduction, document, "input_history");
  if (whole === null) return null;
  returnFromSideRequests(conversation, whole.rest);
  return { kept: headLength(conversation), rest: whole.rest, seenArray: null };
}

/** Stands in the transcript for the place where the history was replaced. */
const MARKER: NormalItem = {
  providerItemId: null,
  role: "assistant",
  channel: "summary",
  kind: "compaction_marker",
  callId: null,
  agentMessage: null,
  isReference: false,
  ownTool: null,
  parts: [],
  distinguisher: "",
  hiddenBytes: 0,
  contentId: null,
  normalise: null,
  isHead: false,
  siblings: null,
  oddity: null,
};

function idsOf(items: readonly { readonly draft: { readonly item_id: string } }[]): string[] {
  return items.map(({ draft }) => draft.item_id);
}

/**
 * The compaction with an id that is still to be installed: it comes into being with its first request, or where none was recorded
 * with its installation. After that the id is another one's.
 */
function compactionOf(
  reduction: Reduction,
  recordedId: string,
  { thread, turn }: { thread: ThreadState; turn: TurnState | null },
): CompactionState {
  const { compactions } = reduction.state;
  const threadId = thread.draft.thread_id;
  const known = compactions.find(recordedId, threadId);
  if (known !== undefined && known.draft.installed_seq === null) return known;
  const id = compactions.mint(recordedId);
  const compaction: CompactionState = {
    draft: {
      compaction_id: id,
      recorded_id: recordedId,
      thread_id: threadId,
      turn_id: turn?.draft.turn_id ?? null,
      installed_at_us: null,
      installed_seq: null,
      marker_item_id: null,
      request_ids: NONE,
      input_item_ids: NONE,
      replacement_item_ids: NONE,
      evidence: reduction.evidence(),
      provenance: reduction.provenance,
    },
    thread,
    recordedId,
    scope: threadId,
    isOver: false,
  };
  compactions.add(compaction, id);
  return compaction;
}

function end(
  reduction: Reduction,
  event: RawEvent<
    Extract<CompactionEventPayload, { type: "compaction_request_completed" | "compaction_request_failed" }>
  >,
  status: ExecutionStatus,
  response: PayloadRef | null,
): CompactionRequestState | null {
  const { compaction_request_id: recordedId } = event.payload;
  const request = reduction.state.compactionRequests.find(recordedId, event.thread_id);
  if (request === undefined) {
    reduction.awaitStart("compaction_request", recordedId, event);
    return null;
  }
  const { draft } = request;
  const payloadId = reduction.payload(response);
  reduction.touch(draft);
  const object = { type: "compaction_request", id: draft.compaction_request_id } as const;
  if (!mayEnd(reduction, draft.execution, object)) return null;
  draft.execution = endedAt(draft.execution, reduction.moment, { status, cause: "observed" });
  draft.response_payload_id = payloadId;
  reduction.state.compactionRequests.close(request);
  return request;
}
