/** The tools that the soak's cells may call: two real MCP servers, and tools of the host that are quick, slow or of no use. */
import { setTimeout as pause } from "node:timers/promises";
import type {
  CodeModeSessionDelegate,
  JsonValue,
  NestedToolCall,
  ToolDefinition,
} from "@rollout-trace/protocol";
import { buildExecTool, buildWaitTool } from "@rollout-trace/runtime/tools";
import type { McpServers } from "../../examples/agent-host/src/mcp-servers.ts";

type HostTool = (input: JsonValue | undefined, signal: AbortSignal) => Promise<JsonValue>;

const HOST_TOOLS: Readonly<Record<string, HostTool>> = {
  lookup: async (input) => ({ found: input ?? null }),
  slow: async (input, signal) => {
    const ms = Number((input as { readonly ms?: number }).ms);
    await pause(ms, null, { signal });
    return ms;
  },
  broken: async () => {
    throw new Error("this tool is broken");
  },
  // Answers nobody and hears no signal.
  stubborn: () => new Promise<JsonValue>(() => {}),
};

export class SoakTools {
  readonly definitions: readonly ToolDefinition[];
  /** What the model is told. */
  readonly specs: JsonValue;
  readonly #servers: McpServers;

  constructor(servers: McpServers) {
    this.#servers = servers;
    this.definitions = [
      ...Object.keys(HOST_TOOLS).map((name): ToolDefinition => ({
        name,
        toolName: { name },
        description: name,
        kind: "function",
      })),
      ...servers.tools.flatMap(({ definitions }) => definitions),
    ];
    this.specs = [buildExecTool(this.definitions), buildWaitTool()] as unknown as JsonValue;
  }

  /** What a session asks of its host. */
  delegate(onNotification: (text: string) => void): CodeModeSessionDelegate {
    return {
      invokeTool: (call, signal) => this.#invoke(call, signal),
      notify: async ({ text }) => onNotification(text),
      cellClosed: () => {},
    };
  }

  /** A tool of an MCP server, called by the host itself. */
  listDirectory(): Promise<JsonValue> {
    return this.#servers.callFilesystem("list_directory", { path: "." });
  }

  async #invoke(call: NestedToolCall, signal: AbortSignal): Promise<JsonValue> {
    const server = this.#servers.tools.find((known) => known.has(call.toolName));
    if (server !== undefined) return await server.invoke(call, signal);
    const tool = HOST_TOOLS[call.toolName.name];
    if (tool === undefined) throw new Error(`there is no tool ${call.toolName.name}`);
    return await tool(call.input, signal);
  }
}
