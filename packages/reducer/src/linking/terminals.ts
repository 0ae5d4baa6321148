/**
 * Terminal sessions and operations, from the runtime payloads and results of `exec_command` and `write_stdin` calls.
 *
 * A command opens its operation when the runtime begins it, a write at its invocation. The process id, known at the begin or
 * at the end, names the session. An operation ends with its call, however that ends, or with the runtime's own end, whichever
 * comes first, but a call that was only closed leaves the last word to the runtime; a process that outlives its call goes on in
 * its session.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { ExecutionStatus } from "@rollout-trace/protocol";
import { readObject } from "../conversation/elements.ts";
import { appended, endedAt, NONE, startedAt } from "../graph/draft.ts";
import type { ExecutionWindow } from "../graph/base.ts";
import type { TerminalRequest, TerminalResult } from "../graph/terminal.ts";
import type { Reduction } from "../reduction.ts";
import type { OperationState, SessionState, ToolCallState } from "../state/call-state.ts";
import { enqueue } from "../state/queues.ts";
import { eachEntry, withEntry } from "../state/several.ts";
import { type EndStatus, isEnd } from "./closing.ts";

/** A `write_stdin` call starts with its invocation, which says where it writes and what. */
export function openWrite(reduction: Reduction, call: ToolCallState, invocationId: string | null): void {
  const input = invocationId === null ? null : argumentsOf(readObject(reduction, invocationId));
  const stdin = stringOf(input?.["chars"] ?? input?.["stdin"]) ?? "";
  const operation = openOperation(reduction, call, { type: "write_stdin", stdin });
  const processId = idOf(input?.["session_id"] ?? input?.["process_id"]);
  if (processId === null) return;
  const session = findSession(reduction, call, processId);
  if (session === null || session === undefined) awaitProcess(operation, processId);
  else joinSession(reduction, operation, session);
}

export function beginRuntime(reduction: Reduction, call: ToolCallState, runtimeId: string): void {
  const kind = call.draft.kind.type;
  if (kind !== "exec_command" && kind !== "write_stdin") return;
  const runtime = readObject(reduction, runtimeId);
  if (runtime === null || !isOfTerminal(runtime)) return;
  const processId = idOf(runtime["process_id"]);
  const isWrite = kind === "write_stdin" || runtime["type"] === "write_stdin_begin";
  const request: TerminalRequest = isWrite
    ? { type: "write_stdin", stdin: stringOf(runtime["stdin"]) ?? "" }
    : { type: "exec_command", command: stringsOf(runtime["command"]), cwd: stringOf(runtime["cwd"]) };
  const operation = call.operation ?? openOperation(reduction, call, request);
  // An invocation that could not be read leaves it to the runtime to say what was written.
  if (request.type === "write_stdin" && request.stdin !== "") operation.draft.request = request;
  reduction.touch(operation.draft);
  if (processId !== null) nameProcess(reduction, operation, processId);
}

export function endRuntime(
  reduction: Reduction,
  call: ToolCallState,
  end: { runtimeId: string; status: ExecutionStatus },
): void {
  const kind = call.draft.kind.type;
  if (kind !== "exec_command" && kind !== "write_stdin") return;
  const runtime = readObject(reduction, end.runtimeId);
  if (runtime === null || !isOfTerminal(runtime)) return;
  const request: TerminalRequest = {
    type: "exec_command",
    command: stringsOf(runtime["command"]),
    cwd: stringOf(runtime["cwd"]),
  };
  const operation = call.operation ?? openOperation(reduction, call, request);
  const processId = idOf(runtime["process_id"]);
  if (processId !== null) nameProcess(reduction, operation, processId);
  const { draft } = operation;
  reduction.touch(draft);
  if (operation.hasRuntimeEnd || !isEnd(end.status)) return;
  operation.hasRuntimeEnd = true;
  const result = resultOf(runtime);
  const { status, end_cause: cause } = draft.execution;
  draft.result = result;
  // The call may have ended it: then how the command went is what the runtime says, and where what closed the call did that, when too.
  draft.execution =
    status !== "running" && cause === "observed"
      ? { ...draft.execution, status: end.status }
      : endedAt(draft.execution, reduction.moment, { status: end.status, cause: "observed" });
  if (result.exit_code !== null) endSession(reduction, operation, end.status);
}

/** What a call returned fills in for a runtime end that never comes. */
export function addReturned(
  reduction: Reduction,
  call: ToolCallState,
  end: { resultId: string | null; status: ExecutionStatus },
): void {
  const { operation } = call;
  if (operation === null) return;
  const { draft } = operation;
  reduction.touch(draft);
  if (operation.hasRuntimeEnd || end.resultId === null) return;
  const result = readObject(reduction, end.resultId);
  if (result === null) return;
  draft.result = returnedResult(result);
  const value = result["value"];
  if (!isJsonObject(value)) return;
  const processId = idOf(value["session_id"] ?? value["process_id"]);
  if (processId !== null) nameProcess(reduction, operation, processId);
  if (integerOf(value["exit_code"]) !== null && isEnd(end.status))
    endSession(reduction, operation, end.status);
}

