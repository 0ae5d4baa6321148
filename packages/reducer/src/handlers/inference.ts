/** Requests to models, their responses, and items entering a thread's live history. */
import type { InferenceEventPayload, InferenceStarted, PayloadRef, RawEvent } from "@rollout-trace/protocol";
import { dialectOf } from "../conversation/dialect-of.ts";
import {
  type Document,
  type Reading,
  readAddition,
  readContext,
  readElement,
  readFrame,
  readResponse,
} from "../conversation/elements.ts";
import { contextLength, rewindTo } from "../conversation/live-context.ts";
import { joinRequested, joinResponded } from "../conversation/own-tools.ts";
import { endOfResponse, responseIdOf } from "../conversation/responses.ts";
import { nonEmpty } from "../conversation/shape.ts";
import { applyFullRequest, applyIncrementalRequest, applyResponse } from "../conversation/snapshot.ts";
import { createItem, ofRequest, ofResponse } from "../conversation/transcript.ts";
import { tokenUsageOf } from "../conversation/token-usage.ts";
import { appended, NONE, startedAt } from "../graph/draft.ts";
import { settleStartedAgain } from "../linking/call-slots.ts";
import { offerFirstMessages } from "../linking/deliveries.ts";
import { endInference, type End, mayEnd } from "../linking/closing.ts";
import type { Reduction } from "../reduction.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { type Asked, enter, type ThreadState } from "../state/thread-state.ts";
import type { Handlers } from "./handler.ts";
import { duplicateStart } from "./rollout.ts";

export const inferenceHandlers: Handlers<InferenceEventPayload["type"]> = {
  inference_started(reduction, event) {
    const { inference_call_id, thread_id, turn_id } = event.payload;
    const known = reduction.state.inferenceCalls.find(inference_call_id, thread_id);
    if (known?.draft.execution.status === "running") {
      duplicateStart(reduction, event, { type: "inference_call", id: known.draft.inference_call_id });
      // What asks something else is another call: the end of the one before it is lost.
      if (known.draft.request_payload_id === event.payload.request.payload_id) return;
    }
    const thread = reduction.thread(thread_id);
    const turn = reduction.turn(turn_id, thread);
    settleStartedAgain(reduction, thread);
    const call = startCall(reduction, event.payload, { thread, turn });
    applyRequest(reduction, call, event.payload);
    for (const late of reduction.takeWaiting("inference_call", inference_call_id, thread_id))
      reduction.replay(late);
  },

  inference_completed(reduction, event) {
    end(reduction, event, { status: "completed", cause: "observed" }, event.payload.response);
  },

  inference_failed(reduction, event) {
    const call = end(
      reduction,
      event,
      { status: "failed", cause: "observed" },
      event.payload.partial_response,
    );
    if (call !== null) call.draft.error ??= event.payload.error;
  },

  inference_cancelled(reduction, event) {
    const { reason, partial_response } = event.payload;
    const call = end(reduction, event, { status: "cancelled", cause: "observed" }, partial_response);
    if (call !== null) call.draft.error ??= reason;
  },

  history_item_accepted(reduction, event) {
    const { item_id, item } = event.payload;
    const { thread, turn } = reduction.place(event);
    const payloadId = reduction.payload(item);
    if (thread === null) {
      reduction.diagnose(
        "unknown_reference",
        `item ${JSON.stringify(item_id)} was accepted in no thread`,
        null,
      );
      return;
    }
    const { conversation } = thread;
    if (conversation.outsideIds.has(item_id)) return;
    const accepted = { ...reduction.moment };
    const known = conversation.byProviderId.get(item_id);
    if (known !== undefined) {
      known.draft.accepted ??= accepted;
      reduction.touch(known.draft);
      return;
    }
    if (!conversation.acceptedUnseen.has(item_id)) conversation.acceptedUnseen.set(item_id, accepted);
    if (payloadId === null) return;
    const [first, ...rest] = readElement(reduction, {
      payloadId,
      dialect: dialectOf(reduction.state, thread),
    });
    if (first === undefined) return;
    createItem(reduction, { ...first, providerItemId: item_id }, { thread, turn });
    for (const normal of rest) createItem(reduction, normal, { thread, turn });
  },
};

/** Until it is known, and of one that cannot be read. */
const NO_REQUEST = Object.freeze({ base_inference_call_id: null, keep: 0, item_ids: NONE });

function startCall(
  reduction: Reduction,
  payload: InferenceStarted,
  { thread, turn }: Pick<InferenceState, "thread" | "turn">,
): InferenceState {
  const { inferenceCalls } = reduction.state;
  const { inference_call_id: recordedId } = payload;
  const { model, provider, dialect } = askedBy(thread, payload);
  const id = inferenceCalls.mint(recordedId);
  const requestId = reduction.payload(payload.request);
  // It is made of both.
  if (payload.input_mode.type === "incremental_untraced") reduction.payload(payload.input_mode.prefix);
  const call: InferenceState = {
    draft: {
      inference_call_id: id,
      recorded_id: recordedId,
      thread_id: thread.draft.thread_id,
      turn_id: turn.draft.turn_id,
      execution: startedAt(reduction.moment),
      model,
      provider,
      dialect,
      response_id: null,
      upstream_request_id: null,
      error: null,
      request: NO_REQUEST,
      response_item_ids: NONE,
      tool_call_ids: NONE,
      code_cell_ids: NONE,
      usage: null,
      request_payload_id: requestId,
      response_payload_id: null,
      evidence: reduction.evidence(),
      provenance: reduction.provenance,
    },
    thread,
    turn,
    requestEnd: thread.conversation.root,
    calls: null,
    responseEnd: null,
    dropped: 0,
    recordedId,
    scope: thread.draft.thread_id,
    isOver: false,
  };
  inferenceCalls.add(call, id);
  turn.draft.inference_call_ids = appended(turn.draft.inference_call_ids, id);
  enter(turn.inside, "inference", call);
  enter(thread.inside, "inference", call);
  return call;
}

