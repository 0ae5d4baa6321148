/** The tools of the program, by the names that its versions gave them. */
import type { JsonObject, ToolKind } from "@rollout-trace/protocol";
import { idOf, stringOf } from "../log/fields.ts";

const KINDS: ReadonlyMap<string, Exclude<ToolKind["type"], "mcp" | "other">> = new Map([
  ["Bash", "exec_command"],
  ["PowerShell", "exec_command"],
  ["Edit", "apply_patch"],
  ["MultiEdit", "apply_patch"],
  ["Write", "apply_patch"],
  ["NotebookEdit", "apply_patch"],
  ["WebFetch", "web"],
  ["WebSearch", "web"],
  ["Task", "spawn_agent"],
  ["Agent", "spawn_agent"],
  ["SendMessage", "send_message"],
]);

/** Tools that look after something that runs in the background: a command, or an agent. */
const WATCHERS: ReadonlySet<string> = new Set(["BashOutput", "TaskOutput", "AgentOutput", "AgentOutputTool"]);

/** What a watcher looks after. */
export function watchedBy(name: string, input: JsonObject): string | null {
  if (!WATCHERS.has(name)) return null;
  return (
    idOf(input["bash_id"]) ?? idOf(input["shell_id"]) ?? idOf(input["task_id"]) ?? idOf(input["agentId"])
  );
}

const MCP_PREFIX = "mcp__";

export function kindOf(name: string): ToolKind {
  const known = KINDS.get(name);
  if (known !== undefined) return { type: known };
  if (!name.startsWith(MCP_PREFIX)) return { type: "other", name };
  const qualified = name.slice(MCP_PREFIX.length);
  const at = qualified.indexOf("__");
  if (at <= 0 || at + 2 >= qualified.length) return { type: "other", name };
  return { type: "mcp", server: qualified.slice(0, at), tool: qualified.slice(at + 2) };
}

/** The file that a call is about. */
export function fileOf(input: JsonObject): string | null {
  return stringOf(input["file_path"]) ?? stringOf(input["notebook_path"]);
}
