/** Progress of what takes over a second, on stderr's terminal and nowhere else. */
import type { ReduceProgress } from "@rollout-trace/reducer";
import type { CommandIo } from "../io.ts";
import { grouped } from "../render/format.ts";

/** Milliseconds before anything is shown: what is done by then needs no progress. */
const QUIET_MS = 1_000;
/** Milliseconds between two updates. */
const UPDATE_MS = 100;

/** One line that says how far something is. Disposing of it takes the line away. */
export interface ProgressLine extends Disposable {
  /** Asks for the text only when it is time to show it. */
  show(text: () => string): void;
  /** Takes the line away until the next one, so that something else can be printed. */
  clear(): void;
}

export function progressLine({ passing }: CommandIo): ProgressLine {
  let next = Date.now() + QUIET_MS;
  let isShown = false;
  const clear = (): void => {
    if (isShown) passing?.("");
    isShown = false;
  };
  return {
    show(text) {
      const now = Date.now();
      if (passing === null || now < next) return;
      next = now + UPDATE_MS;
      isShown = true;
      passing(text());
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

/** Runs something that reports its progress, and takes the progress away again when it ends. */
export function watched<Result>(
  io: CommandIo,
  doing: string,
  run: (onProgress: (progress: ReduceProgress) => void) => Result,
): Result {
  using line = progressLine(io);
  return run(({ events, total }) => {
    io.atWork?.();
    line.show(() => {
      const share =
        total === null || total === 0
          ? ""
          : ` of ${grouped(total)} (${Math.floor((events * 100) / total)} %)`;
      return `${doing}: ${grouped(events)}${share} events`;
    });
  });
}
