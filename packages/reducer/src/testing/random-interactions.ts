/** What made-up agents do to each other. */
import { AGENT_INTERACTION_KINDS, type AgentInteractionKind } from "@rollout-trace/protocol";
import type { ToolCallBuilder } from "./call-builders.ts";
import type { RandomAgent, World } from "./random-agent.ts";
import type { Pick } from "./random-call.ts";
import type { TurnBuilder } from "./turn-builder.ts";

interface Interacting {
  readonly agent: RandomAgent;
  readonly turn: TurnBuilder;
  readonly tool: ToolCallBuilder;
  /** Of the call. */
  readonly name: string;
  readonly pick: Pick;
}

const MAX_AGENTS = 4;

/** Whether a call of this name is for doing something to another agent. */
export function isInteraction(name: string): boolean {
  return AGENT_INTERACTION_KINDS.some((kind) => kind === name);
}

/** Does to another agent what a call is for, if it is for that. The runtime may tell of it too, before or after. */
export function interact(world: World, interacting: Interacting): void {
  if (!isInteraction(interacting.name)) return;
  const { tool, pick } = interacting;
  const told = pick(4);
  if (told === 0) tool.runtimeStart({ type: "agent_begin", id: tool.id });
  act(world, interacting);
  if (told <= 1) tool.runtimeEnd({ type: "agent_end", id: tool.id });
}

function act(world: World, interacting: Interacting): void {
  switch (interacting.name) {
    case "spawn_agent":
      spawn(world, interacting);
      return;
    case "send_message":
    case "assign_agent_task":
      tell(world, interacting, interacting.name);
      return;
    case "close_agent":
      close(world, interacting);
      return;
    default:
  }
}

function spawn({ rollout, agents, add }: World, { agent, turn, tool, pick }: Interacting): void {
  if (agents.length >= MAX_AGENTS || pick(6) === 0) {
    tool.interact("spawn_agent", null, "task").interacted("spawn_agent", null, "failed");
    return;
  }
  const id = rollout.next("child");
  const path = `${agent.path}/${id}`;
  const task = `task for ${id}`;
  tool.interact("spawn_agent", null, task);
  const origin = { type: "spawned", parent_thread_id: turn.thread.id };
  const thread = rollout.thread(id, { agentPath: path, origin, metadata: { task } });
  const child = add(thread, { path, parent: agent, pick });
  tool.interacted("spawn_agent", id);
  child.hear(task);
}

/** Messages arrive, late, twice or never; whether one has been sent may never be told. */
function tell(world: World, { agent, tool, pick }: Interacting, kind: AgentInteractionKind): void {
  const others = world.agents.filter((other) => other !== agent);
  const recipient = others[pick(Math.max(others.length, 1))];
  if (recipient === undefined) return;
  const text = world.rollout.next("message");
  const to = recipient.thread.id;
  tool.interact(kind, to, text);
  if (pick(8) > 0) tool.interacted(kind, to, pick(8) === 0 ? "failed" : "completed");
  const times = [1, 1, 0, 2][pick(4)] ?? 1;
  for (let time = 0; time < times; time += 1) recipient.hearFrom(agent, text);
}

function close(world: World, { agent, tool, pick }: Interacting): void {
  const below = world.agents.filter(({ path, hasEnded }) => !hasEnded && path.startsWith(`${agent.path}/`));
  const target = below[pick(Math.max(below.length, 1))];
  if (target === undefined) return;
  tool.interact("close_agent", target.thread.id);
  target.end(pick);
  tool.interacted("close_agent", target.thread.id, pick(6) === 0 ? "cancelled" : "completed");
}
