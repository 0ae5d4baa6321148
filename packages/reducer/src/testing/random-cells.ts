/** The code cells of a made-up agent: how they answer, are waited for, are cancelled, and end. */
import {
  CELL_LIMIT_NAMES,
  type FinalCellStatus,
  isJsonObject,
  type WaitMode,
  type WaitOutcomeKind,
} from "@rollout-trace/protocol";
import { CellBuilder, type ToolCallBuilder } from "./call-builders.ts";
import type { Pick } from "./random-call.ts";
import type { RandomIds } from "./random-ids.ts";
import { isOf, scriptOf, type SpokenCall } from "./speech.ts";
import type { TurnBuilder } from "./turn-builder.ts";

export interface RandomCell {
  /** What the runtime calls it. */
  readonly id: string;
  readonly exec: SpokenCall;
  readonly builder: CellBuilder;
  readonly turn: TurnBuilder;
  /** How many calls its script has made. */
  calls: number;
  /** Those that are under way. */
  readonly nested: Set<ToolCallBuilder>;
  /** The waits that observe it, the first one first; it answers no other. */
  readonly waits: Set<RandomWait>;
  /** Null while it runs. */
  status: FinalCellStatus | null;
}

export interface RandomWait {
  /** Null where the runtime does not tell of it. */
  readonly id: string | null;
  /** Tells of the cell that was asked for. */
  readonly builder: CellBuilder;
  /** Null when there was no such cell any more, or never. */
  readonly cell: RandomCell | null;
  readonly mode: WaitMode;
  readonly terminates: boolean;
}

/** A cell that there is not. */
const NO_CELL = "cell-0";

export class RandomCells {
  readonly #ids: RandomIds;
  readonly #late: (() => void)[];
  #running: readonly RandomCell[] = [];
  #lastEnded: string = NO_CELL;
  /** The calls of whose latest wait the runtime did not tell. */
  readonly #untold: Set<string> = new Set();

  /** What is recorded only once it is over is added to `late`. */
  constructor(ids: RandomIds, late: (() => void)[]) {
    this.#ids = ids;
    this.#late = late;
  }

  get running(): readonly RandomCell[] {
    return this.#running;
  }

  /** One to wait for, which may be over or never have been there. */
  any(pick: Pick): string {
    const ids = this.#running.map(({ id }) => id);
    return ids[pick(ids.length + 1)] ?? this.#lastEnded;
  }

  start(turn: TurnBuilder, exec: SpokenCall, pick: Pick): RandomCell {
    const id = this.#ids.next("cell", pick);
    const builder = turn.cell(id, exec.id, scriptOf(exec.input));
    const cell: RandomCell = {
      id,
      exec,
      builder,
      turn,
      calls: 0,
      status: null,
      nested: new Set(),
      waits: new Set(),
    };
    this.#running = [...this.#running, cell];
    return cell;
  }

  /** What `exec` returns first. */
  answer(cell: RandomCell, pick: Pick): void {
    if (cell.status !== null) cell.builder.respond(cell.status);
    else if (pick(2) === 0) cell.builder.respond(pick(4) === 0 ? "pending" : "yielded");
    else {
      const status = pick(4) === 0 ? "failed" : "completed";
      cell.builder.respond(status);
      this.#end(cell, status, pick);
    }
  }

  /** Whether the runtime's wait for a call may be recorded before it: the latest call with that id has another, or there is none. */
  mayPrecede(callId: string): boolean {
    return !this.#untold.has(callId);
  }

  /** The runtime may tell nothing of a wait. */
  startWait(turn: TurnBuilder, { id: callId, input }: SpokenCall, pick: Pick): RandomWait {
    const cell = this.#running.find(({ id }) => isOf(input, id)) ?? null;
    const named = isJsonObject(input) && typeof input["cell_id"] === "string" ? input["cell_id"] : NO_CELL;
    const wait: RandomWait = {
      id: pick(4) === 0 || named === NO_CELL ? null : this.#ids.next("wait", pick),
      builder: cell?.builder ?? new CellBuilder(turn, named),
      cell,
      mode: pick(3) === 0 ? "pending" : "yield",
      terminates: isJsonObject(input) && input["terminate"] === true,
    };
    if (wait.id === null) this.#untold.add(callId);
    else {
      this.#untold.delete(callId);
      wait.builder.wait(wait.id, { callId, mode: wait.mode });
    }
    cell?.waits.add(wait);
    return wait;
  }