/** A write went to the process that an exec call started, be it that its process id is not known yet. */
export function resolveStdinTarget(reduction: Reduction, call: ToolCallState, exec: ToolCallState): void {
  const operation = call.operation ?? openOperation(reduction, call, { type: "write_stdin", stdin: "" });
  const session = exec.operation?.session ?? null;
  if (session === null) exec.writes = withEntry(exec.writes, operation);
  else if (mayJoin(reduction, operation, session)) joinSession(reduction, operation, session);
}

function openOperation(reduction: Reduction, call: ToolCallState, request: TerminalRequest): OperationState {
  const { state } = reduction;
  const { execution } = call.draft;
  const operation: OperationState = {
    draft: {
      operation_id: `terminal_operation:${state.operations.length + 1}`,
      terminal_session_id: null,
      tool_call_id: call.draft.tool_call_id,
      kind: request.type,
      // What is told of only after its call has ended ran while the call did.
      execution: execution.status === "running" ? startedAt(reduction.moment) : execution,
      request,
      result: null,
      observed_by: NONE,
      evidence: reduction.evidence(),
      provenance: reduction.provenance,
    },
    call,
    session: null,
    hasRuntimeEnd: false,
  };
  state.operations.push(operation);
  call.operation = operation;
  call.draft.terminal_operation_id = operation.draft.operation_id;
  return operation;
}

/**
 * Puts an operation into the session of its process: a new one for a command, an existing one for a write. A write opens one where
 * nobody has that process, until the command names it that had started before.
 */
function nameProcess(reduction: Reduction, operation: OperationState, processId: string): void {
  if (operation.session !== null) {
    const known = operation.session.draft.recorded_id;
    if (known !== processId) conflict(reduction, operation, `${known} and ${processId}`);
    return;
  }
  const { call } = operation;
  if (operation.draft.kind === "write_stdin") {
    const known = findSession(reduction, call, processId);
    if (known === null) awaitProcess(operation, processId);
    else joinSession(reduction, operation, known ?? openSession(reduction, operation, processId));
  } else {
    const known = call.thread?.sessions.get(processId);
    if (known !== undefined && isOpenedByWriteTo(known, call)) takeOver(reduction, operation, known);
    else joinSession(reduction, operation, openSession(reduction, operation, processId));
  }
  joinEarlyWrites(reduction, operation);
}

/** The session that a write goes to: that of its thread, or of the only thread that has one. Null where several others have. */
function findSession(
  reduction: Reduction,
  call: ToolCallState,
  processId: string,
): SessionState | null | undefined {
  const { sessions } = reduction.state;
  const own = call.thread?.sessions.get(processId);
  if (own !== undefined) return own;
  return sessions.isAmbiguous(processId) ? null : sessions.find(processId, null);
}

/** Keeps a write until its thread has a session of that process. */
function awaitProcess(operation: OperationState, processId: string): void {
  const { thread } = operation.call;
  if (thread !== null) enqueue((thread.earlyWrites ??= new Map()), processId, operation);
}

/** The writes that went to an operation's process before that had a session. */
function joinEarlyWrites(reduction: Reduction, { call, session }: OperationState): void {
  if (session === null) return;
  const earlyWrites = call.thread?.earlyWrites;
  const byId = earlyWrites?.get(session.recordedId) ?? [];
  const writes = [...byId.filter((write) => mayGoTo(write, session)), ...eachEntry(call.writes)];
  earlyWrites?.delete(session.recordedId);
  call.writes = null;
  for (const write of writes) {
    if (!mayJoin(reduction, write, session)) continue;
    join(write, session);
    reduction.addOrigin(session.draft, write.call);
    reduction.addEvidence(write.draft, reduction.moment.seq);
  }
}

/** What was written before a command started went to an older process with the same id. */
function mayGoTo({ call }: OperationState, { opener }: SessionState): boolean {
  if (opener.draft.kind === "write_stdin") return true;
  return opener.call.draft.execution.started_seq < call.draft.execution.started_seq;
}

function mayJoin(reduction: Reduction, operation: OperationState, session: SessionState): boolean {
  const known = operation.session;
  if (known !== null && known !== session)
    conflict(reduction, operation, `${known.recordedId} and ${session.recordedId}`);
  return known === null;
}

/** Whether a write opened the session while the call, which may have started its process, was under way. */
function isOpenedByWriteTo({ opener, draft }: SessionState, { draft: command }: ToolCallState): boolean {
  const isWrite = opener.draft.kind === "write_stdin";
  return isWrite && command.execution.started_seq < draft.execution.started_seq;
}

/** Makes a session that a write opened that of the command which started its process. */
function takeOver(reduction: Reduction, operation: OperationState, session: SessionState): void {
  const { draft } = session;
  const { started_at_us, started_seq } = operation.draft.execution;
  const ids = draft.operation_ids;
  draft.operation_ids = NONE;
  joinSession(reduction, operation, session);
  draft.operation_ids = [operation.draft.operation_id, ...ids];
  draft.created_by_operation_id = operation.draft.operation_id;
  if (started_seq < draft.execution.started_seq)
    draft.execution = { ...draft.execution, started_at_us, started_seq };
  session.opener = operation;
}

