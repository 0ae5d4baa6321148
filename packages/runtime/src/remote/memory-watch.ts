/**
 * Watches a child's resident memory while cells run. V8 lends a heap a gigabyte past its limit before it acts, and some
 * memory belongs to no heap; the only sure stop is from outside.
 */
import { ProcessFile } from "./process-file.ts";

const POLL_MS = 25;
/** Cells come and go faster than timers are made: the watch goes on for a second after the last. */
const IDLE_LOOKS = 40;
/** Where `statm` has the resident pages, and what Linux counts in, on every platform that this reads. */
const RESIDENT = 1;
const PAGE_BYTES = 4096;

export class MemoryWatch implements Disposable {
  readonly #limitBytes: number;
  readonly #exceeded: (bytes: number) => void;
  readonly #statm: ProcessFile;
  #timer: NodeJS.Timeout | undefined;
  #active = false;
  /** In a row, with no cell running. */
  #idleLooks = 0;

  constructor(pid: number, limitBytes: number, exceeded: (bytes: number) => void) {
    this.#limitBytes = limitBytes;
    this.#exceeded = exceeded;
    this.#statm = new ProcessFile(pid, "statm");
  }

  /** Whether there is anything to watch for. */
  set active(active: boolean) {
    this.#active = active;
    this.#idleLooks = 0;
    if (!active || !this.#statm.exists) return;
    this.#timer ??= setInterval(() => {
      this.#look();
    }, POLL_MS).unref();
  }

  #look(): void {
    if (!this.#active) {
      this.#idleLooks += 1;
      if (this.#idleLooks > IDLE_LOOKS) this.#stop();
      return;
    }
    const pages = this.#statm.number(RESIDENT);
    if (pages !== null && pages * PAGE_BYTES > this.#limitBytes) this.#exceeded(pages * PAGE_BYTES);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.#active = false;
    this.#stop();
    this.#statm[Symbol.dispose]();
  }
}
