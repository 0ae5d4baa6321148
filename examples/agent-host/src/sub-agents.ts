/** Agents that an agent starts: they run beside it and report to it when they are done. */
import type { ThreadTrace, ToolCallTrace } from "@rollout-trace/trace";
import type { Agent } from "./agent.ts";

/** Makes an agent for a thread. */
export type AgentFactory = (thread: ThreadTrace) => Promise<Agent>;

interface SubAgent {
  readonly report: Promise<string>;
}

export class SubAgents {
  readonly #parent: ThreadTrace;
  readonly #model: string;
  readonly #createAgent: AgentFactory;
  readonly #onReport: (message: string) => void;
  readonly #agents = new Map<string, SubAgent>();

  constructor(options: {
    readonly parent: ThreadTrace;
    /** What the agents' model is called. */
    readonly model: string;
    readonly createAgent: AgentFactory;
    /** What the parent's model is told when an agent is done. */
    readonly onReport: (message: string) => void;
  }) {
    this.#parent = options.parent;
    this.#model = options.model;
    this.#createAgent = options.createAgent;
    this.#onReport = options.onReport;
  }

  /** Starts an agent; `call` is the tool call that asked for it. */
  async spawn(call: ToolCallTrace, taskName: string, message: string): Promise<string> {
    if (this.#agents.has(taskName)) throw new Error(`there is an agent called ${taskName} already`);
    call.agentInteractionStarted({ kind: "spawn_agent", message });
    const thread = this.#parent.startChildThread({ taskName, model: this.#model });
    const agent = await this.#createAgent(thread);
    call.agentInteractionEnded({
      kind: "spawn_agent",
      targetThreadId: thread.threadId,
      message,
      status: "completed",
    });
    this.#agents.set(taskName, { report: this.#run(agent, thread, message) });
    return thread.agentPath;
  }

  /** Waits until an agent has reported. */
  async wait(taskName: string): Promise<string> {
    const agent = this.#agents.get(taskName);
    if (agent === undefined) throw new Error(`no agent is called ${taskName}`);
    await agent.report;
    return "done";
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.report));
  }

  /** Never rejects: an agent that fails reports that. */
  async #run(agent: Agent, thread: ThreadTrace, message: string): Promise<string> {
    const answer = await agent.runTurn(message).catch((error: unknown) => `I failed: ${String(error)}`);
    const report = `Report of ${thread.agentPath}: ${answer}`;
    thread.agentResult({
      message: report,
      carried: () => ({ agent_path: thread.agentPath, message: answer }),
    });
    this.#onReport(report);
    await agent.close();
    return report;
  }
}
