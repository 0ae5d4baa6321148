/** A cell's timers, kept by the host: the isolate has no clock that could wake it. */

/** The longest delay that the host's own timers take; past it they would fire at once. */
const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

/** Whoever keeps the timers of a script. */
export interface Timers extends Disposable {
  readonly size: number;
  /** `ms` may be any non-negative number, infinity included. */
  set(id: number, ms: number): void;
  clear(id: number): void;
}

/** Timers that fire when a journal says so. */
export class RecordedTimers implements Timers {
  readonly #set = new Set<number>();

  get size(): number {
    return this.#set.size;
  }

  set(id: number): void {
    this.#set.add(id);
  }

  clear(id: number): void {
    this.#set.delete(id);
  }

  /** False when the timer was not set, or was cleared, or has fired. */
  fire(id: number): boolean {
    return this.#set.delete(id);
  }

  [Symbol.dispose](): void {
    this.#set.clear();
  }
}

/** Timers that never fire early. */
export class HostTimers implements Timers {
  readonly #due: (id: number) => void;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(due: (id: number) => void) {
    this.#due = due;
  }

  get size(): number {
    return this.#timers.size;
  }

  set(id: number, ms: number): void {
    const step = Math.min(ms, MAX_HOST_DELAY_MS);
    const timer = setTimeout(() => {
      if (ms > step) {
        this.set(id, ms - step);
        return;
      }
      this.#timers.delete(id);
      this.#due(id);
    }, step);
    this.#timers.set(id, timer);
  }

  clear(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
