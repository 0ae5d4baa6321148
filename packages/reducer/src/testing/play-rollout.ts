/** Made-up rollouts: legal ones, of any length, from nothing but numbers. */
import { RECORDING_STOP_REASONS, type RolloutStatus } from "@rollout-trace/protocol";
import { RandomAgent, type World } from "./random-agent.ts";
import type { Pick } from "./random-call.ts";
import { RandomTerminals } from "./random-terminals.ts";
import { RolloutBuilder } from "./rollout-builder.ts";

/** The largest step that says something that a smaller one cannot. */
export const MAX_STEP = 0xffff_ffff;

export interface PlayOptions {
  /**
   * Whether ids repeat as hosts and models repeat them: across threads and, of what is over, within one. Default true; what cannot
   * tell things with equal ids apart may leave it out.
   */
  readonly repeatIds?: boolean | undefined;
}

/**
 * Plays a legal rollout: several agents in all dialects that start, tell, task and close each other, code cells with their
 * nested calls and waits, terminals, compactions, side requests, requests that fail, turns that are interrupted, ids that are used again. Each number (an integer from 0 to `MAX_STEP`) decides which agent does what next;
 * without some of the numbers it is a rollout still, so a property test over `fc.array(fc.nat(MAX_STEP)).map(playRollout)`
 * shrinks to a short one. Equal numbers give an equal rollout.
 */
export function playRollout(
  steps: readonly number[],
  { repeatIds = true }: PlayOptions = {},
): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const agents: RandomAgent[] = [];
  const world: World = {
    rollout,
    agents,
    terminals: new RandomTerminals(),
    repeatsIds: repeatIds,
    add(thread, options) {
      const agent = new RandomAgent(world, thread, options);
      agents.push(agent);
      return agent;
    },
  };
  const first = picker(steps[0] ?? 0);
  world.add(rollout.root, { path: "/root", parent: null, pick: first });
  for (const step of steps) {
    const pick = picker(step);
    agents[pick(agents.length)]?.act(pick);
  }
  close(world, first);
  return rollout;
}

/** As many steps for `playRollout` as wanted; equal seeds give equal steps. */
export function randomSteps(seed: number, count: number): readonly number[] {
  const random = generator(seed);
  return Array.from({ length: count }, () => random());
}

const FAILURES: readonly RolloutStatus[] = ["failed", "aborted"];

/** A recording may still go on, be closed in order, be closed with its children going on, or have lost its process. */
function close({ rollout, agents }: World, pick: Pick): void {
  switch (pick(5)) {
    case 0:
      return;
    case 1: {
      const reason = RECORDING_STOP_REASONS[pick(RECORDING_STOP_REASONS.length)];
      rollout.event({ type: "recording_stopped", reason });
      return;
    }
    case 2:
      rollout.end(FAILURES[pick(FAILURES.length)]).complete();
      return;
    case 3:
      for (const agent of agents) agent.shutDown(pick);
      rollout.end().complete();
      return;
    default:
      rollout.root.end();
      rollout.end().complete();
  }
}

function picker(seed: number): Pick {
  const random = generator(seed);
  return (below) => random() % below;
}

/** Mulberry32: short, and good enough to choose with. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
