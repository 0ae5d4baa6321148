/**
 * Tool calls in the vocabulary of bundles, and what they do to other agents: a bundle has the begin and the end of an
 * interaction as runtime events of the call that makes it.
 */
import {
  type AgentInteractionEnded,
  type AgentInteractionStarted,
  isJsonObject,
  type JsonObject,
  type PayloadRef,
  type RawEvent,
  type ToolKind,
} from "@rollout-trace/protocol";
import { type Context, present, type SayEach, standIn } from "./bundle-counterpart.ts";
import { terminalDocument } from "./bundle-fields.ts";
import { refTo, said } from "./bundle-ref.ts";

type ToolCallEventType =
  | "tool_call_started"
  | "tool_call_runtime_started"
  | "tool_call_runtime_ended"
  | "tool_call_ended"
  | "stdin_target_resolved"
  | "mcp_call_assigned"
  | "agent_interaction_started"
  | "agent_interaction_ended";

export const TOOL_CALL_EVENTS: SayEach<ToolCallEventType> = {
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
};

const UNKNOWN_KIND: ToolKind = { type: "other", name: "unknown" };

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
