/** The host's own accounts of what tools did, of all generations, in one shape. */
import {
  type AgentInteractionKind,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ToolKind,
} from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { idOf, integerOf, stringOf } from "../log/fields.ts";

/** How an account ends up: the end of a command, of a patch, of a call of an MCP server, or something done to an agent. */
export type RuntimeEvent =
  | (RuntimeEventBase & {
      readonly type: "command";
      /** The command line, without the shell that ran it. */
      readonly command: string;
      readonly isHosts: boolean;
    })
  | (RuntimeEventBase & { readonly type: "patch" })
  | (RuntimeEventBase & { readonly type: "mcp"; readonly kind: ToolKind & { readonly type: "mcp" } })
  | {
      readonly type: "agent";
      readonly callId: string;
      readonly agent: AgentContact;
      /** What was done, for a call that no item asks for; null where the event does not say. */
      readonly did: AgentInteractionKind | null;
      readonly ok: boolean;
      /** What a script that made this call has to contain. */
      readonly mentions: readonly string[];
    };

interface RuntimeEventBase {
  readonly callId: string;
  readonly ok: boolean;
  /** When it began; null where the log does not say. */
  readonly startedUs: number | null;
  readonly durationUs: number | null;
  /** What a script that made this call has to contain. */
  readonly mentions: readonly string[];
}

/** Another agent, as an account of a collaboration tool names it. */
export interface AgentContact {
  readonly threadId: string | null;
  readonly agentPath: string | null;
  readonly nickname: string | null;
  readonly role: string | null;
  readonly prompt: string | null;
  readonly model: string | null;
}

/** The account that an event gives, or null for any other event. */
export function runtimeEventOf(event: JsonObject): RuntimeEvent | null {
  if (event["type"] !== "item_completed") return accountOf(stringOf(event["type"]) ?? "", event, null);
  const item = event["item"];
  if (!isJsonObject(item)) return null;
  const started = integerOf(event["started_at_ms"]);
  return accountOf(stringOf(item["type"]) ?? "", item, started === null ? null : started * 1000);
}

function accountOf(type: string, event: JsonObject, startedUs: number | null): RuntimeEvent | null {
  const callId = idOf(event["call_id"]) ?? idOf(event["event_id"]) ?? idOf(event["id"]);
  if (callId === null) return null;
  const base = { callId, startedUs, durationUs: durationOf(event["duration"]) };
  switch (type) {
    case "exec_command_end":
    case "CommandExecution":
      return {
        ...base,
        type: "command",
        ok: integerOf(event["exit_code"]) === 0,
        command: commandLine(event["command"]),
        isHosts: event["source"] === "user_shell",
        mentions: commandMentions(commandLine(event["command"])),
      };
    case "patch_apply_end":
    case "FileChange":
      return {
        ...base,
        type: "patch",
        ok: event["success"] === true || event["status"] === "completed",
        mentions: ["apply_patch"],
      };
    case "mcp_tool_call_end":
    case "McpToolCall":
      return mcpEvent(base, event);
    default:
      return agentEvent(type, callId, event);
  }
}

function mcpEvent(
  base: Pick<RuntimeEventBase, "callId" | "startedUs" | "durationUs">,
  event: JsonObject,
): RuntimeEvent {
  const invocation = isJsonObject(event["invocation"]) ? event["invocation"] : event;
  const tool = stringOf(invocation["tool"]) ?? "unknown";
  const result = event["result"];
  const failed =
    valueAt(result, ["Err"]) !== undefined ||
    valueAt(result, ["Ok", "isError"]) === true ||
    valueAt(result, ["isError"]) === true ||
    event["status"] === "failed";
  const kind = { type: "mcp", server: stringOf(invocation["server"]) ?? "unknown", tool } as const;
  return { ...base, type: "mcp", ok: !failed, kind, mentions: [tool] };
}

/** Events about other agents, and what those that tell of one thing tell of. */
const AGENT_EVENTS: ReadonlyMap<string, AgentInteractionKind | null> = new Map([
  ["collab_agent_spawn_end", "spawn_agent"],
  ["collab_agent_interaction_end", "send_message"],
  ["collab_close_end", "close_agent"],
  ["collab_resume_end", null],
  ["sub_agent_activity", null],
  ["SubAgentActivity", null],
  ["CollabAgentToolCall", null],
]);

/** What the others tell of: by the kind of an activity, by the tool of a call. */
const AGENT_ACTIVITIES: ReadonlyMap<string, AgentInteractionKind> = new Map([
  ["started", "spawn_agent"],
  ["interacted", "send_message"],
  ["interrupted", "close_agent"],
  ["spawnAgent", "spawn_agent"],
  ["sendInput", "send_message"],
  ["closeAgent", "close_agent"],
]);

