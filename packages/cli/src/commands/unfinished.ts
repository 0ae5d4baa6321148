/** Files and folders while they are made, and what becomes of them when a signal ends the process. */
import { existsSync, mkdirSync, openSync, realpathSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ENDING_SIGNALS, exitCodeAfter } from "../errors.ts";

/** A file or folder that is made beside its place, under another name, until it is whole. Disposed of before, it is removed. */
export class Unfinished implements Disposable {
  /** Where it is made. */
  readonly path: string;
  readonly #place: string;
  /** What of it there is: itself, or the outermost of the folders that had to be made for it. */
  #made: string | null = null;

  /** `place` is where it will be; a link stays a link to what is replaced. */
  constructor(place: string) {
    this.#place = existsSync(place) ? realpathSync(place) : resolve(place);
    this.path = `${this.#place}.${process.pid}.partial`;
  }

  /** Makes it a file, open for writing. Nothing that has its name is touched. */
  openFile(): number {
    const file = openSync(this.path, "wx");
    this.#made = this.path;
    return file;
  }

  /** Makes it a folder, and those that it is in. Nothing that has its name is touched. */
  makeFolder(): void {
    const made = mkdirSync(this.path, { recursive: true });
    if (made === undefined) throw new Error(`${this.path} is already there`);
    this.#made = made;
  }

  /** Takes its place in one step. */
  finish(): void {
    renameSync(this.path, this.#place);
    this.#made = null;
  }

  [Symbol.dispose](): void {
    if (this.#made !== null) rmSync(this.#made, { recursive: true, force: true });
    this.#made = null;
  }
}

const undoings = new Set<() => void>();

/**
 * Until disposed of: when Ctrl-C, SIGTERM or SIGHUP ends the process, `undo` is called first. The exit code is then 128 and the
 * signal's number, as a shell counts it. Signals are heard between turns only: what is long has to give others theirs.
 */
export function undoneBySignal(undo: () => void): Disposable {
  if (undoings.size === 0) for (const signal of ENDING_SIGNALS) process.on(signal, end);
  undoings.add(undo);
  return {
    [Symbol.dispose]() {
      undoings.delete(undo);
      if (undoings.size === 0) for (const signal of ENDING_SIGNALS) process.off(signal, end);
    },
  };
}

function end(signal: (typeof ENDING_SIGNALS)[number]): void {
  for (const undo of undoings) undo();
  process.exit(exitCodeAfter(signal));
}

/** Milliseconds of work before others get a turn: a person's Ctrl-C should not seem to be ignored. */
const TURN_MS = 50;

/** Gives others a turn now and then during long work. */
export class Turns {
  #last = performance.now();

  async offer(): Promise<void> {
    if (performance.now() - this.#last < TURN_MS) return;
    await nextTurn();
    this.#last = performance.now();
  }
}
