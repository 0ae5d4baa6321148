/**
 * Raw events in the vocabulary of bundles: the reverse of what reading a bundle does.
 *
 * What that vocabulary cannot say is carried beside it (see `carried.ts`), so that reading the bundle here gives the same
 * events again while other readers see a bundle like any other.
 */
import {
  type AgentInteractionEnded,
  type AgentInteractionStarted,
  isJsonObject,
  type JsonObject,
  type PayloadRef,
  type RawEvent,
  type RawEventPayload,
  type RawEventType,
  type RolloutSource,
  type ToolKind,
} from "@rollout-trace/protocol";
import { CliError } from "../../errors.ts";
import { CARRIED, STAND_IN } from "../../sources/codex-bundle/carried.ts";
import {
  metadataDocument,
  requestDocument,
  requestForVersion1,
  responseDocument,
  terminalDocument,
} from "./bundle-fields.ts";

import { isRef, ownRef, type RefWriter, refTo, said } from "./bundle-ref.ts";

export type BundleVersion = 1 | 2;

export interface TranslatorOptions {
  readonly version: BundleVersion;
  readonly rollout: RolloutSource;
  /** Of the last event, behind which a bundle has nothing. */
  readonly lastSeq: number;
  readonly refs: RefWriter;
}

interface Context extends TranslatorOptions {
  /** Of every call, as dispatched: a runtime start of version 2 must say it again. */
  readonly kinds: Map<string, ToolKind>;
  /** Begins of commands that have not ended: an end repeats what its begin said. */
  readonly terminals: Map<string, JsonObject>;
  /** Agent paths by thread. */
  readonly paths: Map<string, string>;
}

/** What a bundle says of an event, and what it cannot. */
interface Said {
  readonly payload: JsonObject;
  readonly carried?: JsonObject;
  /** Payloads that only `carried` names. */
  readonly only?: readonly PayloadRef[];
}

type Say<Type extends RawEventType> = (
  payload: Extract<RawEventPayload, { readonly type: Type }>,
  context: Context,
  event: RawEvent,
) => Said;

