/** What the agents of this host can do: one direct MCP tool, code mode, and starting other agents. */
import type { ContentItem, JsonObject, ToolKind } from "@rollout-trace/protocol";
import type { ToolCallTrace, TurnTrace } from "@rollout-trace/trace";
import type { FunctionTool, Tool } from "openai/resources/responses/responses";
import type { Toolbox, ToolCallItem, ToolOutputItem } from "./agent.ts";
import type { CodeMode } from "./code-mode.ts";
import type { McpServers } from "./mcp-servers.ts";
import type { SubAgents } from "./sub-agents.ts";

export interface ToolboxParts {
  readonly codeMode: CodeMode;
  readonly subAgents: SubAgents;
  readonly servers: McpServers;
  /** Filled by whoever has something to tell the model. */
  readonly inbox: string[];
}

type Output = string | readonly ContentItem[];

interface HostTool {
  readonly kind: ToolKind;
  run(call: ToolCallTrace, input: string, callId: string): Promise<Output>;
}

export function createToolbox(parts: ToolboxParts): Toolbox {
  const { codeMode, subAgents, inbox } = parts;
  const tools = hostTools(parts);
  return {
    specs: [...codeMode.specs, ...DIRECT_SPECS],
    run: (turn, item) => runTool(turn, item, tools),
    takeMessages: () => inbox.splice(0),
    async close() {
      await subAgents.close();
      await codeMode.close();
    },
  };
}

async function runTool(
  turn: TurnTrace,
  item: ToolCallItem,
  tools: ReadonlyMap<string, HostTool>,
): Promise<ToolOutputItem> {
  const input = item.type === "function_call" ? item.arguments : item.input;
  const tool = tools.get(item.name);
  return turn.traceTool(
    {
      kind: tool?.kind ?? { type: "other", name: item.name },
      label: item.name,
      modelVisibleCallId: item.call_id,
      inputPreview: input,
      invocation: () => ({
        tool_name: item.name,
        payload:
          item.type === "function_call" ? { type: "function", arguments: input } : { type: "custom", input },
      }),
    },
    async (call) => {
      try {
        if (tool === undefined) throw new Error(`no tool is called ${item.name}`);
        return outputItem(item, await tool.run(call, input, item.call_id));
      } catch (error) {
        const failure = outputItem(item, `error: ${error instanceof Error ? error.message : String(error)}`);
        call.ended({
          status: "failed",
          endCause: "error",
          result: () => ({ type: "direct", item: failure }),
        });
        return failure;
      }
    },
  );
}

function outputItem(item: ToolCallItem, output: Output): ToolOutputItem {
  const type = item.type === "function_call" ? "function_call_output" : "custom_tool_call_output";
  return { type, call_id: item.call_id, output: output as ToolOutputItem["output"] } as ToolOutputItem;
}

function hostTools({ codeMode, subAgents, servers }: ToolboxParts): ReadonlyMap<string, HostTool> {
  return new Map<string, HostTool>([
    [
      "exec",
      { kind: { type: "code_cell_exec" }, run: (_call, input, callId) => codeMode.exec(callId, input) },
    ],
    [
      "wait",
      { kind: { type: "code_cell_wait" }, run: (_call, input, callId) => codeMode.wait(callId, input) },
    ],
    [
      "list_directory",
      {
        kind: { type: "mcp", server: "filesystem", tool: "list_directory" },
        run: async (_call, input) =>
          JSON.stringify(await servers.callFilesystem("list_directory", JSON.parse(input) as JsonObject)),
      },
    ],
    [
      "spawn_agent",
      {
        kind: { type: "spawn_agent" },
        run: async (call, input) => {
          const { task_name, message } = JSON.parse(input) as { task_name: string; message: string };
          return JSON.stringify({ agent_path: await subAgents.spawn(call, task_name, message) });
        },
      },
    ],
    [
      "wait_agent",
      {
        kind: { type: "wait_agent" },
        run: async (_call, input) => {
          const { task_name } = JSON.parse(input) as { task_name: string };
          return JSON.stringify({ status: await subAgents.wait(task_name) });
        },
      },
    ],
  ]);
}

function functionTool(name: string, description: string, properties: Record<string, string>): FunctionTool {
  return {
    type: "function",
    name,
    description,
    strict: true,
    parameters: {
      type: "object",
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, text]) => [key, { type: "string", description: text }]),
      ),
      required: Object.keys(properties),
      additionalProperties: false,
    },
  };
}

const DIRECT_SPECS: readonly Tool[] = [
  functionTool("list_directory", "Lists a folder.", { path: "Relative to the working folder." }),
  functionTool("spawn_agent", "Starts another agent, which reports back when it is done.", {
    task_name: "A short name in snake_case.",
    message: "What it should do.",
  }),
  functionTool("wait_agent", "Waits until an agent has reported.", {
    task_name: "The name it was started with.",
  }),
];
