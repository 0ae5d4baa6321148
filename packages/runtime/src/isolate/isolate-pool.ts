/**
 * Isolates made ahead of time. A script gets a fresh isolate that nobody used before it; only its creation, which is most of
 * the cost, happens earlier.
 */
import { Chores } from "./chores.ts";
import { IsolateBox } from "./isolate-box.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Toolset } from "./toolset.ts";

/** Toolsets that boxes are kept for; a host has few, and each waiting box costs about 1.3 MB. */
const MAX_SHELVES = 4;

interface Shelf {
  readonly toolset: Toolset;
  readonly limits: ResolvedLimits;
  readonly boxes: IsolateBox[];
}

export class IsolatePool implements Disposable {
  /** Of everything that runs in these boxes. */
  readonly chores: Chores = new Chores();
  readonly #size: number;
  /** One for each toolset and limits, the most recently used first. */
  readonly #shelves: Shelf[] = [];
  /** Whether a fill is among the chores. */
  #filling = false;
  #closed = false;

  /** `size` boxes are kept ready per toolset; with 0 every box is made when it is asked for. */
  constructor(size: number) {
    this.#size = size;
  }

  /** A box for one script; whoever takes it asks for a refill once the script runs. */
  take(toolset: Toolset, limits: ResolvedLimits): IsolateBox {
    const shelf = this.#shelfFor(toolset, limits);
    for (let box = shelf.boxes.pop(); box !== undefined; box = shelf.boxes.pop()) {
      if (box.usable) return box;
      box.dispose();
    }
    return new IsolateBox(toolset, limits);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const shelf of this.#shelves.splice(0)) drop(shelf);
  }

  #shelfFor(toolset: Toolset, limits: ResolvedLimits): Shelf {
    const [first] = this.#shelves;
    if (first !== undefined && fits(first, toolset, limits)) return first;
    const at = this.#shelves.findIndex((shelf) => fits(shelf, toolset, limits));
    const [shelf = { toolset, limits, boxes: [] }] = at < 0 ? [] : this.#shelves.splice(at, 1);
    this.#shelves.unshift(shelf);
    for (const oldest of this.#shelves.splice(MAX_SHELVES)) drop(oldest);
    return shelf;
  }

  /** Replaces what was taken, a little later. */
  refill(): void {
    if (this.#closed || this.#size === 0 || this.#filling) return;
    this.#filling = true;
    this.chores.add(() => {
      this.#filling = false;
      if (!this.#closed) this.#fillOne();
    });
  }

  /** One box per turn of the loop, for the toolset that was used last. */
  #fillOne(): void {
    const shelf = this.#shelves.find(({ boxes }) => boxes.length < this.#size);
    if (shelf === undefined) return;
    try {
      shelf.boxes.push(new IsolateBox(shelf.toolset, shelf.limits, { ahead: true }));
    } catch {
      // Nobody waits here; whoever takes the next box tries again and is told.
      return;
    }
    this.refill();
  }
}

/** Whether the shelf's boxes are what a script with these tools and limits needs; the CPU limit is the cell's own. */
function fits(shelf: Shelf, toolset: Toolset, limits: ResolvedLimits): boolean {
  return (
    shelf.toolset.key === toolset.key &&
    shelf.limits.heapBytes === limits.heapBytes &&
    shelf.limits.outputBytes === limits.outputBytes &&
    shelf.limits.pendingToolCalls === limits.pendingToolCalls &&
    shelf.limits.timers === limits.timers
  );
}

function drop(shelf: Shelf): void {
  for (const box of shelf.boxes.splice(0)) box.dispose();
}
