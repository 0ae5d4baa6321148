/**
 * Watches a child's resident memory while cells run. V8 lends a heap a gigabyte past its limit before it acts, and some
 * memory belongs to no heap; the only sure stop is from outside.
 */
import { closeSync, openSync, readSync } from "node:fs";

const POLL_MS = 25;
/** Cells come and go faster than timers are made: the watch goes on for a second after the last. */
const IDLE_LOOKS = 40;
/** What Linux counts in, on every platform that this reads. */
const PAGE_BYTES = 4096;

export class MemoryWatch implements Disposable {
  readonly #limitBytes: number;
  readonly #exceeded: (bytes: number) => void;
  readonly #buffer: Buffer = Buffer.alloc(128);
  /** Held open, so that it never is another process's. Null where the platform has none. */
  readonly #file: number | null;
  #timer: NodeJS.Timeout | undefined;
  #active = false;
  /** In a row, with no cell running. */
  #idleLooks = 0;

  constructor(pid: number, limitBytes: number, exceeded: (bytes: number) => void) {
    this.#limitBytes = limitBytes;
    this.#exceeded = exceeded;
    this.#file = openStatm(pid);
  }

  /** Whether there is anything to watch for. */
  set active(active: boolean) {
    this.#active = active;
    this.#idleLooks = 0;
    if (!active || this.#file === null) return;
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
    const bytes = this.residentBytes();
    if (bytes !== null && bytes > this.#limitBytes) this.#exceeded(bytes);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Null when the process is gone or the platform does not say. */
  residentBytes(): number | null {
    if (this.#file === null) return null;
    try {
      const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
      const pages = Number(this.#buffer.toString("latin1", 0, length).split(" ")[1]);
      return Number.isFinite(pages) ? pages * PAGE_BYTES : null;
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    this.#active = false;
    this.#stop();
    if (this.#file !== null) closeSync(this.#file);
  }
}

function openStatm(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/statm`, "r");
  } catch {
    return null;
  }
}
