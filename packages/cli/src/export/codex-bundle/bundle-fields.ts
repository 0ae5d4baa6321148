/** Fields that a bundle's documents must have and a recording may say elsewhere: nothing that is there is overwritten. */
import {
  type InputMode,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PayloadReader,
  type RawEvent,
  type ThreadStarted,
} from "@rollout-trace/protocol";
import { CARRIED } from "../../sources/codex-bundle/carried.ts";

/** The document of a thread's start; `{}` where the recording has none. */
export function metadataDocument(p: ThreadStarted, document: JsonObject): JsonObject {
  const origin = p.origin;
  const taskName = origin.type === "root" ? null : (origin.task_name ?? null);
  const role = origin.type === "root" ? null : (origin.agent_role ?? "");
  const defaults: JsonObject = {
    thread_id: p.thread_id,
    agent_path: p.agent_path,
    task_name: taskName,
    nickname: p.nickname ?? null,
    agent_role: role,
    session_source: origin.type === "root" ? "exec" : spawnSource(p, origin.parent_thread_id),
    cwd: "",
    rollout_path: null,
    model: p.model ?? "",
    provider_name: "",
    approval_policy: "never",
    sandbox_policy: "",
  };
  return withDefaults(document, defaults);
}

function spawnSource(p: ThreadStarted, parentThreadId: string): JsonObject {
  const spawn = {
    parent_thread_id: parentThreadId,
    depth: Math.max(1, p.agent_path.split("/").length - 2),
    agent_path: p.agent_path,
    agent_nickname: p.nickname ?? null,
    agent_role: null,
  };
  return { subagent: { thread_spawn: spawn } };
}

/** A request says itself what it continues; one that continues an unrecorded response is given its prefix back. */
export function requestDocument(mode: InputMode, document: JsonObject, payloads: PayloadReader): JsonObject {
  switch (mode.type) {
    case "full":
      return document;
    case "incremental":
      return withDefaults(document, {
        type: "response.create",
        previous_response_id: mode.previous_response_id,
      });
    case "incremental_untraced": {
      const prefix = payloads.json(mode.prefix.payload_id);
      const before = prefix.ok && isJsonObject(prefix.value) ? prefix.value["input"] : [];
      const { previous_response_id: _previous, input, ...rest } = document;
      return { ...rest, input: [...listOf(before), ...listOf(input)] };
    }
  }
}

/** Version 1 does not know input items that are no part of the transcript. */
export function requestForVersion1(document: JsonObject): JsonObject {
  const input = listOf(document["input"]);
  const kept = input.filter((item) => !isJsonObject(item) || item["type"] !== "additional_tools");
  return kept.length === input.length ? document : { ...document, input: kept };
}

interface Answer {
  readonly response_id?: string | null | undefined;
  readonly upstream_request_id?: string | null | undefined;
}

export function responseDocument(p: Answer, document: JsonObject): JsonObject {
  return withDefaults(document, {
    response_id: p.response_id ?? null,
    upstream_request_id: p.upstream_request_id ?? null,
    token_usage: null,
    output_items: [],
  });
}

export interface TerminalContext {
  readonly toolCallId: string;
  readonly event: RawEvent;
  readonly version: 1 | 2;
  /** The document of the begin, for an end. */
  readonly begin?: JsonObject | undefined;
}

/** The begin or end of a command; an end repeats what its begin said. Other runtime documents stay as they are. */
export function terminalDocument(
  { toolCallId, event, version, begin = {} }: TerminalContext,
  document: JsonObject,
): JsonObject {
  // The host that wrote bundles says all of it itself, but for what only version 1 asks for.
  if (Object.hasOwn(document, "call_id")) {
    const text = document["aggregated_output"];
    if (version === 2 || text === undefined) return document;
    return withMarkedDefaults(document, { stdout: text, stderr: "", formatted_output: text });
  }
  const isEnd = document["exit_code"] !== undefined || document["aggregated_output"] !== undefined;
  if (!isEnd && !Array.isArray(document["command"])) return document;
  if (isEnd && document["command"] === undefined && !Array.isArray(begin["command"])) return document;
  const timeMs = Math.floor(event.time_unix_us / 1000);
  const shared: JsonObject = {
    call_id: toolCallId,
    process_id: begin["process_id"] ?? null,
    turn_id: event.turn_id ?? "",
    command: begin["command"] ?? [],
    cwd: begin["cwd"] ?? "/",
    parsed_cmd: [],
    source: "unified_exec_startup",
  };
  if (!isEnd) return withMarkedDefaults(document, { ...shared, started_at_ms: timeMs });
  const output = `${textOf(document["stdout"])}${textOf(document["stderr"])}`;
  const exitCode = document["exit_code"] ?? 0;
  return withMarkedDefaults(document, {
    ...shared,
    completed_at_ms: timeMs,
    stdout: "",
    stderr: "",
    aggregated_output: output,
    exit_code: exitCode,
    duration: { secs: 0, nanos: 0 },
    ...(version === 1 ? { formatted_output: output } : {}),
    status: exitCode === 0 ? "completed" : "failed",
  });
}

/** With a note of what was not there, for reading the bundle here. */
function withMarkedDefaults(document: JsonObject, defaults: JsonObject): JsonObject {
  const added = Object.keys(defaults).filter((key) => !Object.hasOwn(document, key));
  return added.length === 0 ? document : { ...withDefaults(document, defaults), [CARRIED]: { added } };
}

function withDefaults(document: JsonObject, defaults: JsonObject): JsonObject {
  const missing = Object.entries(defaults).filter(([key]) => !Object.hasOwn(document, key));
  return missing.length === 0 ? document : { ...document, ...Object.fromEntries(missing) };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
