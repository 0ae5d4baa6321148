import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { NestedToolCall, ToolName } from "@rollout-trace/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { MCP_CALL_ID_META_KEY, mcpTools } from "../../src/mcp/mcp-tools.ts";
import { renderDeclarations } from "../../src/tools/declarations.ts";
import { compileAll } from "../tools/compile.ts";

/** For a busy machine. */
const PATIENCE = { timeout: 20_000 };

const PAGING = fileURLToPath(new URL("paging-server.ts", import.meta.url));
const clients: Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(
  args: readonly string[],
): Promise<{ client: Client; transport: StdioClientTransport }> {
  const transport = new StdioClientTransport({ command: process.execPath, args: [...args], stderr: "pipe" });
  const client = new Client({ name: "test", version: "1.0.0" });
  clients.push(client);
  await client.connect(transport);
  return { client, transport };
}

async function everything(): Promise<Client> {
  const file = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/package.json");
  const { bin } = JSON.parse(readFileSync(file, "utf8")) as { bin: Record<string, string> };
  const { client } = await connect([join(dirname(file), bin["mcp-server-everything"] ?? "missing"), "stdio"]);
  return client;
}

function call(toolName: ToolName, input?: NestedToolCall["input"]): NestedToolCall {
  return { cellId: "1", runtimeToolCallId: "tool-1", toolName, kind: "function", input };
}

const never = new AbortController().signal;

test("the tools of a real server are defined under its name, and what the model is told of them compiles", async () => {
  const { definitions } = await mcpTools(await everything(), { server: "everything" });
  const names = definitions.map((definition) => definition.name);
  expect(names).toContain("everything__get-structured-content");
  expect(definitions.find((definition) => definition.toolName.name === "echo")).toMatchObject({
    name: "everything__echo",
    toolName: { name: "echo", namespace: "everything" },
    kind: "function",
    recordAs: { type: "mcp", server: "everything", tool: "echo" },
  });
  const text = renderDeclarations(definitions, { namespaces: { everything: "Exercises the protocol." } });
  expect(text).toContain("/** everything: Exercises the protocol. */\ninterface Tools {");
  expect(text).toMatch(
    /everything__echo\(input: \{\n {4}\/\*\* .* \*\/\n {4}message: string;\n {2}\}\): Promise<CallToolResult>;/,
  );
  expect(text).toMatch(
    /everything__get_structured_content\([^)]*\): Promise<CallToolResult<\{[^>]*temperature: number;[^>]*\}>>;/s,
  );
  expect(await compileAll([`${text}\nexport {};`])).toEqual(new Map());
});

test("every tool of a real server can be asked, and answers with plain JSON", async () => {
  const { invoke } = await mcpTools(await everything(), { server: "everything" });
  const tool = (name: string): ToolName => ({ name, namespace: "everything" });
  expect(await invoke(call(tool("echo"), { message: "hi" }), never)).toEqual({
    content: [{ type: "text", text: "Echo: hi" }],
  });
  const sum = await invoke(call(tool("get-sum"), { a: 2, b: 3 }), never);
  expect(JSON.stringify(sum)).toContain("The sum of 2 and 3 is 5.");
  expect(await invoke(call(tool("get-structured-content"), { location: "Chicago" }), never)).toMatchObject({
    structuredContent: { temperature: expect.any(Number) },
  });
  expect(await invoke(call(tool("get-tiny-image")), never)).toMatchObject({
    content: expect.arrayContaining([{ type: "image", data: expect.any(String), mimeType: "image/png" }]),
  });
});

test("a result that says it is an error is a result", async () => {
  const { invoke } = await mcpTools(await everything(), { server: "everything" });
  const result = await invoke(call({ name: "echo", namespace: "everything" }, { message: 5 }), never);
  expect(result).toMatchObject({ isError: true, content: [{ type: "text" }] });
});

test("a tool that only runs as a task is run as one", async () => {
  const { invoke, has } = await mcpTools(await everything(), { server: "everything" });
  const toolName = { name: "simulate-research-query", namespace: "everything" };
  expect(has(toolName)).toBe(true);
  expect(await invoke(call(toolName, { topic: "bees" }), never)).toMatchObject({
    content: [{ type: "text", text: expect.stringContaining("bees") }],
  });
});

test("aborting a task cancels it at the server", async () => {
  const client = await everything();
  const { invoke } = await mcpTools(client, { server: "everything" });
  const controller = new AbortController();
  const statuses = async (): Promise<readonly string[]> =>
    (await client.experimental.tasks.listTasks()).tasks.map((task) => task.status);
  const toolName = { name: "simulate-research-query", namespace: "everything" };
  const settled = Promise.allSettled([invoke(call(toolName, { topic: "bees" }), controller.signal)]);
  await vi.waitFor(async () => expect(await statuses()).toEqual(["working"]), PATIENCE);
  controller.abort(new Error("enough"));
  expect(await settled).toEqual([{ status: "rejected", reason: new Error("enough") }]);
  await vi.waitFor(async () => expect(await statuses()).toEqual(["cancelled"]), PATIENCE);
});

