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

/** For a cell that goes on for longer than a tenth of a second a fill is put off no further. */
const MAX_PUT_OFF = 20;

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
  /** Boxes that were taken and not released. */
  #inUse = 0;
  /** How often in a row a fill was put off. */
  #putOff = 0;
  #closed = false;

  /** `size` boxes are kept ready per toolset; with 0 every box is made when it is asked for. */
  constructor(size: number) {
    this.#size = size;
  }

  /** A box for one script; whoever takes it asks for a refill once the script runs, and releases it when its cell is closed. */
  take(toolset: Toolset, limits: ResolvedLimits): IsolateBox {
    const box = this.#usable(this.#shelfFor(toolset, limits)) ?? new IsolateBox(toolset, limits);
    this.#inUse += 1;
    return box;
  }

  release(): void {
    this.#inUse -= 1;
  }

  #usable({ boxes }: Shelf): IsolateBox | undefined {
    for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
      if (box.usable) return box;
      box.dispose();
    }
    return undefined;
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

  /** Replaces what was taken, a little later: making a box blocks the loop, and a cell that runs would wait for it. */
  refill(): void {
    if (this.#closed || this.#size === 0 || this.#filling) return;
    this.#filling = true;
    this.chores.add(() => {
      this.#filling = false;
      if (this.#closed) return;
      if (this.#inUse > 0 && this.#putOff < MAX_PUT_OFF) {
        this.#putOff += 1;
        this.refill();
        return;
      }
      this.#putOff = 0;
      this.#fillOne();
    }, true);
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
