/**
 * One agent of a made-up rollout: what it may do next, and what doing it records.
 *
 * Everything here is legal: starts come before ends, calls are asked for before they run, requests carry what responses and
 * tools gave. What goes wrong goes wrong the way it does in life: requests fail, turns are interrupted with their calls under
 * way, messages arrive late, twice or never.
 */
import { DIALECTS, type ExecutionStatus } from "@rollout-trace/protocol";
import type { Pick } from "./random-call.ts";
import { RandomCalls } from "./random-calls.ts";
import { RandomIds } from "./random-ids.ts";
import { RandomRequests } from "./random-requests.ts";
import { RandomSpans } from "./random-spans.ts";
import type { RandomTerminals } from "./random-terminals.ts";
import type { RolloutBuilder, ThreadBuilder } from "./rollout-builder.ts";
import type { SpokenCall } from "./speech.ts";
import type { TurnBuilder } from "./turn-builder.ts";

export interface AgentOptions {
  readonly path: string;
  readonly parent: RandomAgent | null;
  readonly pick: Pick;
}

/** The rollout that an agent is in. */
export interface World {
  readonly rollout: RolloutBuilder;
  readonly agents: readonly RandomAgent[];
  readonly terminals: RandomTerminals;
  /** Whether agents use the ids of others, and those of what is over. */
  readonly repeatsIds: boolean;
  /** Another agent comes to it. */
  readonly add: (thread: ThreadBuilder, options: AgentOptions) => RandomAgent;
}

const TURN_FAILURES: readonly ExecutionStatus[] = ["failed", "cancelled", "aborted"];
const THREAD_ENDS: readonly ExecutionStatus[] = ["completed", "failed", "cancelled", "aborted"];

export class RandomAgent {
  readonly thread: ThreadBuilder;
  readonly path: string;
  readonly #world: World;
  readonly #parent: RandomAgent | null;
  readonly #ids: RandomIds;
  readonly #requests: RandomRequests;
  readonly #calls: RandomCalls;
  readonly #spans: RandomSpans;
  #turn: TurnBuilder | null = null;
  #report: { readonly turn: TurnBuilder; readonly text: string } | null = null;
  #hasEnded = false;
  #mayResume = true;

