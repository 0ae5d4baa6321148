import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type {
  CodeModeObserver,
  CodeModeSessionDelegate,
  CodeModeSessionProvider,
  JsonValue,
  ToolDefinition,
} from "@rollout-trace/protocol";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { InProcessSessionProvider } from "../../src/index.ts";
import { mcpTools } from "../../src/mcp/mcp-tools.ts";
import { ProcessSessionProvider } from "../../src/remote/index.ts";

const exporter = new InMemorySpanExporter();

beforeEach(() => {
  exporter.reset();
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

const TOOLS: readonly ToolDefinition[] = ["echo", "fail"].map((name) => ({
  name,
  toolName: { name },
  description: "",
  kind: "function",
}));

const delegate: CodeModeSessionDelegate = {
  invokeTool: async ({ toolName, input }): Promise<JsonValue> => {
    if (toolName.name === "fail") throw new Error("the disk is full");
    trace.getTracer("host").startSpan(`work of ${toolName.name}`).end();
    return input ?? null;
  },
  notify: () => Promise.resolve(),
  cellClosed: () => undefined,
};

/** Spans that have ended, each with its parent and links. */
function lines(): readonly string[] {
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans.map((span) => {
    const links = span.links.map((link) => ` -> ${names.get(link.context.spanId)}`);
    const status = span.attributes["rollout_trace.status"];
    return `${span.name} < ${names.get(span.parentSpanContext?.spanId ?? "") ?? ""}${links.join("")}${typeof status === "string" ? ` (${status})` : ""}`;
  });
}

async function runHost(provider: CodeModeSessionProvider, observer?: CodeModeObserver): Promise<void> {
  const session = await provider.createSession(delegate, { observer });
  await trace.getTracer("host").startActiveSpan("request", async (request) => {
    const cell = await session.execute({
      toolCallId: "call_1",
      source: "yield_control(); await tools.echo({ n: 1 }); try { await tools.fail({}); } catch {}",
      enabledTools: TOOLS,
    });
    await cell.initialResponse;
    await trace.getTracer("host").startActiveSpan("later", async (later) => {
      await session.wait({ cellId: cell.cellId, toolCallId: "call_2", yieldTimeMs: 60_000 });
      later.end();
    });
    request.end();
  });
  await session.shutdown();
}

const EXPECTED = [
  "code_cell < request (completed)",
  "code_cell_wait < later -> code_cell (completed)",
  "execute_tool echo < code_cell (completed)",
  "execute_tool fail < code_cell (failed)",
  "later < request",
  "request < ",
  "work of echo < execute_tool echo",
];

describe("a session without a recorder", () => {
  it.each([
    ["in process", () => new InProcessSessionProvider()],
    ["in a child process", () => new ProcessSessionProvider()],
  ])("opens spans for cells, waits and nested calls (%s)", async (_where, make) => {
    await using provider = make();
    await runHost(provider);
    expect(lines().toSorted()).toEqual(EXPECTED);
  });

  it("tells an observer of the host's all the same", async () => {
    const types: string[] = [];
    let ran = 0;
    await using provider = new InProcessSessionProvider();
    await runHost(provider, {
      observe: ({ type }) => void types.push(type),
      runNestedCall: (_call, run) => {
        ran += 1;
        return run();
      },
    });
    expect(lines().toSorted()).toEqual(EXPECTED);
    expect(types.filter((type) => type === "nested_call_started")).toHaveLength(2);
    expect(ran).toBe(2);
  });

  it("opens none beside an observer that opens them itself", async () => {
    await using provider = new InProcessSessionProvider();
    await runHost(provider, { observe: () => undefined, tracesSpans: true });
    // Such an observer also keeps the context of nested calls; this one does not.
    expect(lines().toSorted()).toEqual(["later < request", "request < ", "work of echo < "]);
  });

  it("opens none and calls the tools all the same when no SDK is registered", async () => {
    trace.disable();
    await using provider = new InProcessSessionProvider();
    await runHost(provider);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe("a call of an MCP tool", () => {
  it("carries the W3C context in its _meta and describes the span that it runs in, without a second one", async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [fileURLToPath(new URL("../mcp/paging-server.ts", import.meta.url))],
      stderr: "ignore",
    });
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(transport);
    onTestFinished(() => client.close());
    const tools = await mcpTools(client, { server: "paging" });
    await using provider = new InProcessSessionProvider();
    const session = await provider.createSession({ ...delegate, invokeTool: tools.invoke });
    const cell = await session.execute({
      toolCallId: "call_1",
      source: "text((await tools.paging__echo({ a: 1 })).structuredContent.params._meta.traceparent)",
      enabledTools: tools.definitions,
    });
    const [output] = (await cell.initialResponse).contentItems;
    await session.shutdown();
    const [call, ...others] = exporter.getFinishedSpans().filter(({ name }) => name !== "code_cell");
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      name: "execute_tool echo",
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "echo",
        "gen_ai.operation.name": "execute_tool",
      },
    });
    const { traceId, spanId } = call?.spanContext() ?? { traceId: "", spanId: "" };
    expect(output).toEqual({ type: "input_text", text: `00-${traceId}-${spanId}-01` });
  });
});