/**
 * Makes a translator for one pass over one rollout, in the order of its events. It throws `CliError` `unwritable_output` for a
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

const SAY: { readonly [Type in RawEventType]: Say<Type> } = {
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
        "unwritable_output",
        `event ${event.seq}: inference call ${p.inference_call_id} speaks ${p.dialect}; bundles have openai_responses only`,
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
      response_payload: said(p.response, context.refs, (document) => responseDocument(p, document)),
    },
  }),
  inference_failed: (p, context) => ({
    payload: {
      type: p.type,
      inference_call_id: p.inference_call_id,
      upstream_request_id: p.upstream_request_id ?? null,
      error: p.error,
      partial_response_payload: said(p.partial_response, context.refs, (document) =>
        responseDocument(p, document),
      ),
    },
  }),
  inference_cancelled: (p, context) => ({
    payload: {
      type: p.type,
      inference_call_id: p.inference_call_id,
      upstream_request_id: p.upstream_request_id ?? null,
      reason: p.reason,
      partial_response_payload: said(p.partial_response, context.refs, (document) =>
        responseDocument(p, document),
      ),
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
  tool_call_started: (p, context) => {
    context.kinds.set(p.tool_call_id, p.kind);
    const isHost = p.requester.type === "host";
    return {
      payload: {
        type: p.type,
        tool_call_id: p.tool_call_id,
        model_visible_call_id: p.model_visible_call_id ?? null,
        code_mode_runtime_tool_id: p.runtime_tool_call_id ?? null,
        // Bundles know no host that calls tools on its own.
        requester: isHost ? { type: "model" } : { ...p.requester },
        kind: kindFor(p.kind),
        summary: {
          type: "generic",
          label: p.label,
          input_preview: p.input_preview ?? null,
          output_preview: null,
        },
        invocation_payload: said(p.invocation, context.refs),
      },
      carried: isHost ? { requester: { type: "host" } } : {},
    };
  },
  tool_call_runtime_started: (p, context, event) => {
    const document = readDocument(p.runtime, context);
    if (document["type"] === "write_stdin_begin") return standIn(p, context);
    if (document["type"] === "exec_command_begin") context.terminals.set(p.tool_call_id, document);
    const kind = p.kind ?? context.kinds.get(p.tool_call_id) ?? UNKNOWN_KIND;
    return {
      payload: {
        type: p.type,
        tool_call_id: p.tool_call_id,
        ...(context.version === 1 ? {} : { kind: kindFor(kind) }),
        runtime_payload: said(p.runtime, context.refs, (same) =>
          terminalDocument({ toolCallId: p.tool_call_id, event, version: context.version }, same),
        ),
      },
      carried: context.version === 1 ? present({ kind: p.kind }) : {},
    };
  },
  tool_call_runtime_ended: (p, context, event) => {
    if (readDocument(p.runtime, context)["type"] === "write_stdin_end") return standIn(p, context);
    const begin = context.terminals.get(p.tool_call_id);
    context.terminals.delete(p.tool_call_id);
    return {
      payload: {
        type: p.type,
        tool_call_id: p.tool_call_id,
        status: p.status,
        runtime_payload: said(p.runtime, context.refs, (same) =>
          terminalDocument({ toolCallId: p.tool_call_id, event, version: context.version, begin }, same),
        ),
      },
    };
  },
  tool_call_ended: (p, context) => ({
    payload: {
      type: p.type,
      tool_call_id: p.tool_call_id,
      status: p.status,
      result_payload: said(p.result, context.refs),
    },
    carried: present({ end_cause: p.end_cause, output_preview: p.output_preview, sizes: p.sizes }),
  }),
  stdin_target_resolved: (p, context) =>
    context.version === 1 ? standIn(p, context) : { payload: { ...p } },
  mcp_call_assigned: (p) => ({
    payload: {
      type: "mcp_tool_call_correlation_assigned",
      tool_call_id: p.tool_call_id,
      mcp_call_id: p.mcp_call_id,
    },
  }),
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
  agent_interaction_started: (p, context) => {
    const { runtime = null } = p;
    if (runtime === null) return standIn(p, context);
    return {
      payload: {
        type: "tool_call_runtime_started",
        tool_call_id: p.tool_call_id,
        ...(context.version === 1 ? {} : { kind: { type: p.kind } }),
        runtime_payload: said(runtime, context.refs),
      },
      carried: interactionFields(p),
    };
  },
  agent_interaction_ended: (p, context, event) => {
    const { runtime = null, target_thread_id: target = null } = p;
    if (runtime === null && target === null) return standIn(p, context);
    const number =
      runtime === null ? context.refs.add(activity(p, context, event)) : context.refs.number(runtime);
    return {
      payload: {
        type: "tool_call_runtime_ended",
        tool_call_id: p.tool_call_id,
        status: p.status,
        runtime_payload: refTo(number, "tool_runtime_event"),
      },
      carried: { ...interactionFields(p), ...(runtime === null ? { runtime: null } : {}) },
    };
  },
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

const UNKNOWN_KIND: ToolKind = { type: "other", name: "unknown" };

/** An event without a counterpart: other readers are told that there was one and of which type. */
function standIn(payload: RawEventPayload, context: Context): Said {
  const only: PayloadRef[] = [];
  const own = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(own);
    if (!isRef(value)) return value;
    only.push(value);
    return ownRef(value, context.refs);
  };
  const fields = Object.entries(payload as object).map(([key, value]) => [key, own(value)] as const);
  return {
    payload: {
      type: "protocol_event_observed",
      event_type: `${STAND_IN}${payload.type}`,
      event_payload: refTo(context.refs.placeholder(), "protocol_event"),
    },
    carried: Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as JsonObject,
    only,
  };
}

/** Everything of an interaction but its runtime payload, which the bundle names itself. */
function interactionFields(p: AgentInteractionStarted | AgentInteractionEnded): JsonObject {
  const { runtime: _runtime, ...rest } = p;
  return present(rest);
}

/** What the original writes when one agent has reached another. */
function activity(p: AgentInteractionEnded, context: Context, event: RawEvent): JsonObject {
  const target = p.target_thread_id ?? "";
  const kinds = { spawn_agent: "started", close_agent: "interrupted" } as const;
  return {
    event_id: p.tool_call_id,
    occurred_at_ms: Math.floor(event.time_unix_us / 1000),
    agent_thread_id: target,
    agent_path: context.paths.get(target) ?? "",
    kind: p.kind === "spawn_agent" || p.kind === "close_agent" ? kinds[p.kind] : "interacted",
  };
}

function kindFor(kind: ToolKind): JsonObject {
  if (kind.type === "code_cell_exec") return { type: "other", name: "exec" };
  if (kind.type === "code_cell_wait") return { type: "other", name: "wait" };
  return { ...kind };
}

function readDocument(ref: PayloadRef, context: Context): JsonObject {
  const read = context.rollout.payloads.json(ref.payload_id);
  return read.ok && isJsonObject(read.value) ? read.value : {};
}

/** The fields that have a value. */
function present(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as JsonObject;
}
