/**
 * Ids as hosts and models make them up: where they repeat, each agent counts for itself, so that those of one are those of another
 * too, and what is over gives its id back, so that something else may be called the same.
 */
import type { Pick } from "./random-call.ts";

export class RandomIds {
  readonly #counts: Map<string, number> = new Map();
  readonly #free: Map<string, string[]> = new Map();
  /** What tells the ids of this agent from those of others. */
  readonly #prefix: string;
  readonly #givesAgain: boolean;

  /** `owner` is null where ids may be those of other agents, and those of what is over. */
  constructor(owner: string | null, pick: Pick) {
    this.#prefix = owner === null ? "" : `${owner}-`;
    // Few count so little that they come to what they had before.
    this.#givesAgain = owner === null && pick(4) === 0;
  }

  /** `name-1`, `name-2`, … or one that was given back. */
  next(name: string, pick: Pick): string {
    const again = this.#givesAgain && pick(2) === 0 ? this.#free.get(name)?.shift() : undefined;
    if (again !== undefined) return again;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return `${this.#prefix}${name}-${count}`;
  }

  /** Nothing that will be recorded means what has this id by it. */
  giveBack(name: string, id: string): void {
    if (!this.#givesAgain) return;
    const free = this.#free.get(name);
    if (free === undefined) this.#free.set(name, [id]);
    else free.push(id);
  }
}
