/** Notices that the other side says nothing any more while it is expected to. */

/** The silence is measured in so many steps; a loop of ours that was blocked for all of it counts as one step only. */
const STEPS = 5;

export class Heartbeat implements Disposable {
  readonly #stepMs: number;
  readonly #ping: () => void;
  readonly #silent: () => void;
  /** Goes on for a step after it is not needed any more, because requests come and go faster than timers are made. */
  #timer: NodeJS.Timeout | undefined;
  #active = false;
  #quietSteps = 0;

  /** `silent` is called after `silenceMs` in which `heard` was not, although the other side was pinged. */
  constructor(silenceMs: number, ping: () => void, silent: () => void) {
    this.#stepMs = silenceMs / STEPS;
    this.#ping = ping;
    this.#silent = silent;
  }

  heard(): void {
    this.#quietSteps = 0;
  }

  /** Whether the other side is expected to be there. */
  set active(active: boolean) {
    if (active === this.#active) return;
    this.#active = active;
    this.#quietSteps = 0;
    if (!active) return;
    this.#timer ??= setInterval(() => {
      this.#step();
    }, this.#stepMs).unref();
  }

  #step(): void {
    if (!this.#active) {
      this[Symbol.dispose]();
      return;
    }
    this.#quietSteps += 1;
    if (this.#quietSteps > STEPS) this.#silent();
    else if (this.#quietSteps > 1) this.#ping();
  }

  [Symbol.dispose](): void {
    this.#active = false;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
