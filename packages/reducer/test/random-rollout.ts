/** Random, legal rollouts: a list of numbers decides what happens next among the things that may happen. */
import type { JsonObject } from "@rollout-trace/protocol";
import {
  assistantMessage,
  type CellBuilder,
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  type InferenceBuilder,
  RolloutBuilder,
  type ThreadBuilder,
  type ToolCallBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import fc from "fast-check";

interface OpenCall {
  readonly id: string;
  readonly tool: ToolCallBuilder;
  readonly cell: CellBuilder | null;
  readonly nested: ToolCallBuilder[];
}

interface Agent {
  readonly thread: ThreadBuilder;
  turn: TurnBuilder | null;
  inference: InferenceBuilder | null;
  history: JsonObject[];
  /** Asked for in the last response and not started yet. */
  asked: { readonly id: string; readonly isExec: boolean }[];
  open: OpenCall[];
}

/** The steps of a rollout; each number picks an agent and one of the things it may do. */
export const rolloutSteps: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(1_000_000), {
  minLength: 1,
  maxLength: 150,
  size: "max",
});

/** Interruptions are possible at some steps only, or no turn would get far. */
const INTERRUPT_EVERY = 5;

export function playRollout(steps: readonly number[]): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const agents = [newAgent(rollout.root)];
  for (const step of steps) {
    const agent = agents[step % agents.length] as Agent;
    const actions = actionsOf(rollout, agents, agent);
    if (agent.turn !== null && step % INTERRUPT_EVERY === 0) actions.push(() => interrupt(agent));
    actions[Math.floor(step / 7) % actions.length]?.();
  }
  if ((steps[0] ?? 0) % 3 !== 0) rollout.end().complete();
  return rollout;
}

function newAgent(thread: ThreadBuilder): Agent {
  return { thread, turn: null, inference: null, history: [], asked: [], open: [] };
}

function actionsOf(rollout: RolloutBuilder, agents: Agent[], agent: Agent): (() => void)[] {
  const { turn, inference } = agent;
  if (turn === null) return [() => beginTurn(rollout, agent)];
  const actions: (() => void)[] = [];
  if (inference === null) {
    actions.push(() => void (agent.inference = turn.request(agent.history)));
    actions.push(() => turn.accept(rollout.next("msg")));
  } else {
    for (const count of [0, 1, 2, 2, 3]) actions.push(() => respond(rollout, agent, count));
    actions.push(() => {
      inference.fail("broken");
      agent.inference = null;
    });
  }
  if (agent.asked.length > 0) return [() => startCall(agent)];
  for (const call of agent.open) {
    actions.push(() => finishCall(agent, call));
    if (call.cell !== null) actions.push(() => nest(rollout, turn, call));
  }
  if (agent.asked.length === 0 && agent.open.length === 0 && inference === null) {
    actions.push(() => {
      turn.end();
      agent.turn = null;
    });
    if (agents.length < 4) actions.push(() => spawn(rollout, agents, agent, turn));
    actions.push(() => compact(rollout, agent, turn));
  }
  return actions;
}

function beginTurn(rollout: RolloutBuilder, agent: Agent): void {
  agent.turn = agent.thread.turn();
  agent.history.push(userMessage(rollout.next("text")));
}

function respond(rollout: RolloutBuilder, agent: Agent, count: number): void {
  const items: JsonObject[] = [assistantMessage(rollout.next("text"), { id: rollout.next("msg") })];
  for (let index = 0; index < count; index += 1) {
    const id = rollout.next("call");
    const isExec = index > 0;
    items.push(isExec ? execCall(id, `run ${id}`) : functionCall(id, "tool", { id }));
    agent.asked.push({ id, isExec });
  }
  agent.inference?.respond(items, { usage: { input_tokens: 3, output_tokens: 1 } });
  agent.history.push(...items);
  agent.inference = null;
}

function startCall(agent: Agent): void {
  const { turn } = agent;
  const asked = agent.asked.shift();
  if (turn === null || asked === undefined) return;
  const { id, isExec } = asked;
  const tool = turn.tool(id, {
    label: isExec ? "exec" : "tool",
    kind: isExec ? { type: "code_cell_exec" } : { type: "exec_command" },
    input: { id },
  });
  const cell = isExec ? turn.cell(`r-${id}`, id, `run ${id}`) : null;
  if (!isExec)
    tool.runtimeStart({ type: "exec_command_begin", command: [id], cwd: "/", process_id: `p-${id}` });
  agent.open.push({ id, tool, cell, nested: [] });
}

function nest(rollout: RolloutBuilder, turn: TurnBuilder, call: OpenCall): void {
  const nested = call.nested.shift();
  if (nested !== undefined) nested.end("completed", { result: { type: "code_mode", value: 1 } });
  else
    call.nested.push(
      turn.tool(`${rollout.next("nested")}@r-${call.id}`, {
        cell: `r-${call.id}`,
        label: "inner",
        input: {},
      }),
    );
}

function finishCall(agent: Agent, call: OpenCall): void {
  const { id, tool, cell } = call;
  if (cell === null) tool.runtimeEnd({ type: "exec_command_end", exit_code: 0, stdout: id, stderr: "" });
  else cell.respond("completed").end();
  tool.end("completed", { sizes: { produced_bytes: 4, to_requester_bytes: 4 } });
  agent.open = agent.open.filter((other) => other !== call);
  agent.history.push(cell === null ? functionOutput(id, `out ${id}`) : execOutput(id, `out ${id}`));
}

function spawn(rollout: RolloutBuilder, agents: Agent[], parent: Agent, turn: TurnBuilder): void {
  const id = rollout.next("child");
  const tool = turn.tool(rollout.next("host-call"), { host: true, kind: { type: "spawn_agent" } });
  tool.interact("spawn_agent", null, `task for ${id}`);
  const child = newAgent(rollout.child(id, `/root/${id}`, parent.thread));
  tool.interacted("spawn_agent", id).end();
  child.history.push(userMessage(`task for ${id}`));
  agents.push(child);
}

function compact(rollout: RolloutBuilder, agent: Agent, turn: TurnBuilder): void {
  const replacement = [userMessage(rollout.next("summary"))];
  turn.compact(rollout.next("compaction"), { input: [...agent.history], replacement });
  agent.history = replacement;
}

function interrupt(agent: Agent): void {
  agent.turn?.end("aborted");
  agent.turn = null;
  agent.inference = null;
  agent.asked = [];
  agent.open = [];
}
