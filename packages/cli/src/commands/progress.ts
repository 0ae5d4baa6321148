/** Progress of what takes over a second, on stderr's terminal and nowhere else. */
import type { ReduceProgress } from "@rollout-trace/reducer";
import type { CommandIo } from "../io.ts";
import { grouped } from "../render/format.ts";

/** Milliseconds before anything is shown: what is done by then needs no progress. */
const QUIET_MS = 1_000;
/** Milliseconds between two updates. */
const UPDATE_MS = 100;

/** Runs something that reports its progress, and takes the progress away again when it ends. */
export function watched<Result>(
  io: CommandIo,
  doing: string,
  run: (onProgress: (progress: ReduceProgress) => void) => Result,
): Result {
  const { passing } = io;
  if (passing === null) return run(() => undefined);
  let next = Date.now() + QUIET_MS;
  let isShown = false;
  try {
    return run(({ events, total }) => {
      const now = Date.now();
      if (now < next) return;
      next = now + UPDATE_MS;
      isShown = true;
      const share =
        total === null || total === 0
          ? ""
          : ` of ${grouped(total)} (${Math.floor((events * 100) / total)} %)`;
      passing(`${doing}: ${grouped(events)}${share} events`);
    });
  } finally {
    if (isShown) passing("");
  }
}
