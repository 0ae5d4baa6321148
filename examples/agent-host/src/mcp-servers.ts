/** The MCP servers whose tools the agents get: real ones, started as child processes over stdio. */
import { createRequire } from "node:module";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { type McpTools, mcpTools } from "@rollout-trace/runtime/mcp";

export interface McpServers {
  readonly filesystem: McpTools;
  readonly everything: McpTools;
  close(): Promise<void>;
}

/** Starts both servers; the file system server sees `folder` and nothing else. */
export async function startMcpServers(folder: string): Promise<McpServers> {
  const [filesystem, everything] = await Promise.all([
    connect("@modelcontextprotocol/server-filesystem", [folder], folder),
    connect("@modelcontextprotocol/server-everything", ["stdio"], folder),
  ]);
  return {
    filesystem: await mcpTools(filesystem, { server: "filesystem" }),
    everything: await mcpTools(everything, { server: "everything" }),
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
