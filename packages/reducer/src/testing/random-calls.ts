/** The calls of a made-up agent: those that its model asks for, those of its scripts, and those of its host. */
import type { ToolCallBuilder } from "./call-builders.ts";
import type { RandomAgent, World } from "./random-agent.ts";
import { isOfTerminal, kindOf, type Pick, randomCall, randomEnd, randomNestedCall } from "./random-call.ts";
import { type RandomCell, RandomCells, type RandomWait } from "./random-cells.ts";
import type { RandomIds } from "./random-ids.ts";
import { interact, isInteraction } from "./random-interactions.ts";
import type { SpokenCall } from "./speech.ts";
import type { TurnBuilder } from "./turn-builder.ts";

/** A call that is under way. */
interface OpenCall {
  readonly spoken: SpokenCall;
  readonly tool: ToolCallBuilder;
  /** The script that asked for it. */
  readonly caller: RandomCell | null;
  /** What an `exec` started. */
  readonly started: RandomCell | null;
  readonly wait: RandomWait | null;
}

export class RandomCalls {
  readonly cells: RandomCells;
  readonly #world: World;
  readonly #agent: RandomAgent;
  readonly #ids: RandomIds;
  readonly #late: (() => void)[] = [];
  #asked: SpokenCall[] = [];
  #open: readonly OpenCall[] = [];
  #ofHost: readonly ToolCallBuilder[] = [];

