/**
 * Isolates made ahead of time. A script gets a fresh isolate that nobody used before it; only its creation, which is most of
 * the cost, happens earlier, on a timer that lets the reply of the previous request out first.
 */
import { IsolateBox } from "./isolate-box.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Toolset } from "./toolset.ts";

/** Toolsets that boxes are kept for; a host has few, and each waiting box costs about 1.3 MB. */
const MAX_SHELVES = 4;

/** `setImmediate` would run before the reply is read and cost it as much as the box takes to make. */
const FILL_DELAY_MS = 1;

interface Shelf {
  readonly toolset: Toolset;
  readonly limits: ResolvedLimits;
  readonly boxes: IsolateBox[];
}

export class IsolatePool implements Disposable {
  readonly #size: number;
  /** By toolset and limits, the least recently used first. */
  readonly #shelves = new Map<string, Shelf>();
  #filling: NodeJS.Timeout | null = null;
  #closed = false;

  /** `size` boxes are kept ready per toolset; with 0 every box is made when it is asked for. */
  constructor(size: number) {
    this.#size = size;
  }

  take(toolset: Toolset, limits: ResolvedLimits): IsolateBox {
    const shelf = this.#shelfFor(toolset, limits);
    this.#fillSoon();
    for (let box = shelf.boxes.pop(); box !== undefined; box = shelf.boxes.pop()) {
      if (box.usable) return box;
      box.dispose();
    }
    return new IsolateBox(toolset, limits);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    if (this.#filling !== null) clearTimeout(this.#filling);
    for (const key of this.#shelves.keys()) this.#drop(key);
  }

  #shelfFor(toolset: Toolset, limits: ResolvedLimits): Shelf {
    const { heapBytes, outputBytes, pendingToolCalls, timers } = limits;
    const key = `${heapBytes} ${outputBytes} ${pendingToolCalls} ${timers} ${toolset.key}`;
    const shelf = this.#shelves.get(key) ?? { toolset, limits, boxes: [] };
    this.#shelves.delete(key);
    this.#shelves.set(key, shelf);
    const [oldest] = this.#shelves.keys();
    if (this.#shelves.size > MAX_SHELVES && oldest !== undefined) this.#drop(oldest);
    return shelf;
  }

  #drop(key: string): void {
    const shelf = this.#shelves.get(key);
    this.#shelves.delete(key);
    for (const box of shelf?.boxes.splice(0) ?? []) box.dispose();
  }

  #fillSoon(): void {
    if (this.#closed || this.#size === 0 || this.#filling !== null) return;
    this.#filling = setTimeout(() => {
      this.#filling = null;
      this.#fillOne();
    }, FILL_DELAY_MS);
    this.#filling.unref();
  }

  /** One box per turn of the loop, for the toolset that was used last. */
  #fillOne(): void {
    const shelf = [...this.#shelves.values()].findLast(({ boxes }) => boxes.length < this.#size);
    if (shelf === undefined) return;
    shelf.boxes.push(new IsolateBox(shelf.toolset, shelf.limits));
    this.#fillSoon();
  }
}
