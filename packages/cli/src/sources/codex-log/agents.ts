/** What agents send each other: calls that reach another agent, and the results that come back as messages. */
import {
  AGENT_INTERACTION_KINDS,
  type AgentInteractionKind,
  asId,
  type ExecutionStatus,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ThreadId,
  type ToolCallId,
  type ToolKind,
  type TurnId,
} from "@rollout-trace/protocol";
import { textOf, typeOf } from "./items.ts";
import { agentResult, ROOT_PATH } from "../log/agents.ts";
import { idOf, stringOf } from "../log/fields.ts";
import type { Roster, RosterThread } from "./roster.ts";
import type { AgentContact } from "./runtime-events.ts";
import type { LateEvent, Place } from "../log/thread-output.ts";
import type { CodexOutput } from "./thread-output.ts";

export interface AgentCall {
  readonly callId: string;
  readonly kind: AgentInteractionKind;
  /** The agent path, task name or thread id that the arguments name. */
  readonly target: string | null;
  readonly taskName: string | null;
  readonly message: string | null;
  /** Who was reached, as the host tells it or as the output does. */
  contact: AgentContact | null;
  /** Whether the call failed before it reached anybody. */
  failed: boolean;
}

export class AgentCalls {
  readonly #output: CodexOutput;

  constructor(output: CodexOutput) {
    this.#output = output;
  }

  /** A call of a collaboration tool; null for any other. */
  start(
    { callId, kind, args }: { callId: string; kind: ToolKind; args: JsonObject },
    at: Place,
  ): AgentCall | null {
    const interaction = AGENT_INTERACTION_KINDS.find((known) => known === kind.type);
    if (interaction === undefined) return null;
    const call: AgentCall = {
      callId,
      kind: interaction,
      target: idOf(args["target"]) ?? idOf(args["id"]) ?? idOf(args["agent_id"]),
      taskName: idOf(args["task_name"]),
      message: stringOf(args["message"]) ?? stringOf(args["prompt"]),
      contact: null,
      failed: false,
    };
    this.#output.sayLate(at.timeUs, (roster) => {
      const reached = this.#reach(call, roster);
      if (reached === null) return [];
      return [
        ...reached.events,
        { payload: { type: "agent_interaction_started", ...interactionOf(call, reached.threadId) } },
      ];
    });
    return call;
  }

  /** The host's account of who was reached. */
  contact(call: AgentCall, contact: AgentContact): void {
    if (call.contact?.threadId === undefined || call.contact.threadId === null) call.contact = contact;
  }

  end(call: AgentCall, end: Place & { readonly text: string; readonly status: ExecutionStatus }): void {
    call.contact ??= contactIn(end.text);
    call.failed = end.status !== "completed";
    this.#output.sayLate(end.timeUs, (roster) => {
      const reached = this.#reach(call, roster);
      if (reached === null) {
        // A spawn that made no thread is told of; what never reached anybody else is not.
        if (call.kind !== "spawn_agent") return [];
        return [
          { payload: { type: "agent_interaction_ended", ...interactionOf(call, null), status: "failed" } },
        ];
      }
      const status = call.failed ? end.status : "completed";
      return [
        ...reached.events,
        { payload: { type: "agent_interaction_ended", ...interactionOf(call, reached.threadId), status } },
      ];
    });
  }

  /** An item that may be another agent's answer. */
  receive(item: JsonObject, at: Place): void {
    const answer = answerIn(item);
    if (answer === null) return;
    this.#output.sayLate(at.timeUs, (roster) => this.#result(answer, at, roster));
  }

  /** The thread that a call reached, with what makes it known where the rollout has no log of it. */
  #reach(call: AgentCall, roster: Roster): { threadId: string; events: readonly LateEvent[] } | null {
    const { contact, target, taskName } = call;
    // Refused before anybody was reached.
    if (call.failed && contact === null) return null;
    const named = contact?.threadId ?? contact?.agentPath ?? target;
    if (named === null) return null;
    const known = roster.find(named);
    if (known !== undefined) return { threadId: known.threadId, events: [] };
    const threadId = contact?.threadId ?? (isThreadId(named) ? named : null);
    if (threadId === null) return null;
    const agentPath = contact?.agentPath ?? this.#childPath(roster, contact?.nickname ?? threadId);
    roster.add({ threadId, agentPath, hasLog: false, turnId: null });
    const started: LateEvent = {
      threadId,
      turnId: null,
      payload: {
        type: "thread_started",
        thread_id: asId<ThreadId>(threadId),
        agent_path: agentPath,
        origin: {
          type: "spawned",
          parent_thread_id: asId<ThreadId>(this.#output.threadId),
          task_name: taskName,
          agent_role: contact?.role ?? null,
        },
        nickname: contact?.nickname ?? null,
        model: contact?.model ?? null,
      },
    };
    return { threadId, events: [started] };
  }

  #childPath(roster: Roster, name: string): string {
    return `${roster.get(this.#output.threadId)?.agentPath ?? ROOT_PATH}/${name}`;
  }

  #result({ author, message }: Answer, at: Place, roster: Roster): readonly LateEvent[] {
    const child = roster.find(author);
    if (child === undefined || child.threadId === this.#output.threadId) return [];
    const turn = turnOf(child, at);
    if (turn === null) return [];
    const parentId = this.#output.threadId;
    const ends = { childId: child.threadId, childTurnId: turn.turnId, parentId };
    return [...turn.events, agentResult(ends, { message })];
  }
}

