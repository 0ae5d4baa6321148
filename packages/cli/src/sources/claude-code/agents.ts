/** What agents send each other: calls that start one or write to one, and what comes back. */
import {
  asId,
  type ExecutionStatus,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PayloadRef,
  type ThreadId,
  type ToolCallId,
  type ToolKind,
  type TurnId,
} from "@rollout-trace/protocol";
import { agentResult, ROOT_PATH } from "../log/agents.ts";
import { idOf, stringOf } from "../log/fields.ts";
import type { LateEvent, Place } from "../log/thread-output.ts";
import type { ClaudeOutput } from "./output.ts";
import { pathName, type Roster, type RosterThread } from "./roster.ts";

export interface AgentCall {
  readonly callId: string;
  readonly kind: "spawn_agent" | "send_message";
  readonly message: string | null;
  readonly description: string | null;
  readonly role: string | null;
  /** The agent that the host says was started or written to. */
  agentId: string | null;
  /** Whether the transcript that has the call has entries of that agent, too. */
  isLogged: boolean;
  /** The thread that was found for it. */
  reached: string | null;
  /** Whether the call never got as far as another agent. */
  failed: boolean;
  /** How the agent ended, where the call's result says that it did. */
  end: ExecutionStatus | null;
}

/** How a call of another agent ended. */
export interface AgentEnd extends Place {
  readonly status: ExecutionStatus;
  readonly text: string;
  readonly account: JsonValue | undefined;
  readonly result: PayloadRef;
}

export class Agents {
  readonly #output: ClaudeOutput;

  constructor(output: ClaudeOutput) {
    this.#output = output;
  }

