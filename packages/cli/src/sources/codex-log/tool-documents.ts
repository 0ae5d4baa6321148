/** The payloads of tool calls, out of the items and outputs of a log. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { callOf, textOf, typeOf } from "./items.ts";
import { terminalOutput } from "./outputs.ts";
import { stringOf } from "../log/fields.ts";

function itemIn(line: JsonValue): JsonObject {
  const payload = valueAt(line, ["payload"]) ?? line;
  return isJsonObject(payload) ? payload : {};
}

/** What was handed to a tool. */
export function invocation(line: JsonValue): JsonValue {
  const item = itemIn(line);
  const given = item["arguments"] ?? item["input"] ?? item["action"] ?? null;
  const isCustom = typeOf(item) === "custom_tool_call";
  const payload: JsonValue =
    typeof given !== "string"
      ? { type: "json", value: given }
      : isCustom
        ? { type: "custom", input: given }
        : { type: "function", arguments: given };
  return {
    tool_name: callOf(item)?.name ?? typeOf(item),
    tool_namespace: stringOf(item["namespace"]),
    payload,
  };
}

/** The command of a call, for a log that does not tell how it was run. */
export function commandOfCall(line: JsonValue): JsonValue {
  const args = callOf(itemIn(line))?.args ?? {};
  const command = args["command"] ?? args["cmd"] ?? [];
  return typeof command === "string" ? [command] : command;
}

export function folderOfCall(line: JsonValue): JsonValue {
  const args = callOf(itemIn(line))?.args ?? {};
  return args["workdir"] ?? args["working_directory"] ?? args["cwd"] ?? "";
}

/** The begin of a command as its call asks for it. */
export function beginOfCall(line: JsonValue): JsonValue {
  return { type: "exec_command_begin", command: commandOfCall(line), cwd: folderOfCall(line) };
}

/** What a call returned to the model. */
export function result(line: JsonValue): JsonValue {
  return { type: "direct", item: itemIn(line) };
}

/** The end of a command as far as its output tells. */
export function terminalEnd(line: JsonValue): JsonValue {
  const { exitCode, output } = terminalOutput(textOf(itemIn(line)));
  return { type: "exec_command_end", exit_code: exitCode, stdout: output, stderr: "" };
}