test("tools are listed to the last page, in the order of the server", async () => {
  const { client } = await connect([PAGING]);
  const { definitions } = await mcpTools(client, { server: "paging", naming: "prefix" });
  expect(definitions.map(({ name, toolName }) => [name, toolName])).toEqual(
    ["echo", "hang", "fail", "last"].map((name) => [`paging__${name}`, { name: `paging__${name}` }]),
  );
});

test("a server without tools has none", async () => {
  const { client } = await connect([PAGING, "toolless"]);
  expect((await mcpTools(client, { server: "none" })).definitions).toEqual([]);
});

test("a listing that never ends and a name that is there twice are refused", async () => {
  const [endless, twice] = await Promise.all([connect([PAGING, "endless"]), connect([PAGING, "twice"])]);
  await expect(mcpTools(endless.client, { server: "loop" })).rejects.toMatchObject({
    code: "invalid_request",
    message: "MCP server loop lists its tools without end (2 pages)",
  });
  await expect(mcpTools(twice.client, { server: "double" })).rejects.toMatchObject({
    code: "invalid_request",
    message: 'MCP server double lists two tools "echo"',
  });
});

test("each call carries an id that the host hears of first, its own or one that it gives", async () => {
  const { client } = await connect([PAGING]);
  const heard: [NestedToolCall, string][] = [];
  const { invoke } = await mcpTools(client, {
    server: "paging",
    onCallId: (made, mcpCallId) => heard.push([made, mcpCallId]),
  });
  const made = call({ name: "echo", namespace: "paging" }, { a: 1 });
  const results = [
    await invoke(made, never),
    await invoke(made, never),
    await invoke(made, never, { mcpCallId: "mine" }),
  ];
  expect(heard.map(([about]) => about)).toEqual([made, made, made]);
  const ids = heard.map(([, mcpCallId]) => mcpCallId);
  expect(new Set(ids).size).toBe(3);
  expect(ids[2]).toBe("mine");
  expect(results).toMatchObject(
    ids.map((id) => ({
      structuredContent: {
        params: { name: "echo", arguments: { a: 1 }, _meta: { [MCP_CALL_ID_META_KEY]: id } },
      },
    })),
  );
});

test("aborting a call rejects it and tells the server", async () => {
  const { client, transport } = await connect([PAGING]);
  const { invoke } = await mcpTools(client, { server: "paging" });
  const { stderr } = transport;
  if (!(stderr instanceof Readable)) throw new Error("the stderr of the server is not readable");
  const lines = createInterface({ input: stderr });
  const controller = new AbortController();
  const hanging = once(lines, "line");
  const hang = call({ name: "hang", namespace: "paging" });
  const settled = Promise.allSettled([invoke(hang, controller.signal, { mcpCallId: "h" })]);
  const meta = expect.objectContaining({ [MCP_CALL_ID_META_KEY]: "h" }) as unknown;
  expect(JSON.parse(String((await hanging)[0]))).toEqual({ hanging: meta });
  const cancelled = once(lines, "line");
  controller.abort(new Error("the cell ended"));
  expect(await settled).toEqual([
    {
      status: "rejected",
      reason: expect.objectContaining({ message: expect.stringContaining("the cell ended") }),
    },
  ]);
  expect(JSON.parse(String((await cancelled)[0]))).toEqual({ cancelled: meta });
});

test("a protocol error, an unknown tool and an input that is no object reject", async () => {
  const { client } = await connect([PAGING]);
  const { invoke, has } = await mcpTools(client, { server: "paging" });
  await expect(invoke(call({ name: "fail", namespace: "paging" }), never)).rejects.toThrow(
    "the disk is full",
  );
  await expect(invoke(call({ name: "echo", namespace: "other" }), never)).rejects.toMatchObject({
    code: "invalid_request",
    message: 'MCP server paging has no tool "echo" in namespace "other"',
  });
  await expect(invoke(call({ name: "echo", namespace: "paging" }, "text"), never)).rejects.toMatchObject({
    code: "invalid_request",
    message: 'tool "echo" takes an object, not a string',
  });
  expect([has({ name: "echo" }), has({ name: "echo", namespace: "paging" })]).toEqual([false, true]);
});

test("a call that takes longer than its timeout rejects", async () => {
  const { client } = await connect([PAGING]);
  const { invoke } = await mcpTools(client, { server: "paging", timeoutMs: 50 });
  await expect(invoke(call({ name: "hang", namespace: "paging" }), never)).rejects.toThrow(/timed out/i);
});
