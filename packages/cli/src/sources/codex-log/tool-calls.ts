/**
 * Tool calls: an item that asks for one, the output with its call id, and the host's accounts of what the tool did, which
 * may come before the output, after it or never. A call that no item asks for was made by a script or by the host.
 */
import {
  asId,
  type ExecutionStatus,
  type JsonObject,
  type ModelVisibleCallId,
  type PayloadRef,
  type ToolCallId,
  type ToolEndCause,
  type ToolKind,
  type ToolRequester,
} from "@rollout-trace/protocol";
import { lineDocument, literalDocument, objectDocument } from "../log/document.ts";
import { idOf, integerOf, previewOf } from "../log/fields.ts";
import { type AgentCall, AgentCalls } from "./agents.ts";
import { type Cell, Cells, runtimeId, type WaitCall } from "./cells.ts";
import { type CallItem, textOf } from "./items.ts";
import { type CallEnd, callEnd, terminalOutput } from "./outputs.ts";

import type { RuntimeEvent } from "./runtime-events.ts";
import type { Place } from "../log/thread-output.ts";
import type { CodexOutput } from "./thread-output.ts";
import { commandOfCall, folderOfCall } from "./tool-documents.ts";

interface Call {
  readonly callId: string;
  readonly kind: ToolKind;
  /** The turn that asked for it. */
  readonly turnId: string | null;
  readonly cell: Cell | null;
  readonly wait: WaitCall | null;
  readonly agent: AgentCall | null;
  /** The last account of what it did: its line, and what it is an account of. */
  account: { readonly line: number; readonly type: RuntimeEvent["type"]; readonly ok: boolean } | null;
  /** The number of the process that it left running. */
  sessionId: string | null;
}

export class ToolCalls {
  readonly cells: Cells;
  readonly agents: AgentCalls;
  readonly #output: CodexOutput;
  /** The latest call with each id. */
  readonly #calls = new Map<string, Call>();
  /** Calls of scripts to other agents that were told of: an activity may be told of more than once. */
  readonly #reached = new Set<string>();

  constructor(output: CodexOutput) {
    this.#output = output;
    this.cells = new Cells(output);
    this.agents = new AgentCalls(output);
  }

  /** An item of a response that asks for a call. */
  start(item: CallItem, at: Place): void {
    const output = this.#output;
    const { callId, kind, name, input, args } = item;
    const id = asId<ToolCallId>(callId);
    const invocation = this.#output.view(at.line, "invocation");
    output.say(at.timeUs, () => ({
      type: "tool_call_started",
      tool_call_id: id,
      requester: { type: "model" },
      model_visible_call_id: asId<ModelVisibleCallId>(callId),
      kind,
      label: name,
      input_preview: previewOf(input),
      invocation,
    }));
    const call: Call = {
      callId,
      kind,
      turnId: output.turnId,
      cell: kind.type === "code_cell_exec" ? this.cells.start({ callId, source: input }, at) : null,
      wait: kind.type === "code_cell_wait" ? this.cells.wait({ callId, cellId: cellIdOf(args) }, at) : null,
      agent: this.agents.start({ callId, kind, args }, at),
      account: null,
      sessionId: null,
    };
    this.#calls.set(callId, call);
    if (kind.type === "exec_command") this.#beginCommand(call, at);
  }

