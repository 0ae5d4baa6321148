/** Numbers that Linux keeps about a process, in a file of `/proc`. */
import { closeSync, openSync, readSync } from "node:fs";

/** More than a line of these has. */
const LINE_BYTES = 128;

export class ProcessFile implements Disposable {
  readonly #buffer: Buffer = Buffer.alloc(LINE_BYTES);
  /** Held open, so that it never is another process's. Null where the platform has none. */
  readonly #file: number | null;

  constructor(pid: number, name: "statm" | "schedstat") {
    this.#file = open(`/proc/${pid}/${name}`);
  }

  get exists(): boolean {
    return this.#file !== null;
  }

  /** What the line has at this position; null when the process is gone or the platform does not say. */
  number(position: number): number | null {
    if (this.#file === null) return null;
    try {
      const length = readSync(this.#file, this.#buffer, 0, LINE_BYTES, 0);
      const word = this.#buffer.toString("latin1", 0, length).split(" ")[position];
      const number = Number(word);
      return word !== undefined && Number.isFinite(number) ? number : null;
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file);
  }
}

function open(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
}
