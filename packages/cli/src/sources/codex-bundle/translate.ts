/**
 * Codex bundle events in this project's vocabulary, one to one and with the same `seq`, so that whatever names a `seq`
 * names a line of the bundle too.
 *
 * Nothing is dropped: an event type that is not in the table, or a field that does not fit, goes through as it is and is
 * reported by whoever decodes it. What one event needs of earlier ones (which call a runtime event belongs to, which
 * responses were recorded) is kept here.
 */
import type { JsonObject, JsonValue, PayloadId, PayloadReader } from "@rollout-trace/protocol";
import { AGENT_INTERACTION_KINDS, asId, isJsonObject, SCHEMA_VERSION } from "@rollout-trace/protocol";
import { asPayloadRef, type BundleEvent, stringOrNull } from "./bundle-event.ts";
import { carriedBy, withCarried } from "./carried.ts";
import type { BundleManifest } from "./manifest.ts";
import { payloadKindOf } from "./payload-kind.ts";

interface CallSoFar {
  /** As dispatched, or as it turned out to be once it ran. */
  readonly kind: JsonObject;
  readonly invocationId: string | null;
}

interface Memory {
  readonly manifest: BundleManifest;
  readonly payloads: PayloadReader;
  readonly calls: Map<string, CallSoFar>;
  readonly threadByPath: Map<string, string>;
}

type Translation = (payload: JsonObject, memory: Memory) => JsonObject;

/**
 * Makes a translator for one pass over one bundle: events go in in the order of the log, raw events come out, not yet
 * checked against the schema.
 */
export function createTranslator(
  manifest: BundleManifest,
  payloads: PayloadReader,
): (event: BundleEvent) => JsonObject {
  const memory: Memory = { manifest, payloads, calls: new Map(), threadByPath: new Map() };
  let timeUs = 0;
  return (event) => {
    // The recorder's clock is a wall clock; raw events promise that time never goes back.
    const coarse = Math.floor(event.timeUnixMs * 1000);
    const fine = carriedBy(event.payload)?.timeUnixUs ?? coarse;
    timeUs = Math.max(timeUs, Math.floor(fine / 1000) * 1000 === coarse ? fine : coarse);
    const translation = TRANSLATIONS.get(event.type);
    return {
      schema_version: SCHEMA_VERSION,
      seq: event.seq,
      time_unix_us: timeUs,
      rollout_id: event.rolloutId,
      thread_id: event.threadId,
      turn_id: event.turnId,
      payload: withCarried(
        event.payload,
        translation === undefined ? event.payload : translation(event.payload, memory),
      ),
    };
  };
}

const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ["thread_started", threadStarted],
  ["codex_turn_started", (p) => renamed({ ...p, type: "turn_started" }, { codex_turn_id: "turn_id" })],
  ["codex_turn_ended", (p) => renamed({ ...p, type: "turn_ended" }, { codex_turn_id: "turn_id" })],
  ["inference_started", inferenceStarted],
  ["inference_completed", (p) => renamed(p, { response_payload: "response" })],
  ["inference_failed", (p) => renamed(p, { partial_response_payload: "partial_response" })],
  ["inference_cancelled", (p) => renamed(p, { partial_response_payload: "partial_response" })],
  ["history_item_accepted", (p) => renamed(p, { agent_message_payload: "item" })],
  ["tool_call_started", toolCallStarted],
  ["tool_call_runtime_started", runtimeStarted],
  ["tool_call_runtime_ended", runtimeEnded],
  ["tool_call_ended", (p) => renamed(p, { result_payload: "result" })],
  ["mcp_tool_call_correlation_assigned", (p) => ({ ...p, type: "mcp_call_assigned" })],
  ["code_cell_started", (p) => renamed(p, { source_js: "source" })],
  ["code_cell_initial_response", cellResponse],
  ["code_cell_ended", cellResponse],
  ["compaction_request_started", (p) => renamed(p, REQUEST_NAMES)],
  ["compaction_request_completed", (p) => renamed(p, { response_payload: "response" })],
  ["compaction_installed", (p) => renamed(p, { checkpoint_payload: "checkpoint" })],
  [
    "agent_result_observed",
    (p) => renamed(p, { child_codex_turn_id: "child_turn_id", carried_payload: "carried" }),
  ],
  ["protocol_event_observed", (p) => renamed(p, { event_payload: "event" })],
  ["other", (p) => ({ ...p, payloads: Array.isArray(p["payloads"]) ? p["payloads"].map(refOf) : [] })],
]);

