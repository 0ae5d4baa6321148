/** A cell's timers, kept by the host: the isolate has no clock that could wake it. */

/** The longest delay that the host's own timers take; past it they would fire at once. */
const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

export class HostTimers implements Disposable {
  readonly #due: (id: number) => void;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(due: (id: number) => void) {
    this.#due = due;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** `ms` may be any non-negative number, infinity included; the timer never fires early. */
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
