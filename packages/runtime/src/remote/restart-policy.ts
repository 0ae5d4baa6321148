/** When a child may be started again. A child that ends before it was of any use is not started over and over. */

const DEFAULTS = Object.freeze({
  /** A single early end is bad luck; the third in a row is not. */
  tolerated: 2,
  firstDelayMs: 250,
  /** Somebody may have repaired it by then. */
  longestDelayMs: 30_000,
});

/** Milliseconds that only ever grow. */
export type Clock = () => number;

export interface CrashLoop {
  /** How many children in a row ended before they were of use. */
  readonly consecutive: number;
  readonly retryInMs: number;
}

export class RestartPolicy {
  readonly #now: Clock;
  #consecutive = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(now: Clock) {
    this.#now = now;
  }

  /** A child ended. `useful`: it had carried out something a host asked for. */
  ended(useful: boolean): CrashLoop | null {
    if (useful) {
      this.#consecutive = 0;
      return null;
    }
    this.#consecutive += 1;
    const beyond = this.#consecutive - DEFAULTS.tolerated;
    if (beyond <= 0) return null;
    // Past thirty doublings the delay has long been the longest.
    const delay = Math.min(DEFAULTS.firstDelayMs * 2 ** Math.min(beyond - 1, 30), DEFAULTS.longestDelayMs);
    this.#notBefore = this.#now() + delay;
    return this.waiting();
  }

  /** Null when a child may be started now. */
  waiting(): CrashLoop | null {
    const retryInMs = this.#notBefore - this.#now();
    return retryInMs > 0 ? { consecutive: this.#consecutive, retryInMs } : null;
  }
}
