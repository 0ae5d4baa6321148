/** Random decisions that can be made again: everything follows from a seed and the names of who decides. */
import { createHash } from "node:crypto";

export class SeededRandom {
  #state: number;

  /** `names` keep the decisions of one place apart from those of all others, whatever order they are made in. */
  constructor(seed: number, ...names: readonly (string | number)[]) {
    this.#state = createHash("sha256")
      .update(JSON.stringify([seed, ...names]))
      .digest()
      .readUInt32LE();
  }

  /** A number from 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError("there is nothing to pick from");
    return item;
  }
}

/** A seed for a run that was given none. */
export function freshSeed(): number {
  return Date.now() % 1_000_000_000;
}
