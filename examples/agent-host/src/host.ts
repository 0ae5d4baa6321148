/** A session of this host: the model, the MCP servers, code mode, and the agents over them. */
import type { CodeModeSessionProvider } from "@rollout-trace/protocol";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import type { ThreadTrace } from "@rollout-trace/trace";
import { Agent } from "./agent.ts";
import { CodeMode } from "./code-mode.ts";
import { type McpServers, startMcpServers } from "./mcp-servers.ts";
import { connectModel, type Model } from "./model.ts";
import { SubAgents } from "./sub-agents.ts";
import { createToolbox } from "./toolbox.ts";

const INSTRUCTIONS = `You are a careful assistant in a folder of small text files.
Prefer exec for anything that needs more than one tool call.`;

export class AgentHost {
  readonly model: Model;
  readonly #servers: McpServers;
  readonly #provider: CodeModeSessionProvider = new ProcessSessionProvider();

  private constructor(model: Model, servers: McpServers) {
    this.model = model;
    this.#servers = servers;
  }

  /** Connects to the model and starts the MCP servers on a folder. */
  static async start(folder: string, env: NodeJS.ProcessEnv): Promise<AgentHost> {
    const [model, servers] = await Promise.all([connectModel(env), startMcpServers(folder)]);
    return new AgentHost(model, servers);
  }

  /** An agent for a thread; agents that it starts are made the same way. */
  async createAgent(thread: ThreadTrace): Promise<Agent> {
    const inbox: string[] = [];
    const codeMode = await CodeMode.open({
      provider: this.#provider,
      servers: this.#servers.tools,
      observer: thread.codeModeObserver(),
      onNotification: (text) => inbox.push(text),
    });
    const subAgents = new SubAgents({
      parent: thread,
      model: this.model.name,
      createAgent: (child) => this.createAgent(child),
      onReport: (message) => inbox.push(message),
    });
    const toolbox = createToolbox({ codeMode, subAgents, servers: this.#servers, inbox });
    return new Agent({ thread, model: this.model, toolbox, instructions: INSTRUCTIONS });
  }

  async close(): Promise<void> {
    await this.#provider.close();
    await this.#servers.close();
    await this.model.close();
  }
}
