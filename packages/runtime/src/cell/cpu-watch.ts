/** Watches how much CPU time a cell uses between two observations. */

/** How often is looked; a cell may pass its limit by this much. */
const POLL_MS = 25;

export interface CpuClock {
  /** Milliseconds of CPU used so far. */
  cpuMs(): number;
}

export class CpuWatch implements Disposable {
  readonly #limitMs: number;
  readonly #clock: CpuClock;
  readonly #exceeded: () => void;
  #timer: NodeJS.Timeout | undefined;
  #base = 0;

  constructor(limitMs: number, clock: CpuClock, exceeded: () => void) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#exceeded = exceeded;
  }

  start(): void {
    const limit = this.#limitMs;
    this.#base = this.#clock.cpuMs();
    this.#timer = setInterval(() => {
      if (this.#clock.cpuMs() - this.#base > limit) this.#exceeded();
    }, POLL_MS);
  }

  /** Somebody saw the cell; its budget begins anew. */
  observed(): void {
    if (this.#timer !== undefined) this.#base = this.#clock.cpuMs();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
