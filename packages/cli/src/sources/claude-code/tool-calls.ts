/**
 * Tool calls: a block that asks for one, the result with its id, and beside the result the host's own account of what the tool
 * did.
 */
import {
  asId,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ModelVisibleCallId,
  type PayloadKind,
  type PayloadRef,
  type ToolCallId,
  type ToolKind,
} from "@rollout-trace/protocol";
import { lineDocument, literalDocument, objectDocument } from "../log/document.ts";
import { idOf, previewOf, stringOf } from "../log/fields.ts";
import type { Place } from "../log/thread-output.ts";
import { type AgentCall, Agents } from "./agents.ts";
import type { Segment } from "./branches.ts";
import type { ClaudeOutput } from "./output.ts";
import { commandBeginAt, invocationAt, processOf, resultAt, resultOf } from "./tool-documents.ts";
import { fileOf, kindOf, watchedBy } from "./tool-kinds.ts";
import { type CallEnd, callEnd, exitCodeOf, type Result } from "./tool-results.ts";
import type { ClaudeView } from "./views.ts";

interface Call {
  readonly id: string;
  readonly kind: ToolKind;
  /** Where in the conversation it was asked for. */
  readonly segment: Segment;
  /** The turn that asked for it. */
  readonly turnId: string | null;
  readonly agent: AgentCall | null;
  /** The command or agent in the background that it looks after. */
  readonly watched: string | null;
  end: CallEnd | null;
  /** The id of the process that it left running. */
  processId: string | null;
  /** The line that has its result. */
  resultLine: number | null;
}

/** A block of an entry, with its number among those of its message. */
export interface Block {
  readonly block: JsonObject;
  readonly index: number;
  /** Whether it is the first of its type in its message. */
  readonly isFirst: boolean;
}

export class ToolCalls {
  readonly agents: Agents;
  readonly #output: ClaudeOutput;
  /** The latest call with each id. */
  readonly #calls = new Map<string, Call>();
  /** Calls whose blocks have no id, in order: results without an id are theirs. */
  #nameless: Call[] = [];
  /** Calls of this turn that have no result yet. */
  readonly #pending = new Set<Call>();
  /** Agents that calls have started. */
  readonly #started = new Set<string>();
  /** Commands that run in the background. */
  readonly #background = new Set<string>();

  constructor(output: ClaudeOutput) {
    this.#output = output;
    this.agents = new Agents(output);
  }

  /** Whether a call of this turn has no result yet. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** The turn is over. */
  forgetPending(): void {
    this.#pending.clear();
  }

  /** The latest call with an id. */
  get(callId: string): { readonly agent: AgentCall | null; readonly segment: Segment } | undefined {
    return this.#calls.get(callId);
  }

  /** The lines that have the results of some calls. */
  resultLines(callIds: readonly string[]): ReadonlySet<number> {
    return new Set(callIds.flatMap((id) => this.#calls.get(id)?.resultLine ?? []));
  }

  /** A block that asks for a call. */
  start({ block, index, isFirst }: Block, at: Place, segment: Segment): void {
    const output = this.#output;
    const callId = idOf(block["id"]);
    const name = idOf(block["name"]) ?? "unknown";
    const input = isJsonObject(block["input"]) ? block["input"] : {};
    const id = callId ?? `${output.idAt(at.line)}:${index}`;
    const watched = watchedBy(name, input);
    const isOfCommand = watched !== null && this.#background.has(watched);
    const isOfAgent = watched !== null && this.#started.has(watched);
    const kind: ToolKind = isOfCommand
      ? { type: "write_stdin" }
      : isOfAgent
        ? { type: "wait_agent" }
        : kindOf(name);
    const invocation = this.#view(at.line, {
      view: "invocation",
      index,
      isFirst,
      kind: "tool_invocation",
      at: invocationAt,
    });
    output.say(at.timeUs, () => ({
      type: "tool_call_started",
      tool_call_id: asId<ToolCallId>(id),
      requester: { type: "model" },
      model_visible_call_id: callId === null ? null : asId<ModelVisibleCallId>(callId),
      kind,
      label: name,
      input_preview: previewOf(inputText(kind, input)),
      invocation,
    }));
    const call: Call = {
      id,
      kind,
      segment,
      turnId: output.turnId,
      agent: this.agents.start({ callId: id, kind, input }, at),
      watched,
      end: null,
      processId: null,
      resultLine: null,
    };
    this.#pending.add(call);
    if (callId === null) this.#nameless.push(call);
    else this.#calls.set(callId, call);
    if (kind.type === "exec_command") this.#beginCommand(call, at, { index, isFirst });
    if (isOfCommand) this.#beginWatch(call, at);
  }

  /** The call that a result is of, unless that has one already. */
  callOf(block: JsonObject): { readonly segment: Segment } | null {
    const call = this.#find(block);
    return call === undefined || call.end !== null ? null : call;
  }

