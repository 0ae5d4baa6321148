/**
 * One agent of a made-up rollout: what it may do next, and what doing it records.
 *
 * Everything here is legal: starts come before ends, calls are asked for before they run, requests carry what responses and
 * tools gave. What goes wrong goes wrong the way it does in life: requests fail, turns are interrupted with their calls under
 * way, messages arrive late, twice or never.
 */
import type { Dialect, JsonValue } from "@rollout-trace/protocol";
import type { CellBuilder, InferenceBuilder, ToolCallBuilder } from "./call-builders.ts";
import type { RolloutBuilder, ThreadBuilder } from "./rollout-builder.ts";
import type { TurnBuilder } from "./turn-builder.ts";
import { isOfTerminal, kindOf, type Pick, randomCall } from "./random-call.ts";
import { RandomSpans } from "./random-spans.ts";
import type { RandomTerminals } from "./random-terminals.ts";
import { isOf, scriptOf, type Speech, SPEECH, type SpokenCall } from "./speech.ts";

/** The rollout that an agent is in. */
export interface World {
  readonly rollout: RolloutBuilder;
  readonly agents: RandomAgent[];
  readonly terminals: RandomTerminals;
}

interface RandomCell {
  readonly id: string;
  readonly callId: string;
  readonly cell: CellBuilder;
  readonly turn: TurnBuilder;
  nested: ToolCallBuilder[];
}

interface OpenCall {
  readonly spoken: SpokenCall;
  readonly tool: ToolCallBuilder;
  readonly cell: RandomCell | null;
  readonly waitId: string | null;
}

const DIALECTS: readonly Dialect[] = ["openai_responses", "openai_chat", "anthropic_messages"];
const MAX_AGENTS = 4;

export class RandomAgent {
  readonly thread: ThreadBuilder;
  readonly #world: World;
  readonly #path: string;
  readonly #parent: RandomAgent | null;
  readonly #dialect: Dialect;
  #turn: TurnBuilder | null = null;
  #inference: InferenceBuilder | null = null;
  #history: JsonValue[] = [];
  /** The last response that a request may continue, and how much of the history it has seen. */
  #last: { readonly responseId: string; readonly seen: number } | null = null;
  #asked: SpokenCall[] = [];
  #open: OpenCall[] = [];
  #cells: RandomCell[] = [];
  readonly #spans = new RandomSpans();
  #late: (() => void)[] = [];
  #report: { readonly turn: TurnBuilder; readonly text: string } | null = null;
  #hasAsked = false;
  #hasEnded = false;

  constructor(
    world: World,
    thread: ThreadBuilder,
    of: { path: string; parent: RandomAgent | null; pick: Pick },
  ) {
    this.#world = world;
    this.thread = thread;
    this.#path = of.path;
    this.#parent = of.parent;
    this.#dialect = DIALECTS[of.pick(DIALECTS.length)] ?? "openai_responses";
  }

  /** Does one of the things that it may do. */
  act(pick: Pick): void {
    const actions = this.#hasEnded ? [() => this.#resume()] : this.#actions(pick);
    actions[pick(actions.length)]?.();
  }

  hear(text: string): void {
    this.#history.push(this.#speech.user(text));
  }

  get #speech(): Speech {
    return SPEECH[this.#dialect];
  }