/** Most requests of a thread say the same: its latest texts are kept and not those of each event. */
function askedBy(thread: ThreadState, { model, provider, dialect }: Asked): Asked {
  const { asks } = thread;
  if (asks?.model === model && asks.provider === provider && asks.dialect === dialect) return asks;
  return (thread.asks = { model, provider, dialect });
}

function applyRequest(reduction: Reduction, call: InferenceState, payload: InferenceStarted): void {
  const { input_mode: mode } = payload;
  const prefixId = mode.type === "incremental_untraced" ? reduction.payload(mode.prefix) : null;
  const requestId = call.draft.request_payload_id;
  const { conversation, reusedSlots } = call.thread;
  const isFirst = mode.type !== "incremental" && !conversation.hasRequests;
  const messages = isFirst ? [] : undefined;
  const calls = reusedSlots.size > 0 ? new Map<string, TranscriptItem>() : undefined;
  const origin = ofRequest(call, { calls, messages });
  if (mode.type === "incremental") {
    const comparedFrom = continueFrom(reduction, call, mode.previous_response_id);
    const added = readAddition(reduction, documentOf(call, requestId, comparedFrom));
    if (added !== null) conversation.hasRequests = true;
    // What it adds may be lost: what it continues is known all the same.
    const reading = added ?? { kept: comparedFrom, rest: NONE, seenArray: null };
    applyIncrementalRequest(reduction, call, { reading, origin });
    joinRequested(reduction, call, reading.rest);
    return;
  }
  const prefix = prefixId === null ? null : readContext(reduction, documentOf(call, prefixId, 0));
  const request =
    prefixId === null
      ? readContext(reduction, documentOf(call, requestId, 0))
      : readAddition(reduction, documentOf(call, requestId, null));
  const reading = joined(prefix, request);
  if (reading === null) return;
  conversation.hasRequests = true;
  applyFullRequest(reduction, call, { reading, origin });
  joinRequested(reduction, call, reading.rest);
  if (messages !== undefined) offerFirstMessages(reduction, messages, call.thread);
}

/** One context of a recorded prefix and what a request adds to it, as far as they can be read. */
function joined(prefix: Reading | null, added: Reading | null): Reading | null {
  if (prefix === null || added === null) return prefix ?? added;
  return { kept: prefix.kept, rest: [...prefix.rest, ...added.rest], seenArray: null };
}

/**
 * Makes the context of a response the live one, and gives its length. For a response that the thread does not have it is the
 * live context that is continued.
 */
function continueFrom(reduction: Reduction, call: InferenceState, responseId: string): number {
  const { conversation } = call.thread;
  const node = endOfResponse(conversation, responseId);
  if (node !== null) {
    rewindTo(conversation, node);
    return node.depth;
  }
  reduction.diagnose(
    "unknown_reference",
    `request ${JSON.stringify(call.draft.recorded_id)} continues response ${JSON.stringify(responseId)}, which its thread does not have`,
    { type: "inference_call", id: call.draft.inference_call_id },
  );
  return contextLength(conversation);
}

type EndEvent = RawEvent<
  Exclude<InferenceEventPayload, InferenceStarted | { type: "history_item_accepted" }>
>;

function end(
  reduction: Reduction,
  event: EndEvent,
  how: End,
  response: PayloadRef | null | undefined,
): InferenceState | null {
  const { inference_call_id: id, upstream_request_id: upstreamId } = event.payload;
  const call = reduction.state.inferenceCalls.find(id, event.thread_id);
  if (call === undefined) {
    reduction.awaitStart("inference_call", id, event);
    return null;
  }
  const payloadId = reduction.payload(response);
  const { draft } = call;
  reduction.touch(draft);
  const mayNow = mayEnd(reduction, draft.execution, { type: "inference_call", id: draft.inference_call_id });
  if (!mayNow && draft.response_payload_id !== null) return null;
  if (mayNow) endInference(reduction, call, how);
  draft.upstream_request_id ??= upstreamId ?? null;
  if (event.payload.type === "inference_completed") draft.response_id = nonEmpty(event.payload.response_id);
  if (payloadId !== null) takeResponse(reduction, call, payloadId);
  settleStartedAgain(reduction, call.thread);
  return call;
}

function takeResponse(reduction: Reduction, call: InferenceState, payloadId: string): void {
  const { draft, turn } = call;
  draft.response_payload_id = payloadId;
  const response = readFrame(reduction, payloadId);
  if (response === null) return;
  draft.response_id ??= responseIdOf(response);
  draft.usage = tokenUsageOf(response, draft.dialect);
  const { response_id, model, thread_id: threadId } = draft;
  reduction.countUsage(draft.usage, { responseId: response_id, model, threadId, turn });
  const reading = readResponse(reduction, documentOf(call, payloadId, null));
  if (reading === null) return;
  applyResponse(reduction, call, { reading, origin: ofResponse(call) });
  joinResponded(reduction, call, reading.rest);
}

function documentOf(
  { thread, draft }: InferenceState,
  payloadId: string,
  comparedFrom: number | null,
): Document {
  return { payloadId, dialect: draft.dialect, conversation: thread.conversation, comparedFrom };
}