  /** A result that the host gave the model. `account` is what it tells of the call beside that. */
  end({ block, index, isFirst }: Block, account: JsonValue | undefined, at: Place): void {
    const call = this.#find(block);
    if (call === undefined || call.end !== null) return;
    if (idOf(block["tool_use_id"]) === null) this.#nameless.shift();
    // A host that writes one account for several results cannot mean all of them.
    const result = resultOf(block, isFirst ? account : undefined);
    const end = callEnd(result);
    call.end = end;
    this.#pending.delete(call);
    call.resultLine = at.line;
    const payload = this.#view(at.line, {
      view: "result",
      index,
      isFirst,
      kind: "tool_result",
      at: resultAt,
    });
    this.#tellRuntime(call, result, at);
    const agentEnd = {
      ...at,
      status: end.status,
      text: result.text,
      account: result.account,
      result: payload,
    };
    if (call.agent !== null) {
      this.agents.end(call.agent, agentEnd);
      if (call.agent.agentId !== null) this.#started.add(call.agent.agentId);
    } else if (call.watched !== null && call.kind.type === "wait_agent") {
      this.agents.report(call.watched, agentEnd);
    }
    this.#output.say(
      at.timeUs,
      () => ({
        type: "tool_call_ended",
        tool_call_id: asId<ToolCallId>(call.id),
        status: end.status,
        end_cause: end.cause,
        result: payload,
        output_preview: previewOf(result.text),
      }),
      call.turnId,
    );
  }

  #find(block: JsonObject): Call | undefined {
    const id = idOf(block["tool_use_id"]);
    return id === null ? this.#nameless[0] : this.#calls.get(id);
  }

  #beginCommand(call: Call, { line, timeUs }: Place, place: { index: number; isFirst: boolean }): void {
    const id = asId<ToolCallId>(call.id);
    this.#output.say(timeUs, () => {
      // Nothing was run.
      if (call.end?.cause === "rejected") return null;
      return {
        type: "tool_call_runtime_started",
        tool_call_id: id,
        runtime: this.#commandBegin(call, line, place),
      };
    });
  }

  #commandBegin(
    call: Call,
    line: number,
    { index, isFirst }: { index: number; isFirst: boolean },
  ): PayloadRef {
    const begin = {
      view: "command_begin",
      index,
      isFirst,
      kind: "tool_runtime_event",
      at: commandBeginAt,
    } as const;
    if (call.processId === null) return this.#view(line, begin);
    const ref = this.#output.line(line);
    const part = (key: string) =>
      lineDocument(ref, (content) => (commandBeginAt(content, index) as JsonObject)[key] ?? null);
    const document = objectDocument({
      type: part("type"),
      command: part("command"),
      cwd: part("cwd"),
      process_id: literalDocument(call.processId),
    });
    return this.#output.payload(line, `begin_of_process_${index}`, "tool_runtime_event", document);
  }

  #beginWatch(call: Call, { line, timeUs }: Place): void {
    const document = objectDocument({
      type: literalDocument("write_stdin_begin"),
      stdin: literalDocument(""),
      process_id: literalDocument(call.watched),
    });
    const runtime = this.#output.payload(line, `watch_${call.id}`, "tool_runtime_event", document);
    this.#output.say(timeUs, () => ({
      type: "tool_call_runtime_started",
      tool_call_id: asId<ToolCallId>(call.id),
      runtime,
    }));
  }

  /** What the host tells of what a tool did. */
  #tellRuntime(call: Call, result: Result, at: Place): void {
    const { kind } = call;
    const told = isJsonObject(result.account) ? result.account : null;
    if (kind.type === "exec_command" && told !== null) {
      call.processId = processOf(told);
      if (call.processId !== null) this.#background.add(call.processId);
    }
    const view = viewOf(kind, result);
    if (view === null || call.end?.cause === "rejected") return;
    const runtime = this.#output.view(at.line, view);
    const id = asId<ToolCallId>(call.id);
    if (view === "account" || view === "file_change") {
      const started = { type: "tool_call_runtime_started", tool_call_id: id, runtime } as const;
      this.#output.say(at.timeUs, () => started, call.turnId);
    }
    const code = view === "command_end" ? exitCodeOf(result) : null;
    const status = call.end?.status ?? "completed";
    // A command in the background has not ended with its call.
    if (view === "command_end" && call.processId !== null && code === null) return;
    this.#output.say(
      at.timeUs,
      () => ({ type: "tool_call_runtime_ended", tool_call_id: id, status, runtime }),
      call.turnId,
    );
  }

  #view(line: number, { view, index, isFirst, kind, at }: ViewAt): PayloadRef {
    if (isFirst) return this.#output.view(line, view);
    const document = lineDocument(this.#output.line(line), (content) => at(content, index));
    return this.#output.payload(line, `${view}_${index}`, kind, document);
  }
}

interface ViewAt {
  readonly view: ClaudeView;
  readonly index: number;
  readonly isFirst: boolean;
  readonly kind: PayloadKind;
  /** The view for a block that is not the first of its type. */
  readonly at: (line: JsonValue, index: number) => JsonValue;
}

function viewOf(kind: ToolKind, result: Result): ClaudeView | null {
  const isTold = isJsonObject(result.account);
  if (kind.type === "exec_command") return isTold || exitCodeOf(result) !== null ? "command_end" : null;
  if (kind.type === "write_stdin") return isTold ? "watch_end" : null;
  if (!isTold) return null;
  return kind.type === "apply_patch" ? "file_change" : "account";
}

/** The part of an input that tells the most. */
function inputText(kind: ToolKind, input: JsonObject): string {
  const telling =
    kind.type === "exec_command"
      ? stringOf(input["command"])
      : kind.type === "apply_patch"
        ? fileOf(input)
        : null;
  return telling ?? JSON.stringify(input);
}
