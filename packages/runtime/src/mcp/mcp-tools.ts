/**
 * The tools of an MCP server as tools of a cell, through a connected client of the official SDK.
 *
 * The client stays the caller's: it is neither connected nor closed here. The SDK is an optional peer, of which this module
 * imports types only.
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NestedToolCall,
  type ToolDefinition,
  type ToolName,
} from "@rollout-trace/protocol";
import { describeMcpCall, describeToolError, injectContext } from "../opentelemetry/mcp-call.ts";
import { CodeModeError } from "../errors.ts";
import { callToolResultSchema } from "../tools/mcp-types.ts";

export interface McpToolsOptions {
  /** What the server is called in names, namespaces and records. */
  readonly server: string;
  /**
   * What the host calls a tool. `namespace`: by its own name, with the server as its namespace, so that declarations are
   * grouped. `prefix`: `<server>__<tool>`. Scripts call it `<server>__<tool>` either way. Default `namespace`.
   */
  readonly naming?: "namespace" | "prefix" | undefined;
  /** Milliseconds that a call may take. Default: as long as a timer lasts, since the caller's signal ends a call. */
  readonly timeoutMs?: number | undefined;
  /** Is told the id of each call before the request is sent. */
  readonly onCallId?: ((call: NestedToolCall, mcpCallId: string) => void) | undefined;
  /** Ends the listing of the tools. */
  readonly signal?: AbortSignal | undefined;
}

export interface McpInvokeOptions {
  /** The id to send, where the caller has one. Default: a random UUID. */
  readonly mcpCallId?: string | undefined;
}

export interface McpTools {
  /** In the order in which the server lists them. */
  readonly definitions: readonly ToolDefinition[];
  /** Whether `invoke` knows the tool. */
  readonly has: (toolName: ToolName) => boolean;
  /**
   * Calls a tool and gives the `CallToolResult`, also one with `isError`. Rejects with what the SDK rejects with: the
   * server's protocol error, a timeout, the signal's abort. `invalid_request`: no such tool, or an input that is no object.
   */
  readonly invoke: (
    call: NestedToolCall,
    signal: AbortSignal,
    options?: McpInvokeOptions,
  ) => Promise<JsonValue>;
}

/** The key in a request's `_meta` under which a server finds the id of the call. */
export const MCP_CALL_ID_META_KEY = "rollout-trace/mcp-call-id";

/** Most pages of tools that are fetched; a server with more is taken for one that never ends. */
const MAX_PAGES = 1_000;

const DEFAULT_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The `_meta` of a request that the host makes itself: the id of the call, and the W3C context of what runs, as the registered
 * OpenTelemetry propagator writes it.
 */
export function mcpRequestMeta(mcpCallId: string): Record<string, string> {
  const meta: Record<string, string> = { [MCP_CALL_ID_META_KEY]: mcpCallId };
  injectContext(meta);
  return meta;
}

/** Lists the tools of a server. `invalid_request`: the listing has no end, or two tools with one name. */
export async function mcpTools(client: Client, options: McpToolsOptions): Promise<McpTools> {
  const tools = new Map<string, Tool>();
  const definitions: ToolDefinition[] = [];
  for (const tool of await listTools(client, options)) {
    const definition = definitionOf(tool, options);
    const key = nameKey(definition.toolName);
    if (tools.has(key)) {
      throw new CodeModeError(
        "invalid_request",
        `MCP server ${options.server} lists two tools "${tool.name}"`,
      );
    }
    tools.set(key, tool);
    definitions.push(definition);
  }
  return {
    definitions,
    has: (toolName) => tools.has(nameKey(toolName)),
    invoke: async (call, signal, { mcpCallId = crypto.randomUUID() } = {}) => {
      const tool = tools.get(nameKey(call.toolName));
      if (tool === undefined) {
        const { name, namespace } = call.toolName;
        const where = namespace === undefined ? "" : ` in namespace "${namespace}"`;
        throw new CodeModeError(
          "invalid_request",
          `MCP server ${options.server} has no tool "${name}"${where}`,
        );
      }
      describeMcpCall(client.transport?.sessionId);
      const params = { name: tool.name, arguments: argumentsOf(call), _meta: mcpRequestMeta(mcpCallId) };
      options.onCallId?.(call, mcpCallId);
      const request = { signal, timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS };
      const result =
        tool.execution?.taskSupport === "required"
          ? await callAsTask(client, params, request)
          : await client.callTool(params, undefined, request);
      if (result.isError === true) describeToolError();
      // A transport in memory passes the server's own objects on; what a script gets must be JSON.
      return JSON.parse(JSON.stringify(result)) as JsonValue;
    },
  };
}

async function listTools(client: Client, { server, signal }: McpToolsOptions): Promise<Tool[]> {
  // A server may have nothing but resources or prompts.
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const tools: Tool[] = [];
  const seen = new Set<string | undefined>();
  let cursor: string | undefined;
  do {
    if (seen.has(cursor) || seen.size === MAX_PAGES) {
      throw new CodeModeError(
        "invalid_request",
        `MCP server ${server} lists its tools without end (${seen.size} pages)`,
      );
    }
    seen.add(cursor);
    const page = await client.listTools(cursor === undefined ? {} : { cursor }, signal && { signal });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

function definitionOf(tool: Tool, { server, naming = "namespace" }: McpToolsOptions): ToolDefinition {
  const name = `${server}__${tool.name}`;
  return {
    name,
    toolName: naming === "prefix" ? { name } : { name: tool.name, namespace: server },
    description: tool.description ?? tool.title ?? "",
    kind: "function",
    inputSchema: tool.inputSchema as JsonObject,
    outputSchema: callToolResultSchema(tool.outputSchema as JsonObject | undefined),
    recordAs: { type: "mcp", server, tool: tool.name },
  };
}

function argumentsOf({ input, toolName }: NestedToolCall): Record<string, unknown> {
  if (input === undefined) return {};
  if (isJsonObject(input)) return input;
  const found = input === null ? "null" : Array.isArray(input) ? "an array" : `a ${typeof input}`;
  throw new CodeModeError("invalid_request", `tool "${toolName.name}" takes an object, not ${found}`);
}

type CallParams = Parameters<Client["callTool"]>[0];

interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeout: number;
}

/** For tools that only run as a task: starts one and waits for its result. An abort cancels the task at the server. */
async function callAsTask(client: Client, params: CallParams, options: CallOptions): Promise<CallToolResult> {
  const { signal, timeout } = options;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([followTask(client, params, { signal, timeout }), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The signal is kept from the requests themselves: one that is given up while the task is being created would leave behind
 * a task whose id nobody knows.
 */
async function followTask(client: Client, params: CallParams, options: CallOptions): Promise<CallToolResult> {
  const { tasks } = client.experimental;
  const { signal, timeout } = options;
  let taskId: string | undefined;
  // Best effort: the task may have ended, or the connection with it.
  const cancel = (): void => {
    if (taskId !== undefined) tasks.cancelTask(taskId).catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const message of tasks.callToolStream(params, undefined, { timeout })) {
      if (message.type === "result") return message.result as CallToolResult;
      if (message.type === "error") throw message.error;
      if (message.type === "taskCreated") {
        taskId = message.task.taskId;
        if (signal.aborted) cancel();
      }
      signal.throwIfAborted();
    }
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  throw new CodeModeError("protocol", `MCP tool "${params.name}" ended its task without a result`);
}

function nameKey({ name, namespace }: ToolName): string {
  return JSON.stringify([namespace ?? null, name]);
}