  /** An output that the host gave the model. */
  end(item: JsonObject, at: Place): void {
    const call = this.#calls.get(idOf(item["call_id"]) ?? "");
    if (call === undefined) return;
    const { kind, callId, turnId } = call;
    const text = textOf(item);
    const end = callEnd(kind, text);
    const result = this.#output.view(at.line, "result");
    const said = { ...at, text, payload: result };
    if (kind.type === "exec_command" || kind.type === "write_stdin") this.#endCommand(call, said);
    if (call.cell !== null) this.cells.respond(call.cell, said);
    if (call.wait !== null) this.cells.answer(call.wait, said);
    if (call.agent !== null) this.agents.end(call.agent, { ...said, status: end.status });
    this.#output.say(
      at.timeUs,
      () => ({
        type: "tool_call_ended",
        tool_call_id: asId<ToolCallId>(callId),
        ...endOf(end, call),
        result,
        output_preview: previewOf(text),
      }),
      turnId,
    );
  }

  /** The host's account of what a tool did. */
  account(event: RuntimeEvent, at: Place): void {
    const call = this.#calls.get(event.callId);
    if (event.type === "agent") {
      if (call === undefined) this.#agentCallFromElsewhere(event, at);
      else if (call.agent !== null) this.agents.contact(call.agent, event.agent);
      return;
    }
    if (call === undefined) this.#callFromElsewhere(event, at);
    else this.#accountFor(call, event, at);
  }

  #accountFor(call: Call, event: Exclude<RuntimeEvent, { type: "agent" }>, at: Place): void {
    const { turnId } = call;
    call.account = { line: at.line, type: event.type, ok: event.ok };
    const id = asId<ToolCallId>(call.callId);
    const ref = this.#accountOf(event, at);
    const kind = kindOf(event);
    // A patch that a shell command applied, a tool that turned out to be an MCP server's.
    if (event.type !== "command") {
      this.#output.say(
        at.timeUs,
        () => ({ type: "tool_call_runtime_started", tool_call_id: id, kind, runtime: ref }),
        turnId,
      );
    }
    const status = event.ok ? "completed" : "failed";
    this.#output.say(
      at.timeUs,
      () => ({ type: "tool_call_runtime_ended", tool_call_id: id, status, runtime: ref }),
      turnId,
    );
  }

  /** A call that no item asks for: a nested call of a cell, or one of the host's own. */
  #callFromElsewhere(event: Exclude<RuntimeEvent, { type: "agent" }>, at: Place): void {
    const output = this.#output;
    const begunUs = Math.min(event.startedUs ?? at.timeUs - (event.durationUs ?? 0), at.timeUs);
    const cell = this.#cellOf(event, { ...at, timeUs: begunUs });
    const startedUs = Math.max(begunUs, cell?.startedUs ?? 0);
    const turnId = cell === null ? output.turnId : cell.turnId;
    const id = asId<ToolCallId>(event.callId);
    const kind = kindOf(event);
    const requester = (): ToolRequester =>
      cell === null ? { type: "host" } : { type: "code_cell", runtime_cell_id: runtimeId(cell) };
    const invocation = event.type === "mcp" ? output.view(at.line, "mcp_invocation") : null;
    const label = event.type === "mcp" ? event.kind.tool : kind.type;
    const preview = event.type === "command" ? previewOf(event.command) : null;
    output.sayEarlier(
      startedUs,
      () => ({
        type: "tool_call_started",
        tool_call_id: id,
        requester: requester(),
        kind,
        label,
        input_preview: preview,
        invocation,
      }),
      turnId,
    );
    const ref = this.#accountOf(event, at);
    const begin = event.type === "command" ? output.view(at.line, "command_begin") : ref;
    output.sayEarlier(
      startedUs,
      () => ({ type: "tool_call_runtime_started", tool_call_id: id, kind, runtime: begin }),
      turnId,
    );
    const status = event.ok ? "completed" : "failed";
    output.say(
      at.timeUs,
      () => ({ type: "tool_call_runtime_ended", tool_call_id: id, status, runtime: ref }),
      turnId,
    );
    const result = event.type === "mcp" ? output.view(at.line, "mcp_result") : null;
    const end = nestedEnd(event, cell, at);
    output.say(at.timeUs, () => ({ type: "tool_call_ended", tool_call_id: id, ...end, result }), turnId);
  }

  /** A script that reached another agent: its call is no item, so this is all that is told of it. */
  #agentCallFromElsewhere(event: RuntimeEvent & { readonly type: "agent" }, at: Place): void {
    const { callId, did, mentions, agent } = event;
    if (did === null || this.#reached.has(callId)) return;
    const cell = this.cells.ownerOf({ startedUs: at.timeUs, mentions });
    // Where no script runs it may be about anything.
    if (typeof cell === "string") return;
    cell.hasCalled = true;
    this.#reached.add(callId);
    const id = asId<ToolCallId>(callId);
    const kind = { type: did } as const;
    this.#output.say(
      at.timeUs,
      () => ({
        type: "tool_call_started",
        tool_call_id: id,
        requester: { type: "code_cell", runtime_cell_id: runtimeId(cell) },
        kind,
        label: did,
      }),
      cell.turnId,
    );
    const call = this.agents.start({ callId, kind, args: {} }, at);
    const status = event.ok ? "completed" : "failed";
    if (call !== null) {
      this.agents.contact(call, agent);
      this.agents.end(call, { ...at, text: "", status });
    }
    const cause = event.ok ? "returned" : "error";
    this.#output.say(
      at.timeUs,
      () => ({ type: "tool_call_ended", tool_call_id: id, status, end_cause: cause }),
      cell.turnId,
    );
  }

  /** The cell that made a call; null for a call of the host, and (reported) where the log does not tell. */
  #cellOf(event: Exclude<RuntimeEvent, { type: "agent" }>, begun: Place): Cell | null {
    if (event.type === "command" && event.isHosts) return null;
    const owner = this.cells.ownerOf({ startedUs: begun.timeUs, mentions: event.mentions });
    if (typeof owner !== "string") {
      owner.hasCalled = true;
      return owner;
    }
    const why = owner === "several" ? "several code cells ran when it began" : "no item asks for it";
    const message = `it is not known who made call ${event.callId}: ${why}; it is taken for the host's own`;
    this.#output.report(begun.line, begun.timeUs, message);
    return null;
  }

  #beginCommand(call: Call, at: Place): void {
    const { line, timeUs } = at;
    this.#output.say(timeUs, () => {
      const { account } = call;
      if (account !== null && account.type !== "command") return null;
      const runtime =
        account === null
          ? this.#commandOfCall(line, call.sessionId)
          : this.#output.view(account.line, "command_begin");
      return { type: "tool_call_runtime_started", tool_call_id: asId<ToolCallId>(call.callId), runtime };
    });
  }

  /** A command as the call asks for it: what was run of it is not in the log. */
  #commandOfCall(line: number, sessionId: string | null): PayloadRef {
    if (sessionId === null) return this.#output.view(line, "begin");
    const ref = this.#output.line(line);
    const document = objectDocument({
      type: literalDocument("exec_command_begin"),
      command: lineDocument(ref, commandOfCall),
      cwd: lineDocument(ref, folderOfCall),
      process_id: literalDocument(sessionId),
    });
    return this.#output.payload(line, "begin_of_process", "tool_runtime_event", document);
  }

  /** What an output tells of a command, for a log without the host's own account. */
  #endCommand(call: Call, said: Place & { readonly text: string }): void {
    const { exitCode, sessionId } = terminalOutput(said.text);
    if (call.kind.type === "exec_command") call.sessionId = sessionId;
    if (exitCode === null) return;
    const ref = this.#output.view(said.line, "terminal_end");
    this.#output.say(
      said.timeUs,
      () =>
        call.account !== null
          ? null
          : {
              type: "tool_call_runtime_ended",
              tool_call_id: asId<ToolCallId>(call.callId),
              status: exitCode === 0 ? "completed" : "failed",
              runtime: ref,
            },
      call.turnId,
    );
  }

  #accountOf(event: RuntimeEvent, at: Place): PayloadRef {
    return this.#output.view(at.line, event.type === "command" ? "command_end" : "account");
  }
}