const REQUEST_NAMES = { codex_turn_id: "turn_id", provider_name: "provider", request_payload: "request" };

function threadStarted(p: JsonObject, memory: Memory): JsonObject {
  const metadata = documentOf(p["metadata_payload"], memory);
  const threadId = stringOrNull(p["thread_id"]) ?? "";
  const path = stringOrNull(p["agent_path"]) ?? "";
  memory.threadByPath.set(path, threadId);
  return {
    type: "thread_started",
    thread_id: threadId,
    agent_path: path,
    origin:
      threadId === memory.manifest.rootThreadId ? { type: "root" } : spawnedOrigin(path, metadata, memory),
    nickname: metadata["nickname"] ?? null,
    model: metadata["model"] ?? null,
    metadata: refOf(p["metadata_payload"] ?? null),
  };
}

/** The parent is the one that the metadata names; a thread without metadata hangs under the agent that its path is under. */
function spawnedOrigin(path: string, metadata: JsonObject, memory: Memory): JsonObject {
  const named = at(metadata, "session_source", "subagent", "thread_spawn", "parent_thread_id");
  const above = memory.threadByPath.get(path.slice(0, path.lastIndexOf("/")));
  const role = metadata["agent_role"] ?? null;
  return {
    type: "spawned",
    parent_thread_id: stringOrNull(named) ?? above ?? memory.manifest.rootThreadId,
    task_name: metadata["task_name"] ?? null,
    // The recorder writes "" for a role that was not set.
    agent_role: role === "" ? null : role,
  };
}

/** A bundle has one kind for what a cell and what a call returned; where both name one payload, it is the call's. */
function cellResponse(p: JsonObject, memory: Memory): JsonObject {
  const ref = asPayloadRef(p["response_payload"]);
  const event = renamed(p, { response_payload: "response" });
  if (ref === null) return event;
  const kind = memory.payloads.stat(asId<PayloadId>(ref.id))?.kind ?? "code_cell_response";
  return { ...event, response: { payload_id: ref.id, kind } };
}

function inferenceStarted(p: JsonObject, memory: Memory): JsonObject {
  const previous = stringOrNull(documentOf(p["request_payload"], memory)["previous_response_id"]);
  return {
    ...renamed(p, REQUEST_NAMES),
    dialect: "openai_responses",
    input_mode:
      previous === null ? { type: "full" } : { type: "incremental", previous_response_id: previous },
  };
}

function toolCallStarted(p: JsonObject, memory: Memory): JsonObject {
  const kind = toolKind(p["kind"]);
  const id = stringOrNull(p["tool_call_id"]);
  const invocationId = asPayloadRef(p["invocation_payload"])?.id ?? null;
  if (id !== null) memory.calls.set(id, { kind, invocationId });
  const { summary: summaryOrNot, ...rest } = p;
  const summary = isJsonObject(summaryOrNot) ? summaryOrNot : {};
  return {
    ...renamed(rest, { code_mode_runtime_tool_id: "runtime_tool_call_id", invocation_payload: "invocation" }),
    kind,
    label: summary["label"] ?? labelOf(kind),
    input_preview: summary["input_preview"] ?? null,
  };
}