/** The names of the tools that do it. */
const AGENT_TOOL_NAMES: { readonly [Kind in AgentInteractionKind]: readonly string[] } = {
  spawn_agent: ["spawn_agent"],
  assign_agent_task: ["followup_task", "assign_task"],
  send_message: ["send_message", "send_input", "followup_task"],
  close_agent: ["close_agent", "interrupt_agent"],
};

function agentEvent(type: string, callId: string, event: JsonObject): RuntimeEvent | null {
  const told = AGENT_EVENTS.get(type);
  if (told === undefined) return null;
  const activity = stringOf(event["kind"]) ?? stringOf(event["tool"]) ?? "";
  const did = told ?? AGENT_ACTIVITIES.get(activity) ?? null;
  const receivers = event["receiver_thread_ids"];
  const [receiver] = Array.isArray(receivers) ? (receivers as readonly JsonValue[]) : [];
  return {
    type: "agent",
    callId,
    did,
    ok: event["status"] !== "failed",
    mentions: did === null ? [] : AGENT_TOOL_NAMES[did],
    agent: {
      threadId:
        idOf(event["agent_thread_id"]) ??
        idOf(event["new_thread_id"]) ??
        idOf(event["receiver_thread_id"]) ??
        idOf(receiver),
      agentPath: idOf(event["agent_path"]),
      nickname: idOf(event["new_agent_nickname"]) ?? idOf(event["receiver_agent_nickname"]),
      role: idOf(event["new_agent_role"]) ?? idOf(event["receiver_agent_role"]),
      prompt: stringOf(event["prompt"]),
      model: idOf(event["model"]),
    },
  };
}

function commandLine(command: JsonValue | undefined): string {
  if (!Array.isArray(command)) return "";
  return stringOf((command as readonly JsonValue[]).at(-1)) ?? "";
}

function commandMentions(command: string): readonly string[] {
  if (command === "") return [];
  // A string literal of any kind: a bare word may stand anywhere in a script.
  const spellings = new Set([command, JSON.stringify(command).slice(1, -1)]);
  return ["'", '"', "`"].flatMap((quote) => [...spellings].map((text) => `${quote}${text}${quote}`));
}

function durationOf(value: JsonValue | undefined): number | null {
  if (!isJsonObject(value)) return null;
  const { secs, nanos } = value;
  if (typeof secs !== "number" || typeof nanos !== "number") return null;
  return Math.max(0, Math.floor(secs * 1e6 + nanos / 1e3));
}

/** The runtime part of a line: the event, or the item that it tells of. */
function accountIn(line: JsonValue): JsonObject {
  const event = valueAt(line, ["payload"]);
  const item = valueAt(event, ["item"]);
  return isJsonObject(item) ? item : isJsonObject(event) ? event : {};
}

/** The end of a command, in the shape of a terminal's runtime payload. */
export function commandEnd(line: JsonValue): JsonValue {
  const event = accountIn(line);
  return {
    ...event,
    type: "exec_command_end",
    exit_code: event["exit_code"] ?? null,
    stdout: event["stdout"] ?? event["aggregated_output"] ?? "",
    stderr: event["stderr"] ?? "",
    process_id: event["process_id"] ?? null,
  };
}

/** The begin of a command that its end tells of. */
export function commandBegin(line: JsonValue): JsonValue {
  const { command = [], cwd = "" } = accountIn(line);
  return { type: "exec_command_begin", command, cwd: localPath(cwd) };
}

/** Any other account, as it is. */
export function account(line: JsonValue): JsonValue {
  return accountIn(line);
}

/** What an account says a tool of an MCP server returned. */
export function mcpResult(line: JsonValue): JsonValue {
  const { result = null } = accountIn(line);
  return { type: "code_mode", value: valueAt(result, ["Ok"]) ?? result };
}

export function mcpInvocation(line: JsonValue): JsonValue {
  const event = accountIn(line);
  const invocation = isJsonObject(event["invocation"]) ? event["invocation"] : event;
  return {
    tool_name: invocation["tool"] ?? "unknown",
    tool_namespace: invocation["server"] ?? null,
    payload: { type: "json", value: invocation["arguments"] ?? null },
  };
}

function localPath(cwd: JsonValue): JsonValue {
  return typeof cwd === "string" && cwd.startsWith("file://") ? cwd.slice("file://".length) : cwd;
}