  constructor(world: World, thread: ThreadBuilder, { path, parent, pick }: AgentOptions) {
    this.#world = world;
    this.thread = thread;
    this.path = path;
    this.#parent = parent;
    this.#ids = new RandomIds(world.repeatsIds ? null : thread.id, pick);
    const dialect = DIALECTS[pick(DIALECTS.length)] ?? "openai_responses";
    this.#requests = new RandomRequests({ rollout: world.rollout, ids: this.#ids, dialect, path });
    this.#calls = new RandomCalls(world, this, this.#ids);
    this.#spans = new RandomSpans(world.agents.length + 1);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Does one of the things that it may do. */
  act(pick: Pick): void {
    if (this.#hasEnded) {
      // Most that have ended stay so.
      if (this.#mayResume && pick(4) === 0) this.#resume();
      return;
    }
    const actions = this.#actions(pick);
    actions[pick(actions.length)]?.();
  }

  hear(text: string): void {
    this.#requests.hear(text);
  }

  hearFrom({ path }: RandomAgent, text: string): void {
    this.#requests.hearFrom({ author: path, recipient: this.path, text });
  }

  /** A call has given something that the model is to see. */
  show(call: SpokenCall, text: string): void {
    this.#requests.show(call, text);
  }

  /** A call has returned. */
  returned(call: SpokenCall, isOver: boolean): void {
    this.show(call, this.#world.rollout.next("output"));
    if (isOver) this.#requests.isOver(call);
  }

  /** Ends its thread, with whatever is under way; if anything is, for good. */
  end(pick: Pick): void {
    this.#mayResume = this.#turn === null && this.#calls.cells.running.length === 0;
    this.#calls.interrupt(null, pick);
    this.#requests.interrupt(pick);
    this.#turn = null;
    this.thread.end(THREAD_ENDS[pick(THREAD_ENDS.length)]);
    this.#hasEnded = true;
  }

  /** Ends what its session cannot leave running. */
  shutDown(pick: Pick): void {
    this.#calls.cells.shutDown(pick);
  }

  #actions(pick: Pick): (() => void)[] {
    const turn = this.#turn;
    if (turn === null) return this.#actionsBetweenTurns(pick);
    if (this.#calls.areAsked) return [() => this.#calls.start(turn, pick)];
    const actions = this.#requests.isWaiting ? this.#actionsToHear(pick) : this.#actionsToAsk(turn, pick);
    actions.push(...this.#calls.actions(turn, pick), ...this.#requests.actions(turn, pick));
    for (const span of this.#spans.open) actions.push(() => this.#spans.end(turn, span, pick));
    if (this.#calls.areDone && !this.#requests.isWaiting) {
      actions.push(() => this.#endTurn(turn));
      if (this.#requests.hasAsked) actions.push(() => this.#requests.compact(turn, pick));
    }
    if (pick(6) === 0) actions.push(() => this.#interrupt(turn, pick));
    return actions;
  }

  #actionsBetweenTurns(pick: Pick): (() => void)[] {
    const actions = [() => this.#beginTurn(pick), () => this.#beginTurn(pick), () => this.#beginTurn(pick)];
    if (this.#report !== null) actions.push(() => this.#reportToParent());
    if (this.#parent !== null) actions.push(() => this.end(pick));
    return actions;
  }

  #actionsToAsk(turn: TurnBuilder, pick: Pick): (() => void)[] {
    const ask = () => this.#requests.ask(turn, pick);
    return [
      ask,
      ask,
      ask,
      () => this.#spans.start(turn, this.#calls.current, pick),
      () => this.#note(turn, pick),
    ];
  }

  #actionsToHear(pick: Pick): (() => void)[] {
    const respond = () => this.#respond(pick);
    return [respond, respond, respond, () => this.#requests.breakOff(pick)];
  }

  #beginTurn(pick: Pick): void {
    this.#turn = this.thread.turn(this.#ids.next("turn", pick));
    this.hear(this.#world.rollout.next("text"));
  }

  #endTurn(turn: TurnBuilder): void {
    turn.end();
    this.#requests.interrupt(() => 1);
    this.#turn = null;
  }

  #respond(pick: Pick): void {
    const calls = Array.from({ length: pick(4) }, () => this.#calls.ask(pick));
    const text = this.#requests.answer(calls, pick);
    if (this.#turn !== null && this.#parent !== null) this.#report = { turn: this.#turn, text };
  }

  /** What is no part of the conversation, or not yet. */
  #note(turn: TurnBuilder, pick: Pick): void {
    const { rollout } = this.#world;
    const notes = [
      () => this.#requests.accept(turn, pick),
      () => this.#requests.accept(turn, pick),
      () => {
        const payloads = [rollout.payload("other", {})];
        turn.event({ type: "other", kind: "note", summary: "", payloads, metadata: null });
      },
      () => {
        const event = rollout.payload("protocol_event", {});
        turn.event({ type: "protocol_event_observed", event_type: "tick", event });
      },
      () => {
        // Of breadcrumbs: anything else would be missing.
        const lost = { dropped_events: 1, dropped_payload_bytes: 1 };
        turn.event({ type: "recorder_gap", ...lost, reason: "it could not write" });
      },
    ];
    notes[pick(notes.length)]?.();
  }

  #reportToParent(): void {
    const { rollout } = this.#world;
    if (this.#report === null || this.#parent === null) return;
    const { turn, text } = this.#report;
    turn.event({
      type: "agent_result_observed",
      edge_id: rollout.next("edge"),
      child_thread_id: this.thread.id,
      child_turn_id: turn.id,
      parent_thread_id: this.#parent.thread.id,
      message: text,
      carried: rollout.payload("agent_result", { text }),
    });
    this.#parent.hearFrom(this, text);
    this.#report = null;
  }

  /** Ends the turn with whatever is under way; what runs in it goes on for a moment and is recorded late. */
  #interrupt(turn: TurnBuilder, pick: Pick): void {
    this.#calls.interrupt(turn, pick);
    this.#requests.interrupt(pick);
    turn.end(TURN_FAILURES[pick(TURN_FAILURES.length)]);
    this.#turn = null;
  }

  #resume(): void {
    this.thread.resume();
    this.#hasEnded = false;
  }
}