  /** A call that reaches another agent; null for any other. */
  start(
    { callId, kind, input }: { callId: string; kind: ToolKind; input: JsonObject },
    at: Place,
  ): AgentCall | null {
    if (kind.type !== "spawn_agent" && kind.type !== "send_message") return null;
    const isSpawn = kind.type === "spawn_agent";
    const call: AgentCall = {
      callId,
      kind: kind.type,
      message: stringOf(isSpawn ? input["prompt"] : (input["message"] ?? input["content"])),
      description: idOf(input["description"]) ?? (isSpawn ? idOf(input["name"]) : null),
      role: isSpawn ? idOf(input["subagent_type"]) : null,
      agentId: isSpawn ? null : (idOf(input["to"]) ?? idOf(input["recipient"]) ?? idOf(input["agentId"])),
      isLogged: false,
      reached: null,
      failed: false,
      end: null,
    };
    this.#output.sayLate(at.timeUs, (roster) => {
      if (!this.#reach(call, roster)) return [];
      return [{ payload: { type: "agent_interaction_started", ...interactionOf(call) } }];
    });
    return call;
  }

  end(call: AgentCall, end: AgentEnd): void {
    const { account, timeUs, line, status } = end;
    const told = isJsonObject(account) ? account : {};
    call.failed = status !== "completed";
    if (call.kind === "spawn_agent") call.agentId ??= idOf(told["agentId"]);
    const isLaunch = told["isAsync"] === true || told["status"] === "async_launched";
    if (!isLaunch) call.end = status;
    this.#output.sayLate(timeUs, (roster) => {
      const isReached = this.#reach(call, roster);
      const events = isReached || call.failed ? [] : this.#unlogged(call, told, { roster, line });
      if (call.reached === null && call.kind === "send_message") return [];
      const ended: LateEvent = {
        payload: { type: "agent_interaction_ended", ...interactionOf(call), status },
      };
      const child = call.reached === null ? undefined : roster.get(call.reached);
      if (child === undefined || call.failed || isLaunch || call.kind === "send_message")
        return [...events, ended];
      return [...events, ended, ...this.#result(child, end.text, end.result)];
    });
  }

  /** What somebody who looked after an agent was told: its answer, if it has ended. */
  report(agentId: string, end: AgentEnd): void {
    if (end.status !== "completed") return;
    this.#output.sayLate(end.timeUs, (roster) => {
      const child = roster.get(agentId);
      return child === undefined ? [] : this.#result(child, end.text, end.result);
    });
  }

  /** A message of the host that an agent in the background has ended. */
  notify(text: string, at: Place): void {
    const agentId = TASK_ID.exec(text.slice(0, NOTICE_CODE_UNITS))?.[1];
    if (agentId === undefined) return;
    this.#output.sayLate(at.timeUs, (roster) => {
      const child = roster.get(agentId);
      return child === undefined ? [] : this.#result(child, text, null);
    });
  }

  /** Finds the thread of a call, unless it is known already. */
  #reach(call: AgentCall, roster: Roster): boolean {
    if (call.reached !== null) return true;
    if (call.failed && call.agentId === null) return false;
    const { threadId } = this.#output;
    const { callId, description, role, agentId, message: prompt } = call;
    if (agentId === threadId) return false;
    if (agentId !== null && call.isLogged) roster.know(agentId);
    const found =
      call.kind === "spawn_agent"
        ? roster.startedBy({ threadId, callId, description, role }, { agentId, prompt })
        : roster.get(agentId ?? "");
    if (found === undefined || found.threadId === threadId) return false;
    call.reached = found.threadId;
    return true;
  }

  /** Makes an agent known that only the call's result tells of. That it did anything but answer, nothing says. */
  #unlogged(
    call: AgentCall,
    told: JsonObject,
    { roster, line }: { roster: Roster; line: number },
  ): readonly LateEvent[] {
    const hasRun = call.kind === "spawn_agent" && Object.keys(told).length > 0;
    if (!hasRun || roster.get(call.agentId ?? "") !== undefined) return [];
    const { threadId: parentId } = this.#output;
    const { callId, description } = call;
    const threadId = call.agentId ?? `${this.#output.idAt(line)}:agent`;
    const role = call.role ?? idOf(told["agentType"]);
    const parentPath = roster.get(parentId)?.agentPath ?? ROOT_PATH;
    const agentPath = roster.pathFor(parentPath, pathName(description) ?? pathName(role) ?? threadId);
    const turnId = `${threadId}:turn`;
    const parent = { threadId: parentId, callId, description, role };
    roster.add({ threadId, agentPath, prompt: null, parent, turnId, state: "announced" });
    call.reached = threadId;
    const thread_id = asId<ThreadId>(threadId);
    const turn_id = asId<TurnId>(turnId);
    const isOver = told["status"] === "completed" || told["content"] !== undefined;
    return [
      {
        threadId,
        turnId: null,
        payload: {
          type: "thread_started",
          thread_id,
          agent_path: agentPath,
          origin: {
            type: "spawned",
            parent_thread_id: asId<ThreadId>(parentId),
            task_name: description,
            agent_role: role,
          },
          model: idOf(told["resolvedModel"]),
        },
      },
      { threadId, turnId, payload: { type: "turn_started", turn_id, thread_id } },
      ...(isOver
        ? ([
            { threadId, turnId, payload: { type: "turn_ended", turn_id, status: "completed" } },
            { threadId, turnId: null, payload: { type: "thread_ended", thread_id, status: "completed" } },
          ] as const)
        : []),
    ];
  }

  #result(child: RosterThread, message: string, carried: PayloadRef | null): readonly LateEvent[] {
    const { threadId } = this.#output;
    if (child.turnId === null || child.threadId === threadId) return [];
    const ends = { childId: child.threadId, childTurnId: child.turnId, parentId: threadId };
    return [agentResult(ends, { message, carried })];
  }
}

const NOTICE_CODE_UNITS = 1000;
const TASK_ID = /^\s*<task-notification>[^]*?<task-id>([^<]+)<\/task-id>/;

function interactionOf({ callId, kind, reached, message }: AgentCall) {
  return {
    tool_call_id: asId<ToolCallId>(callId),
    kind,
    target_thread_id: reached === null ? null : asId<ThreadId>(reached),
    message,
  };
}
