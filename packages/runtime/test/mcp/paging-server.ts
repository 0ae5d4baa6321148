/**
 * An MCP server over stdio for the tests: lists its tools in pages, answers `echo` with what it was asked, and never
 * answers `hang`. It says on stderr, one JSON line each, which calls it was told to give up. Argument: `endless` makes the
 * listing repeat for ever, `twice` lists a name twice, `toolless` has no tools at all.
 */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema, type Tool } from "@modelcontextprotocol/sdk/types.js";

const mode = process.argv[2];

function tool(name: string, outputSchema?: Tool["outputSchema"]): Tool {
  return { name, inputSchema: { type: "object" }, ...(outputSchema && { outputSchema }) };
}

const PAGES: readonly (readonly Tool[])[] = [
  [tool("echo", { type: "object", properties: { again: { $ref: "#" } } })],
  [tool("hang"), tool("fail")],
  [tool(mode === "twice" ? "echo" : "last")],
];

const server = new Server(
  { name: "paging", version: "1.0.0" },
  { capabilities: mode === "toolless" ? {} : { tools: {} } },
);

if (mode !== "toolless") addTools();
await server.connect(new StdioServerTransport());

function addTools(): void {
  server.setRequestHandler(ListToolsRequestSchema, (request) => {
    const page = Number(request.params?.cursor ?? 0);
    const hasNext = page + 1 < PAGES.length;
    const next = mode === "endless" ? "1" : hasNext ? String(page + 1) : undefined;
    return { tools: [...(PAGES[page] ?? [])], ...(next !== undefined && { nextCursor: next }) };
  });

  server.setRequestHandler(CallToolRequestSchema, async (request, { signal }) => {
    if (request.params.name === "fail") throw new Error("the disk is full");
    if (request.params.name === "hang") {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          process.stderr.write(`${JSON.stringify({ cancelled: request.params._meta })}\n`);
          resolve();
        });
        process.stderr.write(`${JSON.stringify({ hanging: request.params._meta })}\n`);
      });
    }
    return {
      content: [{ type: "text", text: JSON.stringify(request.params) }],
      structuredContent: { params: request.params },
    };
  });
}