  constructor(world: World, agent: RandomAgent, ids: RandomIds) {
    this.#world = world;
    this.#agent = agent;
    this.#ids = ids;
    this.cells = new RandomCells(ids, this.#late);
  }

  get areAsked(): boolean {
    return this.#asked.length > 0;
  }

  /** Whether nothing that the model or the host waits for is under way. */
  get areDone(): boolean {
    return this.#ofHost.length === 0 && this.#open.every(({ caller }) => caller !== null);
  }

  /** What a span may run in. */
  get current(): string | undefined {
    return this.#open[0]?.tool.id;
  }

  /** Something that a response asks for. */
  ask(pick: Pick): SpokenCall {
    const about = { cellId: this.cells.any(pick), process: this.#world.terminals.any(pick) };
    const spoken = randomCall(this.#ids.next("call", pick), about, pick);
    this.#asked.push(spoken);
    return spoken;
  }

  /** Starts the next call that was asked for. */
  start(turn: TurnBuilder, pick: Pick): void {
    const spoken = this.#asked.shift();
    if (spoken !== undefined) this.#begin(turn, spoken, { caller: null, pick });
  }

  actions(turn: TurnBuilder, pick: Pick): (() => void)[] {
    const { running } = this.cells;
    const actions = this.#open.map((call) => () => this.#finish(turn, call, pick));
    for (const cell of running) {
      actions.push(() => this.#nest(cell, pick));
      actions.push(() => this.#stir(cell, pick));
    }
    if (this.#late.length > 0) actions.push(() => this.#late.shift()?.());
    if (pick(12) === 0) actions.push(() => this.#startOfHost(turn, pick));
    const [ofHost] = this.#ofHost;
    if (ofHost !== undefined) actions.push(() => this.#finishOfHost(ofHost));
    return actions;
  }

  /** Whatever runs in a turn, or anywhere, is to end with it; it goes on for a moment and is told of late, or never. */
  interrupt(turn: TurnBuilder | null, pick: Pick): void {
    this.#asked = [];
    const ends = this.#open.filter(({ caller }) => caller === null || turn === null || caller.turn === turn);
    this.#open = this.#open.filter((call) => !ends.includes(call));
    this.cells.interrupt(turn, pick);
    for (const { tool, caller, wait } of ends) {
      if (wait !== null) this.cells.abandon(wait, pick);
      if (caller === null && pick(2) === 0)
        this.#late.push(() => tool.end("cancelled", { cause: "turn_interrupted" }));
    }
    this.#ofHost = [];
  }

  #begin(
    turn: TurnBuilder,
    spoken: SpokenCall,
    { caller, pick }: { caller: RandomCell | null; pick: Pick },
  ): void {
    const { terminals, rollout } = this.#world;
    const { id, name, input } = spoken;
    if (caller !== null) caller.calls += 1;
    const startWait = () => this.cells.startWait(turn, spoken, pick);
    const isEarly = name === "wait" && this.cells.mayPrecede(id) && pick(4) === 0;
    const early = isEarly ? startWait() : null;
    const tool = turn.tool(isOfTerminal(name) ? rollout.next(name) : id, {
      label: name,
      kind: kindOf(name),
      input,
      ...(caller === null ? { callId: id } : { cell: caller.id, runtimeId: `tool-${caller.calls}` }),
    });
    if (isOfTerminal(name)) terminals.begin(turn, tool, { spoken, pick });
    else if (name === "lookup")
      turn.event({ type: "mcp_call_assigned", tool_call_id: tool.id, mcp_call_id: rollout.next("mcp") });
    const started = name === "exec" ? this.cells.start(turn, spoken, pick) : null;
    const wait = name === "wait" ? (early ?? startWait()) : null;
    caller?.nested.add(tool);
    this.#open = [...this.#open, { spoken, tool, caller, started, wait }];
  }

  #finish(turn: TurnBuilder, call: OpenCall, pick: Pick): void {
    this.#open = this.#open.filter((other) => other !== call);
    const { spoken, tool, caller, started, wait } = call;
    // The end of a cell is the end of its calls, and what comes later is told of late.
    if (caller !== null && !caller.nested.delete(tool)) return;
    if (started !== null) this.cells.answer(started, pick);
    if (wait !== null) this.cells.finishWait(wait, spoken.id, pick);
    interact(this.#world, { agent: this.#agent, turn, tool, name: spoken.name, pick });
    const end = randomEnd(pick);
    const ofTerminal = isOfTerminal(spoken.name)
      ? this.#world.terminals.end(tool, { name: spoken.name, end, pick })
      : undefined;
    const ofScript = caller === null ? undefined : { type: "code_mode", value: 1 };
    const returned = end.cause === "error" ? { type: "error", error: "broken" } : (ofTerminal ?? ofScript);
    const ofAgent =
      isInteraction(spoken.name) && pick(2) === 0 ? { type: "code_mode", value: "done" } : undefined;
    const result = returned ?? ofAgent;
    tool.end(end.status, {
      sizes: { produced_bytes: 4 + pick(2), to_requester_bytes: 4 },
      ...(end.cause === undefined ? {} : { cause: end.cause }),
      ...(result === undefined ? {} : { result }),
    });
    if (caller !== null) {
      if (!isOfTerminal(spoken.name)) this.#ids.giveBack("nested", spoken.id);
      return;
    }
    // What a cell may still say goes by the id of its call.
    this.#agent.returned(spoken, started === null || started.status !== null);
  }

  #nest(cell: RandomCell, pick: Pick): void {
    const spoken = randomNestedCall(this.#ids.next("nested", pick), this.#world.terminals.any(pick), pick);
    this.#begin(cell.turn, spoken, { caller: cell, pick });
  }

  /** A cell that was left running says something, which may be shown to the model after what `exec` returned, or ends. */
  #stir(cell: RandomCell, pick: Pick): void {
    const isAnswered = this.#open.every(({ started }) => started !== cell);
    const isWatched = cell.waits.size > 0 || !isAnswered;
    if (pick(2) === 0 || (isWatched && pick(3) > 0)) {
      const text = this.#world.rollout.next("notice");
      cell.builder.notify(cell.exec.id, text);
      if (isAnswered && pick(2) === 0) this.#agent.show(cell.exec, text);
    } else this.cells.stop(cell, pick);
  }

  #startOfHost(turn: TurnBuilder, pick: Pick): void {
    const id = this.#ids.next("own", pick);
    this.#ofHost = [...this.#ofHost, turn.tool(id, { host: true, label: "remember" })];
  }

  #finishOfHost(tool: ToolCallBuilder): void {
    tool.end();
    this.#ofHost = this.#ofHost.filter((other) => other !== tool);
    this.#ids.giveBack("own", tool.id);
  }
}