/** The turn that an answer is of. An agent without a log that answers has had one: only that is known of it. */
function turnOf(child: RosterThread, at: Place): { turnId: string; events: readonly LateEvent[] } | null {
  if (child.hasLog) return child.turnId === null ? null : { turnId: child.turnId, events: [] };
  const turnId = `${child.threadId}:before:${at.line}`;
  const turn_id = asId<TurnId>(turnId);
  const place = { threadId: child.threadId, turnId };
  return {
    turnId,
    events: [
      { ...place, payload: { type: "turn_started", turn_id, thread_id: asId<ThreadId>(child.threadId) } },
      { ...place, payload: { type: "turn_ended", turn_id, status: "completed" } },
    ],
  };
}

function interactionOf(call: AgentCall, threadId: string | null) {
  return {
    tool_call_id: asId<ToolCallId>(call.callId),
    kind: call.kind,
    target_thread_id: threadId === null ? null : asId<ThreadId>(threadId),
    message: call.message ?? call.contact?.prompt ?? null,
  };
}

function isThreadId(name: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name);
}

/** Who a spawn's output says was made: `{"agent_id", "nickname"}` or `{"task_name"}`. */
function contactIn(text: string): AgentContact | null {
  const value = objectIn(text);
  const threadId = idOf(value?.["agent_id"]);
  const agentPath = idOf(value?.["task_name"]);
  if (threadId === null && agentPath === null) return null;
  const nickname = idOf(value?.["nickname"]);
  return { threadId, agentPath, nickname, role: null, prompt: null, model: null };
}

interface Answer {
  /** An agent path or a thread id. */
  readonly author: string;
  /** What the item that carries it is recognised by. */
  readonly message: string;
}

const NOTIFICATION = /^<subagent_notification>\s*(\{[\s\S]*\})\s*<\/subagent_notification>\s*$/;
const FINAL_ANSWER = /^Message Type: FINAL_ANSWER\n(?:[^\n]*\n)*?Payload:\n/;

/** The answer of another agent that an item carries, or null. */
function answerIn(item: JsonObject): Answer | null {
  const text = textOf(item);
  if (typeOf(item) === "agent_message") {
    const author = idOf(item["author"]);
    const header = FINAL_ANSWER.exec(text)?.[0];
    if (author === null || header === undefined) return null;
    // Without its payload, which may be unreadable, the header alone is what is recognised.
    return { author, message: text.length > header.length ? text.slice(header.length) : text };
  }
  if (item["role"] !== "user") return null;
  const author = idOf(objectIn(NOTIFICATION.exec(text)?.[1] ?? "")?.["agent_path"]);
  return author === null ? null : { author, message: text };
}

function objectIn(text: string): JsonObject | null {
  if (!text.startsWith("{")) return null;
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
