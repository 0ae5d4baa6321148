/** The two tools of code mode, exec and wait, over one session of an agent. */
import type {
  CellNotification,
  CodeModeObserver,
  CodeModeSession,
  CodeModeSessionDelegate,
  CodeModeSessionProvider,
  NestedToolCall,
  ContentItem,
  RuntimeResponse,
  ToolDefinition,
} from "@rollout-trace/protocol";
import {
  buildExecTool,
  buildWaitTool,
  parseExecSource,
  parseWaitArguments,
  shapeOutput,
} from "@rollout-trace/runtime/tools";
import type { McpTools } from "@rollout-trace/runtime/mcp";
import type { Tool } from "openai/resources/responses/responses";

export class CodeMode {
  readonly specs: readonly Tool[];
  readonly #session: CodeModeSession;
  readonly #definitions: readonly ToolDefinition[];

  private constructor(session: CodeModeSession, definitions: readonly ToolDefinition[]) {
    this.#session = session;
    this.#definitions = definitions;
    this.specs = [buildExecTool(definitions), buildWaitTool()] as Tool[];
  }

  static async open(options: {
    readonly provider: CodeModeSessionProvider;
    readonly servers: readonly McpTools[];
    readonly observer: CodeModeObserver;
    readonly onNotification: (text: string) => void;
  }): Promise<CodeMode> {
    const { provider, servers, observer, onNotification } = options;
    const session = await provider.createSession(delegateOf(servers, onNotification), { observer });
    return new CodeMode(
      session,
      servers.flatMap((server) => server.definitions),
    );
  }

  async exec(callId: string, input: string): Promise<readonly ContentItem[]> {
    const { source, yieldTimeMs, maxOutputTokens } = parseExecSource(input);
    const started = Date.now();
    const cell = await this.#session.execute({
      toolCallId: callId,
      source,
      enabledTools: this.#definitions,
      yieldTimeMs,
      maxOutputTokens,
    });
    return shaped(await cell.initialResponse, started, maxOutputTokens);
  }

  async wait(callId: string, args: string): Promise<readonly ContentItem[]> {
    const { cellId, yieldTimeMs, maxOutputTokens, terminate } = parseWaitArguments(args);
    const started = Date.now();
    const { response } = terminate
      ? await this.#session.terminate({ cellId, toolCallId: callId, cause: "model" })
      : await this.#session.wait({ cellId, toolCallId: callId, yieldTimeMs });
    return shaped(response, started, maxOutputTokens);
  }

  close(): Promise<void> {
    return this.#session.shutdown();
  }
}

function shaped(
  response: RuntimeResponse,
  started: number,
  maxOutputTokens: number | undefined,
): readonly ContentItem[] {
  return shapeOutput(response, { wallTimeMs: Date.now() - started, maxOutputTokens });
}

function delegateOf(
  servers: readonly McpTools[],
  onNotification: (text: string) => void,
): CodeModeSessionDelegate {
  return {
    invokeTool(call: NestedToolCall, signal: AbortSignal) {
      const server = servers.find((known) => known.has(call.toolName));
      if (server === undefined) throw new Error(`no tool ${call.toolName.name}`);
      return server.invoke(call, signal);
    },
    notify(notification: CellNotification) {
      onNotification(notification.text);
      return Promise.resolve();
    },
    cellClosed: () => undefined,
  };
}