/** How a call ended that was not a model's. One that outlived its cell was not waited for any more. */
function nestedEnd(
  event: Exclude<RuntimeEvent, { type: "agent" }>,
  cell: Cell | null,
  at: Place,
): { status: ExecutionStatus; end_cause: ToolEndCause } {
  if (cell !== null && cell.endedUs !== null && cell.endedUs < at.timeUs) {
    return { status: "cancelled", end_cause: cell.isCancelled ? "cell_cancelled" : "cell_ended" };
  }
  // A command that fails has been run: its exit code is the process's, not the call's.
  if (event.ok || event.type === "command") return { status: "completed", end_cause: "returned" };
  return { status: "failed", end_cause: "error" };
}

function kindOf(event: Exclude<RuntimeEvent, { type: "agent" }>): ToolKind {
  if (event.type === "mcp") return event.kind;
  return event.type === "patch" ? { type: "apply_patch" } : { type: "exec_command" };
}

/** The host's account outranks what a text for the model says. */
function endOf(
  { status, cause }: CallEnd,
  { account }: Call,
): { status: ExecutionStatus; end_cause: ToolEndCause } {
  const hasFailed = account !== null && account.type !== "command" && !account.ok;
  return hasFailed && status === "completed"
    ? { status: "failed", end_cause: "error" }
    : { status, end_cause: cause };
}

function cellIdOf(args: JsonObject): string | null {
  const id = args["cell_id"];
  return idOf(id) ?? integerOf(id)?.toString() ?? null;
}