  #actions(pick: Pick): (() => void)[] {
    const turn = this.#turn;
    if (turn === null) return this.#actionsBetweenTurns();
    if (this.#asked.length > 0) return [() => this.#startCall(turn, pick)];
    const actions = this.#inference === null ? this.#actionsToAsk(turn, pick) : this.#actionsToHear(pick);
    for (const call of this.#open) actions.push(() => this.#finish(turn, call, pick));
    for (const cell of this.#cells)
      actions.push(
        () => this.#nest(cell),
        () => this.#stir(cell, pick),
      );
    for (const id of this.#spans.open) actions.push(() => this.#spans.end(turn, id));
    if (this.#late.length > 0) actions.push(() => this.#late.shift()?.());
    if (this.#open.length === 0 && this.#inference === null) {
      actions.push(() => this.#endTurn(turn));
      // In which dialect a history is can be told once its thread has asked.
      if (this.#hasAsked) actions.push(() => this.#compact(turn, pick));
    }
    if (pick(6) === 0) actions.push(() => this.#interrupt(turn, pick));
    return actions;
  }

  #actionsBetweenTurns(): (() => void)[] {
    const actions = [() => this.#beginTurn(), () => this.#beginTurn(), () => this.#beginTurn()];
    if (this.#report !== null) actions.push(() => this.#reportToParent());
    if (this.#parent !== null && this.#cells.length === 0) actions.push(() => this.#end());
    return actions;
  }

  #actionsToAsk(turn: TurnBuilder, pick: Pick): (() => void)[] {
    return [
      () => this.#request(turn, pick),
      () => this.#request(turn, pick),
      () => turn.accept(this.#world.rollout.next("msg")),
      () => this.#spans.start(turn, this.#world.rollout.next("span"), this.#open[0]?.tool.id),
      () => turn.event({ type: "other", kind: "note", summary: "", payloads: [], metadata: null }),
    ];
  }

  #actionsToHear(pick: Pick): (() => void)[] {
    const respond = () => this.#respond(pick);
    const partial = () =>
      pick(2) === 0 ? undefined : this.#speech.answer({ ...this.#answer(), calls: [] }).response;
    return [
      respond,
      respond,
      respond,
      () => {
        this.#inference?.fail("broken", partial());
        this.#inference = null;
      },
      () => {
        this.#inference?.cancel("stopped", partial());
        this.#inference = null;
      },
    ];
  }

  #beginTurn(): void {
    this.#turn = this.thread.turn();
    this.hear(this.#world.rollout.next("text"));
  }

  #endTurn(turn: TurnBuilder): void {
    turn.end();
    this.#turn = null;
  }

  #request(turn: TurnBuilder, pick: Pick): void {
    this.#hasAsked = true;
    const dialect = this.#dialect;
    const last = this.#last;
    if (last !== null && dialect === "openai_responses" && pick(3) > 0) {
      const mode = { type: "incremental", previous_response_id: last.responseId };
      this.#inference = turn.request(this.#history.slice(last.seen), { dialect, mode });
      return;
    }
    const fields = dialect === "anthropic_messages" ? { system: `you are ${this.#path}` } : {};
    this.#inference = turn.request(this.#history, { dialect, fields });
  }

  #answer() {
    const { rollout } = this.#world;
    const text = rollout.next("text");
    return { id: rollout.next("msg"), thought: `about ${text}`, text };
  }

  #respond(pick: Pick): void {
    const { rollout } = this.#world;
    const calls = Array.from({ length: pick(4) }, () => this.#ask(pick));
    const answer = this.#answer();
    const thought = pick(2) === 0 ? null : answer.thought;
    const spoken = this.#speech.answer({ ...answer, thought, calls });
    const responseId = rollout.next("response");
    this.#inference?.respond(spoken.response, { responseId, usage: this.#speech.usage(3, 1) });
    this.#inference = null;
    this.#history.push(...spoken.replay);
    this.#last = { responseId, seen: this.#history.length };
    this.#asked.push(...calls);
    if (this.#turn !== null && this.#parent !== null) this.#report = { turn: this.#turn, text: answer.text };
  }

  #ask(pick: Pick): SpokenCall {
    const id = this.#world.rollout.next("call");
    const cell = this.#cells[pick(Math.max(this.#cells.length, 1))];
    return randomCall(id, { cellId: cell?.id, process: this.#world.terminals.any(pick) }, pick);
  }

  #startCall(turn: TurnBuilder, pick: Pick): void {
    const spoken = this.#asked.shift();
    if (spoken === undefined) return;
    const { id, name, input } = spoken;
    if (name === "wait") {
      this.#startWait(turn, spoken, pick);
      return;
    }
    const { terminals } = this.#world;
    const toolId = isOfTerminal(name) ? terminals.callId(id, spoken, pick) : id;
    const tool = turn.tool(toolId, { callId: id, label: name, kind: kindOf(name), input });
    let cell: RandomCell | null = null;
    if (name === "exec") {
      cell = { id: `r@${id}`, callId: id, cell: turn.cell(`r@${id}`, id, scriptOf(input)), turn, nested: [] };
      this.#cells.push(cell);
    } else if (isOfTerminal(name)) {
      terminals.begin(tool, name, pick);
    } else if (name === "lookup") {
      turn.event({ type: "mcp_call_assigned", tool_call_id: id, mcp_call_id: `mcp-${id}` });
    }
    this.#open.push({ spoken, tool, cell, waitId: null });
  }

  /** The runtime may tell nothing of a wait. */
  #startWait(turn: TurnBuilder, spoken: SpokenCall, pick: Pick): void {
    const { id, input } = spoken;
    const cell = this.#cells.find((each) => isOf(input, each.id)) ?? null;
    const cellId = cell?.id ?? "gone";
    const tool = turn.tool(`${id}@${cellId}`, {
      callId: id,
      label: "wait",
      kind: { type: "code_cell_wait" },
      input,
    });
    const isTold = cell !== null && pick(4) > 0;
    const waitId = isTold ? `${this.#world.rollout.next("wait")}@${cellId}` : null;
    if (waitId !== null) cell?.cell.wait(waitId, { callId: id });
    this.#open.push({ spoken, tool, cell, waitId });
  }

  #finish(turn: TurnBuilder, call: OpenCall, pick: Pick): void {
    const { spoken, tool } = call;
    if (spoken.name === "exec") this.#finishExec(call, pick);
    else if (spoken.name === "wait") this.#finishWait(call, pick);
    else if (spoken.name === "spawn_agent") this.#spawn(turn, tool, pick);
    else if (spoken.name === "send_message") this.#send(tool, pick);
    const status = pick(5) === 0 ? "failed" : "completed";
    const result = isOfTerminal(spoken.name)
      ? this.#world.terminals.end(tool, spoken.name, { status, pick })
      : undefined;
    const sizes = { produced_bytes: 4, to_requester_bytes: 4 };
    tool.end(status, result === undefined ? { sizes } : { sizes, result });
    this.#open = this.#open.filter((other) => other !== call);
    this.#history.push(this.#speech.output(spoken, `out ${spoken.id}`));
  }

  #finishExec({ cell }: OpenCall, pick: Pick): void {
    if (cell === null || !this.#cells.includes(cell)) return;
    if (pick(3) === 0) {
      cell.cell.respond("yielded");
      return;
    }
    const status = pick(4) === 0 ? "failed" : "completed";
    cell.cell.respond(status);
    this.#endCell(cell, status);
  }

  #finishWait({ cell, waitId, spoken }: OpenCall, pick: Pick): void {
    if (cell === null || waitId === null) return;
    if (!this.#cells.includes(cell)) {
      cell.cell.waited(waitId, "missing");
      return;
    }
    const outcome = pick(9);
    if (outcome < 3) cell.cell.waited(waitId, "yielded");
    else if (outcome < 5) {
      cell.cell.cancel("model", spoken.id);
      this.#endCell(cell, "terminated");
      cell.cell.waited(waitId, "terminated");
    } else {
      this.#endCell(cell, "completed");
      cell.cell.waited(waitId, "completed");
    }
  }

  #endCell(cell: RandomCell, status: "completed" | "failed" | "terminated"): void {
    cell.cell.end(status);
    this.#cells = this.#cells.filter((other) => other !== cell);
  }

  #nest(cell: RandomCell): void {
    const running = cell.nested.shift();
    if (running !== undefined) {
      running.end("completed", { result: { type: "code_mode", value: 1 } });
      return;
    }
    const id = `${this.#world.rollout.next("nested")}@${cell.id}`;
    cell.nested.push(cell.turn.tool(id, { cell: cell.id, label: "inner", input: {} }));
  }

  /** A cell that was left running says something, or ends by itself. */
  #stir(cell: RandomCell, pick: Pick): void {
    const isWatched = this.#open.some((call) => call.cell === cell);
    if (isWatched || pick(2) === 0) cell.cell.notify(cell.callId, this.#world.rollout.next("notice"));
    else this.#endCell(cell, "completed");
  }

  #spawn(turn: TurnBuilder, tool: ToolCallBuilder, pick: Pick): void {
    const { rollout, agents } = this.#world;
    if (agents.length >= MAX_AGENTS || pick(6) === 0) {
      tool.interact("spawn_agent", null, "task").interacted("spawn_agent", null, "failed");
      return;
    }
    const id = rollout.next("child");
    const path = `${this.#path}/${id}`;
    tool.interact("spawn_agent", null, `task for ${id}`);
    const child = new RandomAgent(this.#world, rollout.child(id, path, turn.thread), {
      path,
      parent: this,
      pick,
    });
    tool.interacted("spawn_agent", id);
    child.hear(`task for ${id}`);
    agents.push(child);
  }

  #send(tool: ToolCallBuilder, pick: Pick): void {
    const { rollout, agents } = this.#world;
    const others = agents.filter((agent) => agent !== this);
    const recipient = others[pick(Math.max(others.length, 1))];
    if (recipient === undefined) return;
    const text = rollout.next("message");
    tool.interact("send_message", recipient.thread.id, text).interacted("send_message", recipient.thread.id);
    const times = [1, 1, 0, 2][pick(4)] ?? 1;
    for (let time = 0; time < times; time += 1) recipient.hear(text);
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
    });
    this.#parent.hear(text);
    this.#report = null;
  }

  #compact(turn: TurnBuilder, pick: Pick): void {
    const { rollout } = this.#world;
    const id = rollout.next("compaction");
    for (let attempts = pick(3); attempts > 0; attempts -= 1) {
      const ids = { compaction_id: id, compaction_request_id: rollout.next("compaction-request") };
      const request = rollout.payload("compaction_request", { input: this.#history.slice(0, 1) });
      const place = { thread_id: this.thread.id, turn_id: turn.id, model: "model-1", provider: "provider-1" };
      turn.event({ type: "compaction_request_started", ...ids, ...place, request });
      if (attempts > 1) turn.event({ type: "compaction_request_failed", ...ids, error: "too long" });
      else {
        const response = rollout.payload("compaction_response", { usage: this.#speech.usage(2, 1) });
        turn.event({ type: "compaction_request_completed", ...ids, response });
      }
    }
    const replacement = [this.#speech.user(rollout.next("summary"))];
    turn.compact(id, { input: [...this.#history], replacement });
    this.#history = replacement;
    this.#last = null;
  }

  /** Ends the turn with whatever is under way; what runs in it goes on for a moment and is recorded late. */
  #interrupt(turn: TurnBuilder, pick: Pick): void {
    if (pick(2) === 0) this.#inference?.cancel("interrupted");
    turn.end(pick(3) === 0 ? "failed" : "aborted");
    for (const { tool } of this.#open) {
      if (pick(2) === 0) this.#late.push(() => tool.end("cancelled", { cause: "turn_interrupted" }));
    }
    for (const cell of this.#cells.filter((each) => each.turn === turn)) {
      this.#cells = this.#cells.filter((other) => other !== cell);
      if (pick(2) === 0) this.#late.push(() => cell.cell.end("terminated"));
    }
    this.#turn = null;
    this.#inference = null;
    this.#asked = [];
    this.#open = [];
  }

  #end(): void {
    this.thread.end();
    this.#hasEnded = true;
  }

  #resume(): void {
    this.thread.resume();
    this.#hasEnded = false;
  }
}
