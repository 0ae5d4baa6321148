/**
 * Terminal operations, from the runtime payloads and results of `exec_command` and `write_stdin` calls.
 *
 * A command opens its operation when the runtime begins it, a write at its invocation. An operation ends with its call, however
 * that ends, or with the runtime's own end, whichever comes first, but a call that was only closed leaves the last word to the
 * runtime; a process that outlives its call goes on in its session. What an operation tells of its process is kept with it:
 * `sessions.ts` puts together what is of one process.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { ExecutionStatus } from "@rollout-trace/protocol";
import { readObject } from "../conversation/elements.ts";
import { quoted, shortMessage } from "../diagnostics.ts";
import { endedAt, NONE, operationIdOf, startedAt } from "../graph/draft.ts";
import type { TerminalRequest, TerminalResult } from "../graph/terminal.ts";
import type { Reduction } from "../reduction.ts";
import type { OperationState, ToolCallState } from "../state/call-state.ts";
import { type EndStatus, isEnd } from "./closing.ts";

/** A `write_stdin` call starts with its invocation, which says where it writes and what. */
export function openWrite(reduction: Reduction, call: ToolCallState, invocationId: string | null): void {
  const input = invocationId === null ? null : argumentsOf(readObject(reduction, invocationId));
  const stdin = stringOf(input?.["chars"] ?? input?.["stdin"]) ?? "";
  const operation = openOperation(reduction, call, { type: "write_stdin", stdin });
  const processId = idOf(input?.["session_id"] ?? input?.["process_id"]);
  if (processId === null) return;
  operation.named = { id: processId, evidence: reduction.evidence(), confirmed: null };
}

export function beginRuntime(reduction: Reduction, call: ToolCallState, runtimeId: string): void {
  const kind = call.draft.kind.type;
  if (kind !== "exec_command" && kind !== "write_stdin") return;
  const runtime = readObject(reduction, runtimeId);
  if (runtime === null || !isOfTerminal(runtime)) return;
  const request = requestOf(kind, runtime);
  const operation = call.operation ?? openOperation(reduction, call, request);
  // An invocation that could not be read leaves it to the runtime to say what was written.
  const isWrite = operation.draft.kind === "write_stdin" && request.type === "write_stdin";
  if (isWrite && request.stdin !== "") operation.draft.request = request;
  reduction.touch(operation.draft);
  nameProcess(reduction, operation, idOf(runtime["process_id"]));
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
  const operation = call.operation ?? openOperation(reduction, call, requestOf(kind, runtime));
  const isOfIt = nameProcess(reduction, operation, idOf(runtime["process_id"]));
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
  if (isOfIt && result.exit_code !== null) addExit(reduction, operation, end.status);
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
  if (end.resultId === null) return;
  // The runtime may have told of the end, and not of which process.
  if (operation.hasRuntimeEnd && operation.named !== null) return;
  const result = readObject(reduction, end.resultId);
  if (result === null) return;
  if (!operation.hasRuntimeEnd) draft.result = returnedResult(result);
  const value = result["value"];
  if (!isJsonObject(value)) return;
  const isOfIt = nameProcess(reduction, operation, idOf(value["session_id"] ?? value["process_id"]));
  if (isOfIt && integerOf(value["exit_code"]) !== null && isEnd(end.status))
    addExit(reduction, operation, end.status);
}

/** A write went to the process that an exec call started, be it that its process id is not known yet. */
export function resolveStdinTarget(reduction: Reduction, call: ToolCallState, exec: ToolCallState): void {
  const operation = call.operation ?? openOperation(reduction, call, { type: "write_stdin", stdin: "" });
  reduction.touch(operation.draft);
  const known = operation.target?.exec;
  if (known === undefined) operation.target = { exec, evidence: reduction.evidence() };
  else if (known !== exec) {
    const ids = [known, exec].map(({ draft }) => quoted(draft.tool_call_id));
    conflict(reduction, operation, `those of calls ${ids.join(" and ")}`);
  }
}

function openOperation(reduction: Reduction, call: ToolCallState, request: TerminalRequest): OperationState {
  const { state } = reduction;
  const { execution } = call.draft;
  const operation: OperationState = {
    draft: {
      operation_id: operationIdOf(state.operations.length + 1),
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
    named: null,
    target: null,
    exit: null,
    hasRuntimeEnd: false,
  };
  state.operations.push(operation);
  call.operation = operation;
  call.draft.terminal_operation_id = operation.draft.operation_id;
  return operation;
}

/**
 * The runtime, or what a call returned, says which process an operation is of; null where it does not say. Whether what it tells is of
 * the operation's process.
 */
function nameProcess(reduction: Reduction, operation: OperationState, processId: string | null): boolean {
  if (processId === null) return true;
  const known = operation.named;
  const evidence = reduction.evidence();
  if (known === null) operation.named = { id: processId, evidence, confirmed: evidence };
  else if (known.id === processId) known.confirmed ??= evidence;
  else {
    conflict(reduction, operation, `${shortMessage(known.id)} and ${processId}`);
    return false;
  }
  return true;
}

/** The process has exited. */
function addExit(reduction: Reduction, operation: OperationState, status: EndStatus): void {
  operation.exit ??= { ...reduction.moment, status, evidence: reduction.evidence() };
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

/** What the runtime, when it begins or ends an operation, says that was asked for. */
function requestOf(kind: "exec_command" | "write_stdin", runtime: JsonObject): TerminalRequest {
  const isWrite = kind === "write_stdin" || stringOf(runtime["type"])?.startsWith("write_stdin_") === true;
  return isWrite
    ? { type: "write_stdin", stdin: stringOf(runtime["stdin"]) ?? "" }
    : { type: "exec_command", command: stringsOf(runtime["command"]), cwd: stringOf(runtime["cwd"]) };
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
      stdout: textIn(value["stdout"] ?? value["output"]) ?? "",
      stderr: stringOf(value["stderr"]) ?? "",
      formatted_output: textIn(value["content"]),
    };
  }
  const error = stringOf(result["error"]);
  if (error !== null) return { exit_code: null, stdout: "", stderr: error, formatted_output: null };
  const text = textIn(result["item"] ?? result["response_item"] ?? value);
  return { exit_code: null, stdout: "", stderr: "", formatted_output: text };
}

/** A message, its blocks, a block, its parts, a part. */
const LEVELS = 5;

/** The text of an output, as it is or in parts, in the words of any dialect; null where it has none. */
function textIn(value: JsonValue | undefined, levels = LEVELS): string | null {
  if (typeof value === "string") return value;
  if (levels === 0) return null;
  if (isJsonObject(value)) return textIn(value["output"] ?? value["content"] ?? value["text"], levels - 1);
  if (!Array.isArray(value)) return null;
  const texts = (value as readonly JsonValue[]).flatMap((part) => textIn(part, levels - 1) ?? []);
  return texts.length === 0 ? null : texts.join("\n");
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