function runtimeStarted(p: JsonObject, memory: Memory): JsonObject {
  const id = stringOrNull(p["tool_call_id"]) ?? "";
  const dispatched = memory.calls.get(id);
  const kind = isJsonObject(p["kind"]) ? toolKind(p["kind"]) : null;
  const call = dispatched === undefined || kind === null ? dispatched : { ...dispatched, kind };
  if (call !== undefined) memory.calls.set(id, call);
  if (call !== undefined && isAgentInteraction(call.kind)) {
    return agentInteraction("agent_interaction_started", p, call, memory);
  }
  return { ...renamed(p, { runtime_payload: "runtime" }), kind };
}

function runtimeEnded(p: JsonObject, memory: Memory): JsonObject {
  const call = memory.calls.get(stringOrNull(p["tool_call_id"]) ?? "");
  if (call === undefined || !isAgentInteraction(call.kind)) return renamed(p, { runtime_payload: "runtime" });
  return { ...agentInteraction("agent_interaction_ended", p, call, memory), status: p["status"] ?? null };
}

/** The message is the call's own argument where the runtime's event says only who was reached. */
function agentInteraction(type: string, p: JsonObject, call: CallSoFar, memory: Memory): JsonObject {
  const runtime = documentOf(p["runtime_payload"], memory);
  const target = runtime["agent_thread_id"] ?? runtime["new_thread_id"] ?? runtime["receiver_thread_id"];
  return {
    type,
    tool_call_id: p["tool_call_id"] ?? null,
    kind: call.kind["type"] ?? null,
    target_thread_id: stringOrNull(target),
    message: stringOrNull(runtime["prompt"]) ?? messageArgument(call, memory),
    runtime: refOf(p["runtime_payload"] ?? null),
  };
}

function messageArgument(call: CallSoFar, memory: Memory): string | null {
  if (call.invocationId === null) return null;
  const read = memory.payloads.json(asId<PayloadId>(call.invocationId));
  const text = read.ok ? stringOrNull(at(read.value, "payload", "arguments")) : null;
  if (text === null) return null;
  try {
    return stringOrNull(at(JSON.parse(text) as JsonValue, "message"));
  } catch {
    return null;
  }
}

function documentOf(ref: JsonValue | undefined, memory: Memory): JsonObject {
  const payloadRef = asPayloadRef(ref);
  if (payloadRef === null) return {};
  const read = memory.payloads.json(asId<PayloadId>(payloadRef.id));
  return read.ok && isJsonObject(read.value) ? read.value : {};
}

/** The payload with some keys renamed and its payload references written our way. */
function renamed(payload: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const type = stringOrNull(payload["type"]) ?? "";
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => {
      const ref = asPayloadRef(value);
      const ours = ref === null ? value : { payload_id: ref.id, kind: payloadKindOf(ref.kind, type) };
      return [Object.hasOwn(names, key) ? (names[key] ?? key) : key, ours];
    }),
  );
}

function refOf(value: JsonValue): JsonValue {
  const ref = asPayloadRef(value);
  return ref === null ? value : { payload_id: ref.id, kind: payloadKindOf(ref.kind) };
}

/** Newer recorders dispatch code mode's own two tools like any other tool, by name. */
function toolKind(kind: JsonValue | undefined): JsonObject {
  if (!isJsonObject(kind)) return { type: "other", name: "unknown" };
  if (kind["type"] !== "other") return kind;
  if (kind["name"] === "exec") return { type: "code_cell_exec" };
  if (kind["name"] === "wait") return { type: "code_cell_wait" };
  return kind;
}

function labelOf(kind: JsonObject): JsonValue {
  return kind["name"] ?? kind["tool"] ?? kind["type"] ?? "unknown";
}

function isAgentInteraction(kind: JsonObject): boolean {
  return (AGENT_INTERACTION_KINDS as readonly JsonValue[]).includes(kind["type"] ?? null);
}

function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let here = value;
  for (const key of path) here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  return here;
}