  finishWait(wait: RandomWait, callId: string, pick: Pick): void {
    const { id, cell, builder } = wait;
    const outcome = outcomeOf(wait, pick);
    if (cell?.status === null && isFinal(outcome)) {
      if (outcome === "terminated" && id !== null) builder.cancel("model", callId);
      this.#end(cell, outcome, pick);
    }
    cell?.waits.delete(wait);
    if (id === null) return;
    builder.waited(id, outcome);
    this.#ids.giveBack("wait", id);
  }

  /** Whoever waited was interrupted. */
  abandon(wait: RandomWait, pick: Pick): void {
    const { id, cell, builder } = wait;
    cell?.waits.delete(wait);
    if (id === null || pick(2) === 0) return;
    this.#late.push(() => builder.waited(id, cell === null ? "missing" : "abandoned"));
  }

  /** Something that was left running ends: by itself, because it is told to, or because it went too far. */
  stop(cell: RandomCell, pick: Pick): void {
    const how = pick(5);
    if (how === 0) cell.builder.cancel("host");
    else if (how === 1)
      cell.builder.cancel("limit", null, CELL_LIMIT_NAMES[pick(CELL_LIMIT_NAMES.length)] ?? "cpu");
    const byItself = pick(4) === 0 ? "failed" : "completed";
    this.#end(cell, how === 0 ? "terminated" : how === 1 ? "failed" : byItself, pick);
  }

  /** Everything ends because the session does. */
  shutDown(pick: Pick): void {
    for (const cell of this.#running) {
      cell.builder.cancel("session_shutdown");
      this.#end(cell, "terminated", pick);
    }
  }

  /** What runs in a turn, or anywhere, is to end with it; it may be told late that it did, or never. */
  interrupt(turn: TurnBuilder | null, pick: Pick): void {
    for (const cell of this.#running) {
      if (turn !== null && cell.turn !== turn) continue;
      if (pick(2) === 0) cell.builder.cancel("turn_interrupted");
      // What its id means stays open as long as its end may still be told.
      this.#leave(cell, "terminated", pick);
      if (pick(2) === 0) this.#late.push(() => cell.builder.end("terminated"));
    }
  }

  #end(cell: RandomCell, status: FinalCellStatus, pick: Pick): void {
    const journal = { random_seed: 1, clock_reads: [], deliveries: [] };
    cell.builder.end(status, status === "completed" ? { response: { content_items: [] }, journal } : {});
    this.#leave(cell, status, pick);
    this.#ids.giveBack("cell", cell.id);
  }

  #leave(cell: RandomCell, status: FinalCellStatus, pick: Pick): void {
    cell.status = status;
    this.#running = this.#running.filter((other) => other !== cell);
    this.#lastEnded = cell.id;
    const cause = status === "completed" ? "cell_ended" : "cell_cancelled";
    for (const call of cell.nested) {
      if (pick(2) === 0) this.#late.push(() => call.end("cancelled", { cause }));
    }
    cell.nested.clear();
  }
}

function outcomeOf(wait: RandomWait, pick: Pick): WaitOutcomeKind {
  const { cell, mode, terminates } = wait;
  if (cell === null) return "missing";
  if (cell.status !== null) return cell.status;
  const [first] = cell.waits;
  if (first !== wait) return "busy";
  if (terminates) return "terminated";
  if (pick(3) === 0) return mode === "pending" ? "pending" : "yielded";
  if (pick(6) === 0) return "abandoned";
  return pick(4) === 0 ? "failed" : "completed";
}

function isFinal(outcome: WaitOutcomeKind): outcome is FinalCellStatus {
  return outcome === "completed" || outcome === "failed" || outcome === "terminated";
}
