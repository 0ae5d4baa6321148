/** The payloads of tool calls, out of the entries of a transcript. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { integerOf, stringOf } from "../log/fields.ts";
import { blocksOf, entryIn, textOf } from "./record.ts";
import { fileOf } from "./tool-kinds.ts";
import { exitCodeOf, type Result } from "./tool-results.ts";

/** A block of the message of a line. */
function blockIn(line: JsonValue, index: number): JsonObject {
  const { message } = entryIn(line);
  const block = isJsonObject(message) ? blocksOf(message)[index] : undefined;
  return isJsonObject(block) ? block : {};
}

/** The first block of a type, which nearly always is the only one. */
export function firstOf(blocks: readonly JsonValue[], type: string): number {
  return blocks.findIndex((block) => isJsonObject(block) && block["type"] === type);
}

function firstIn(line: JsonValue, type: string): number {
  const { message } = entryIn(line);
  return isJsonObject(message) ? firstOf(blocksOf(message), type) : -1;
}

/** What was handed to a tool, by the block that asks for it. */
export function invocationAt(line: JsonValue, index: number): JsonValue {
  const { name, input } = blockIn(line, index);
  return {
    tool_name: stringOf(name) ?? "unknown",
    tool_namespace: null,
    payload: { type: "json", value: input ?? null },
  };
}

export function invocation(line: JsonValue): JsonValue {
  return invocationAt(line, firstIn(line, "tool_use"));
}

/** What a call returned to the model. */
export function resultAt(line: JsonValue, index: number): JsonValue {
  return { type: "direct", item: blockIn(line, index) };
}

export function result(line: JsonValue): JsonValue {
  return resultAt(line, firstIn(line, "tool_result"));
}

/** The host's own account of what a tool did. */
export function account(line: JsonValue): JsonValue {
  return entryIn(line)["toolUseResult"] ?? null;
}

/** A command as its call asks for it, and the folder of the session. */
export function commandBegin(line: JsonValue): JsonValue {
  return commandBeginAt(line, firstIn(line, "tool_use"));
}

export function commandBeginAt(line: JsonValue, index: number): JsonValue {
  const command = stringOf(valueAt(blockIn(line, index), ["input", "command"]));
  const cwd = stringOf(entryIn(line)["cwd"]) ?? stringOf(valueAt(line, ["cwd"])) ?? "";
  return { type: "exec_command_begin", command: command === null ? [] : [command], cwd };
}

/** How a command ended, or that it goes on in the background. */
export function commandEnd(line: JsonValue): JsonValue {
  return terminalEnd(line, "exec_command_end");
}

/** What somebody who looked after a command found. */
export function watchEnd(line: JsonValue): JsonValue {
  return terminalEnd(line, "write_stdin_end");
}

function terminalEnd(line: JsonValue, type: string): JsonValue {
  const said = resultIn(line);
  const told = isJsonObject(said.account) ? said.account : {};
  // A background task tells of its command in an object of its own.
  const task = isJsonObject(told["task"]) ? told["task"] : told;
  return {
    type,
    // Only of a command that a call ran to its end does the host say by its silence how it ended.
    exit_code: type === "exec_command_end" ? exitCodeOf(said) : integerOf(task["exitCode"]),
    stdout: stringOf(task["stdout"]) ?? stringOf(task["output"]) ?? (said.isError ? "" : said.text),
    stderr: stringOf(task["stderr"]) ?? (said.isError ? said.text : ""),
    process_id: processOf(told),
  };
}

/** The id by which a command in the background can be looked after. */
export function processOf(told: JsonObject): string | null {
  for (const key of ["backgroundTaskId", "shellId", "bash_id"]) {
    const id = told[key];
    if (typeof id === "string" && id !== "") return id;
  }
  const id = valueAt(told, ["task", "task_id"]);
  return typeof id === "string" && id !== "" ? id : null;
}

function resultIn(line: JsonValue): Result {
  return resultOf(blockIn(line, firstIn(line, "tool_result")), entryIn(line)["toolUseResult"]);
}

export function resultOf(block: JsonObject, told: JsonValue | undefined): Result {
  return { text: textOf(block["content"]), isError: block["is_error"] === true, account: told };
}

/** What an edit changed: the host's account of it, with the file as the key of `changes` as other hosts have it. */
export function fileChange(line: JsonValue): JsonValue {
  const told = account(line);
  if (!isJsonObject(told)) return { type: "file_change", changes: {}, account: told };
  const path = changedFile(told);
  const type = told["type"] === "create" ? "add" : "update";
  const changes = path === null ? {} : Object.fromEntries([[path, { type }]]);
  return { ...told, type: "file_change", changes };
}

function changedFile(told: JsonObject): string | null {
  return stringOf(told["filePath"]) ?? stringOf(told["file_path"]) ?? fileOf(told);
}
