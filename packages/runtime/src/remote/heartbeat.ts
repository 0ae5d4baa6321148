/**
 * Notices that a process says nothing any more while it is expected to. A moment in which it wanted a processor and got none is
 * no silence of its own: a busy machine may keep a process of low priority waiting for a long time.
 */
import { ProcessFile } from "./process-file.ts";

/** The silence is measured in so many steps; a loop of ours that was blocked for all of it counts as one step only. */
const STEPS = 5;
/** A silence may take so many times as long where the process was waiting for a processor meanwhile; then that is no reason any more. */
const PATIENCE = 6;
/** Where `schedstat` has the nanoseconds for which a process's first thread, its loop's, has waited for a processor. */
const WAITED = 1;

export interface HeartbeatOptions {
  /** Undefined when there is no process. */
  readonly pid: number | undefined;
  readonly silenceMs: number;
  /** Asks for a word. */
  readonly ping: () => void;
  /** `heard` was not called for `silenceMs`. */
  readonly silent: () => void;
}

export class Heartbeat implements Disposable {
  readonly #options: HeartbeatOptions;
  readonly #stepMs: number;
  readonly #schedstat: ProcessFile | null;
  /** Goes on for a step after it is not needed any more, because requests come and go faster than timers are made. */
  #timer: NodeJS.Timeout | undefined;
  #active = false;
  #quietSteps = 0;
  /** How long it had waited when it fell quiet. */
  #waitedBefore = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#stepMs = options.silenceMs / STEPS;
    this.#schedstat = options.pid === undefined ? null : new ProcessFile(options.pid, "schedstat");
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
      this.#stop();
      return;
    }
    if (this.#quietSteps === 0) this.#waitedBefore = this.#waitedMs();
    this.#quietSteps += 1;
    const waitedSteps = (this.#waitedMs() - this.#waitedBefore) / this.#stepMs;
    if (this.#quietSteps - waitedSteps > STEPS || this.#quietSteps > STEPS * PATIENCE) this.#options.silent();
    else if (this.#quietSteps > 1) this.#options.ping();
  }

  /** The same each time where the platform does not say. */
  #waitedMs(): number {
    return (this.#schedstat?.number(WAITED) ?? 0) / 1e6;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.#active = false;
    this.#stop();
    this.#schedstat?.[Symbol.dispose]();
  }
}
