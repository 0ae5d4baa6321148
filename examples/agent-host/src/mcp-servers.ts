/** The MCP servers whose tools the agents get: real ones, started as child processes over stdio. */
import { createRequire } from "node:module";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import { mcpRequestMeta, type McpTools, mcpTools } from "@rollout-trace/runtime/mcp";
import { currentTrace } from "@rollout-trace/trace";

export interface McpServers {
  /** The tools of both servers, for cells. */
  readonly tools: readonly McpTools[];
  /** Calls a tool of the file system server directly, as a tool of the host. */
  callFilesystem(name: string, args: JsonObject): Promise<JsonValue>;
  close(): Promise<void>;
}

/** Starts both servers; the file system server sees `folder` and nothing else. */
export async function startMcpServers(folder: string): Promise<McpServers> {
  const [filesystem, everything] = await Promise.all([
    connect("@modelcontextprotocol/server-filesystem", [folder], folder),
    connect("@modelcontextprotocol/server-everything", ["stdio"], folder),
  ]);
  return {
    tools: await Promise.all([
      mcpTools(filesystem, { server: "filesystem", onCallId: (_call, id) => recordCallId(id) }),
      mcpTools(everything, { server: "everything", onCallId: (_call, id) => recordCallId(id) }),
    ]),
    async callFilesystem(name, args) {
      const id = crypto.randomUUID();
      recordCallId(id);
      const result = await filesystem.callTool({
        name,
        arguments: args,
        _meta: mcpRequestMeta(id),
      });
      return result as JsonObject;
    },
    close: async () => {
      await Promise.all([filesystem.close(), everything.close()]);
    },
  };
}

async function connect(packageName: string, args: readonly string[], folder: string): Promise<Client> {
  const entry = createRequire(import.meta.url).resolve(`${packageName}/dist/index.js`);
  const client = new Client({ name: "agent-host-example", version: "0.0.0" });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [entry, ...args],
      cwd: folder,
      stderr: "ignore",
    }),
  );
  return client;
}

/** Joins the id that the server sees to the tool call that runs now, whoever dispatched it. */
function recordCallId(id: string): void {
  currentTrace()?.toolCall?.mcpCallAssigned(id);
}
