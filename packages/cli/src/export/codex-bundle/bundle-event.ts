/**
 * Raw events in the vocabulary of bundles: the reverse of what reading a bundle does.
 *
 * What that vocabulary cannot say is carried beside it (see `carried.ts`), so that reading the bundle here gives the same
 * events again while other readers see a bundle like any other.
 */
import type {
  InferenceCancelled,
  InferenceCompleted,
  InferenceFailed,
  JsonObject,
  JsonValue,
  PayloadRef,
  RawEvent,
  RawEventType,
} from "@rollout-trace/protocol";
import { CliError } from "../../errors.ts";
import { CARRIED } from "../../sources/codex-bundle/carried.ts";
import {
  type Context,
  present,
  type Say,
  type SayEach,
  standIn,
  type TranslatorOptions,
} from "./bundle-counterpart.ts";
import { metadataDocument, requestDocument, requestForVersion1, responseDocument } from "./bundle-fields.ts";
import { ownRef, refTo, said } from "./bundle-ref.ts";
import { TOOL_CALL_EVENTS } from "./bundle-tool-call.ts";

/**
 * Makes a translator for one pass over one rollout, in the order of its events. It throws `CliError` `inexpressible` for a
 * dialect that bundles do not have.
 */
export function createBundleTranslator(options: TranslatorOptions): (event: RawEvent) => JsonObject {
  const context: Context = { ...options, kinds: new Map(), terminals: new Map(), paths: new Map() };
  return (event) => {
    const say = SAY[event.payload.type] as Say<RawEventType>;
    const { payload, carried = {}, only = [] } = say(event.payload, context, event);
    const isFiner = event.time_unix_us % 1000 !== 0;
    const isOrigin = event.payload.type === "rollout_started" && context.rollout.provenance === "imported";
    if (!isFiner && !isOrigin && Object.keys(carried).length === 0) return payload;
    const beside: JsonObject = {
      ...(isOrigin ? { provenance: "imported" } : {}),
      ...(isFiner ? { time_unix_us: event.time_unix_us } : {}),
      fields: carried,
      payloads: only.map((ref) => refTo(context.refs.number(ref), ref.kind)),
    };
    return { ...payload, [CARRIED]: beside };
  };
}

