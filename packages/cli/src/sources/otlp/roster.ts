/** The agents of a session: told by an export of a recording, or found out from which spans are agents and where they stand. */
import { GEN_AI, ROLLOUT_TRACE } from "@rollout-trace/protocol";
import { ROOT_PATH } from "../log/agents.ts";
import type { SourceSpan } from "./source-span.ts";

export interface Agent {
  readonly threadId: string;
  readonly agentPath: string;
  readonly parentThreadId: string | null;
  readonly taskName: string | null;
  readonly agentRole: string | null;
  readonly nickname: string | null;
  readonly model: string | null;
}

/** Where an agent's span stands. */
export interface AgentPlace {
  /** The agent around it. */
  readonly agent: Agent | null;
  /** Whether a tool call is between that agent and it. */
  readonly isInTool: boolean;
}

export class Roster {
  readonly #rolloutId: string;
  readonly #agents: Map<string, Agent> = new Map();
  /** Threads of agents that were not made by a tool call, by parent and name: called again, they are the same. */
  readonly #byName: Map<string, Agent> = new Map();
  readonly #paths: Set<string> = new Set();
  #root: Agent | null = null;
  #rootName: string | null = null;

  constructor(rolloutId: string) {
    this.#rolloutId = rolloutId;
  }

  get all(): readonly Agent[] {
    return [...this.#agents.values()];
  }

  get(threadId: string): Agent | undefined {
    return this.#agents.get(threadId);
  }

  /** The agent that everything belongs to that no other one is said of. */
  get root(): Agent {
    this.#root ??= this.add({ threadId: this.#rolloutId, agentPath: ROOT_PATH, parentThreadId: null });
    return this.#root;
  }

  /** An agent as it is said. */
  add(said: Pick<Agent, "threadId" | "agentPath" | "parentThreadId"> & Partial<Agent>): Agent {
    const known = this.#agents.get(said.threadId);
    if (known !== undefined) return known;
    const agent: Agent = { taskName: null, agentRole: null, nickname: null, model: null, ...said };
    this.#agents.set(agent.threadId, agent);
    this.#paths.add(agent.agentPath);
    if (agent.parentThreadId === null) this.#root ??= agent;
    return agent;
  }

  /** The agent whose span this is. */
  agentOf(span: SourceSpan, { agent, isInTool }: AgentPlace): Agent {
    const said = span.attributes.text(ROLLOUT_TRACE.threadId);
    const told = said === null ? undefined : this.#agents.get(said);
    if (told !== undefined) return told;
    const name = nameOf(span);
    if (agent === null) {
      this.#rootName ??= name ?? "";
      if (name === null || name === this.#rootName)
        return said === null ? this.root : this.#rootAs(said, span);
    } else if (
      !isInTool &&
      (name === null || name === agent.taskName || (agent === this.#root && name === this.#rootName))
    ) {
      return agent;
    }
    const parent = agent ?? this.root;
    const key = JSON.stringify([parent.threadId, name, isInTool ? span.spanId : null]);
    let child = this.#byName.get(key);
    if (child === undefined) {
      const threadId = said ?? `${this.#rolloutId}/${span.spanId}`;
      const agentPath = this.#freePath(`${parent.agentPath}/${pathName(name ?? "agent")}`);
      child = this.add({ threadId, agentPath, parentThreadId: parent.threadId, taskName: name });
      this.#byName.set(key, child);
    }
    return child;
  }

  /** Live spans of the recorder name the thread without saying that it is the root. */
  #rootAs(threadId: string, { attributes }: SourceSpan): Agent {
    const agentPath = attributes.text(ROLLOUT_TRACE.agentPath) ?? ROOT_PATH;
    return this.add({ threadId, agentPath, parentThreadId: null });
  }

  #freePath(wanted: string): string {
    let path = wanted;
    for (let count = 2; this.#paths.has(path); count += 1) path = `${wanted}_${count}`;
    return path;
  }
}

function nameOf({ attributes, name }: SourceSpan): string | null {
  return (
    attributes.text(
      GEN_AI.agentName,
      GEN_AI.agentId,
      "agent.name",
      "graph.node.id",
      "traceloop.entity.name",
      "ai.telemetry.functionId",
    ) ??
    (/^invoke_agent (?<agent>.+)$/.exec(name)?.groups?.["agent"] || null)
  );
}

function pathName(name: string): string {
  return name.replace(/[\s/]+/g, "_").slice(0, 80);
}