function openSession(reduction: Reduction, operation: OperationState, processId: string): SessionState {
  const { sessions } = reduction.state;
  const { thread } = operation.call;
  const id = sessions.mint(processId);
  const session: SessionState = {
    draft: {
      terminal_session_id: id,
      recorded_id: processId,
      thread_id: thread?.draft.thread_id ?? null,
      created_by_operation_id: operation.draft.operation_id,
      operation_ids: NONE,
      execution: sessionWindow(operation, thread?.draft.execution ?? null),
      evidence: reduction.evidence(),
      provenance: reduction.provenance,
    },
    opener: operation,
    recordedId: processId,
    scope: thread?.draft.thread_id ?? null,
    isOver: false,
  };
  sessions.add(session, id);
  thread?.sessions.set(processId, session);
  if (session.draft.execution.status === "running") thread?.runningSessions.add(session);
  return session;
}

/** A session begins with the operation that opened it. One that is told of only after its thread has ended has ended with that. */
function sessionWindow({ draft }: OperationState, thread: ExecutionWindow | null): ExecutionWindow {
  const { started_at_us: at_us, started_seq: seq } = draft.execution;
  const window = startedAt({ at_us, seq });
  if (thread === null || thread.ended_at_us === null || thread.ended_seq === null) return window;
  const end = { at_us: thread.ended_at_us, seq: thread.ended_seq };
  return endedAt(window, end, {
    status: thread.status === "failed" ? "failed" : "cancelled",
    cause: "thread_ended",
  });
}

function join(operation: OperationState, session: SessionState): void {
  operation.session = session;
  operation.draft.terminal_session_id = session.draft.terminal_session_id;
  session.draft.operation_ids = appended(session.draft.operation_ids, operation.draft.operation_id);
}

function joinSession(reduction: Reduction, operation: OperationState, session: SessionState): void {
  join(operation, session);
  reduction.touch(session.draft);
  reduction.touch(operation.draft);
}

/** The process has exited; what says so may be a write from another thread than the session's. */
function endSession(reduction: Reduction, { session }: OperationState, status: EndStatus): void {
  if (session === null || session.draft.execution.status !== "running") return;
  session.draft.execution = endedAt(session.draft.execution, reduction.moment, { status, cause: "observed" });
  reduction.touch(session.draft);
  reduction.state.threads.get(session.scope ?? "")?.runningSessions.delete(session);
}

function conflict(reduction: Reduction, operation: OperationState, what: string): void {
  const id = operation.call.draft.tool_call_id;
  reduction.diagnose("call_id_conflict", `call ${JSON.stringify(id)} has two process ids: ${what}`, {
    type: "tool_call",
    id,
  });
}

/** What is dispatched as a command may be run as something else, such as a patch. */
function isOfTerminal(runtime: JsonObject): boolean {
  const type = stringOf(runtime["type"]);
  if (type !== null) return type.startsWith("exec_command_") || type.startsWith("write_stdin_");
  return Array.isArray(runtime["command"]) || runtime["process_id"] !== undefined;
}

function resultOf(runtime: JsonObject): TerminalResult {
  return {
    exit_code: integerOf(runtime["exit_code"]),
    stdout: stringOf(runtime["stdout"]) ?? stringOf(runtime["aggregated_output"]) ?? "",
    stderr: stringOf(runtime["stderr"]) ?? "",
    formatted_output: stringOf(runtime["formatted_output"]),
  };
}

/** What a call returned: the structured fields that a cell gets, or the text that the model gets. */
function returnedResult(result: JsonObject): TerminalResult {
  const value = result["value"];
  if (isJsonObject(value)) {
    return {
      exit_code: integerOf(value["exit_code"]),
      stdout: stringOf(value["stdout"] ?? value["output"]) ?? "",
      stderr: stringOf(value["stderr"]) ?? "",
      formatted_output: null,
    };
  }
  const error = stringOf(result["error"]);
  if (error !== null) return { exit_code: null, stdout: "", stderr: error, formatted_output: null };
  const item = result["item"] ?? result["response_item"];
  const text = isJsonObject(item) ? stringOf(item["output"]) : stringOf(value);
  return { exit_code: null, stdout: "", stderr: "", formatted_output: text };
}

/** The arguments of a `tool_invocation`, where they are a JSON object. */
export function argumentsOf(invocation: JsonObject | null): JsonObject | null {
  const payload = invocation?.["payload"];
  if (!isJsonObject(payload)) return null;
  if (payload["type"] === "json") return isJsonObject(payload["value"]) ? payload["value"] : null;
  const text = stringOf(payload["arguments"]);
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Hosts write process and cell ids as strings or as numbers. */
export function idOf(value: JsonValue | undefined): string | null {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}

function integerOf(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

function stringOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function stringsOf(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).filter((part) => typeof part === "string");
}