const SAY: SayEach<RawEventType> = {
  rollout_started: ({ type, trace_id, root_thread_id, host }) => ({
    payload: { type, trace_id, root_thread_id },
    carried: present({ host }),
  }),
  rollout_ended: ({ type, status }) => ({ payload: { type, status } }),
  thread_started: (p, context) => {
    context.paths.set(p.thread_id, p.agent_path);
    const fill = (document: JsonObject) => metadataDocument(p, document);
    const metadata = p.metadata ?? null;
    const number = metadata === null ? context.refs.add(fill({})) : context.refs.number(metadata, fill);
    return {
      payload: {
        type: p.type,
        thread_id: p.thread_id,
        agent_path: p.agent_path,
        metadata_payload: refTo(number, "session_metadata"),
      },
      carried: {
        origin: { ...p.origin } as JsonObject,
        nickname: p.nickname ?? null,
        model: p.model ?? null,
        ...(metadata === null ? { metadata: null } : {}),
      },
    };
  },
  thread_resumed: (p, context) => (context.version === 1 ? standIn(p, context) : { payload: { ...p } }),
  thread_ended: ({ type, thread_id, status }) => ({ payload: { type, thread_id, status } }),
  turn_started: (p) => ({
    payload: { type: "codex_turn_started", codex_turn_id: p.turn_id, thread_id: p.thread_id },
  }),
  turn_ended: (p) => ({ payload: { type: "codex_turn_ended", codex_turn_id: p.turn_id, status: p.status } }),
  inference_started: (p, context, event) => {
    if (p.dialect !== "openai_responses") {
      throw new CliError(
        "inexpressible",
        `event ${event.seq}: model request ${p.inference_call_id} speaks ${p.dialect}; bundles have openai_responses only`,
      );
    }
    return {
      payload: {
        type: p.type,
        inference_call_id: p.inference_call_id,
        thread_id: p.thread_id,
        codex_turn_id: p.turn_id,
        model: p.model,
        provider_name: p.provider,
        request_payload: said(p.request, context.refs, (document) => {
          const request = requestDocument(p.input_mode, document, context.rollout.payloads);
          return context.version === 1 ? requestForVersion1(request) : request;
        }),
      },
    };
  },
  inference_completed: (p, context) => ({
    payload: {
      type: p.type,
      inference_call_id: p.inference_call_id,
      response_id: p.response_id ?? null,
      upstream_request_id: p.upstream_request_id ?? null,
      response_payload: saidResponse(p, p.response, context),
    },
  }),
  inference_failed: (p, context) => ({
    payload: {
      type: p.type,
      inference_call_id: p.inference_call_id,
      upstream_request_id: p.upstream_request_id ?? null,
      error: p.error,
      partial_response_payload: saidResponse(p, p.partial_response, context),
    },
  }),
  inference_cancelled: (p, context) => ({
    payload: {
      type: p.type,
      inference_call_id: p.inference_call_id,
      upstream_request_id: p.upstream_request_id ?? null,
      reason: p.reason,
      partial_response_payload: saidResponse(p, p.partial_response, context),
    },
  }),
  history_item_accepted: (p, context) => {
    if (context.version === 1) return standIn(p, context);
    const item = said(p.item, context.refs);
    return {
      payload: {
        type: p.type,
        item_id: p.item_id,
        ...(item === null ? {} : { agent_message_payload: item }),
      },
    };
  },
  ...TOOL_CALL_EVENTS,
  code_cell_started: ({ source, ...rest }) => ({ payload: { ...rest, source_js: source } }),
  code_cell_initial_response: (p, context) => ({
    payload: {
      type: p.type,
      runtime_cell_id: p.runtime_cell_id,
      status: p.status === "pending" ? "yielded" : p.status,
      response_payload: said(p.response, context.refs),
    },
    carried: p.status === "pending" ? { status: p.status } : {},
  }),
  code_cell_wait_started: standIn,
  code_cell_wait_ended: standIn,
  code_cell_cancel_requested: standIn,
  code_cell_notification: standIn,
  code_cell_ended: (p, context) => ({
    payload: {
      type: p.type,
      runtime_cell_id: p.runtime_cell_id,
      status: p.status,
      response_payload: said(p.response, context.refs),
    },
    ...(p.journal ? { carried: { journal: ownRef(p.journal, context.refs) }, only: [p.journal] } : {}),
  }),
  agent_result_observed: (p, context) => {
    const edgeId = `edge:agent_result:${p.child_thread_id}:${p.child_turn_id}:${p.parent_thread_id}`;
    return {
      payload: {
        type: p.type,
        edge_id: edgeId,
        child_thread_id: p.child_thread_id,
        child_codex_turn_id: p.child_turn_id,
        parent_thread_id: p.parent_thread_id,
        message: p.message,
        carried_payload: said(p.carried, context.refs),
      },
      carried: p.edge_id === edgeId ? {} : { edge_id: p.edge_id },
    };
  },
  compaction_request_started: (p, context) => ({
    payload: {
      type: p.type,
      compaction_id: p.compaction_id,
      compaction_request_id: p.compaction_request_id,
      thread_id: p.thread_id,
      codex_turn_id: p.turn_id,
      model: p.model,
      provider_name: p.provider,
      request_payload: said(p.request, context.refs),
    },
  }),
  compaction_request_completed: ({ response, ...rest }, context) => ({
    payload: { ...rest, response_payload: said(response, context.refs) },
  }),
  compaction_request_failed: (p) => ({ payload: { ...p } }),
  compaction_installed: ({ checkpoint, ...rest }, context) => ({
    payload: { ...rest, checkpoint_payload: said(checkpoint, context.refs) },
  }),
  protocol_event_observed: ({ event: ref, ...rest }, context) => ({
    payload: { ...rest, event_payload: said(ref, context.refs) },
  }),
  span_started: standIn,
  span_ended: standIn,
  recorder_gap: standIn,
  recording_stopped: standIn,
  // It ends a bundle of version 2 wherever it stands, and version 1 does not know it.
  recording_completed: (p, context, event) =>
    context.version === 2 && event.seq === context.lastSeq ? { payload: { ...p } } : standIn(p, context),
  // Bundles have such events too, but their readers refuse them.
  other: standIn,
};

/** A response, whole or not, with what only its event says. */
function saidResponse(
  p: InferenceCompleted | InferenceFailed | InferenceCancelled,
  ref: PayloadRef | null | undefined,
  context: Context,
): JsonValue {
  return said(ref, context.refs, (document) => responseDocument(p, document));
}
