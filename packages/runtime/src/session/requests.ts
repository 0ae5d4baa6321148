/** Defaults and ranges of what hosts ask for. */
import { CodeModeError } from "../errors.ts";

/** Long enough for most scripts to finish, short enough for a model to be asked how to go on. */
export const DEFAULT_YIELD_TIME_MS = 10_000;

/** The longest that the host's timers can wait. */
const MAX_YIELD_TIME_MS = 2 ** 31 - 1;

/** Throws `invalid_request` unless `yieldTimeMs` is absent or a number of milliseconds that a timer can wait. */
export function resolveYieldTime(yieldTimeMs: number | undefined): number {
  const ms = yieldTimeMs ?? DEFAULT_YIELD_TIME_MS;
  if (ms >= 0 && ms <= MAX_YIELD_TIME_MS) return ms;
  throw new CodeModeError(
    "invalid_request",
    `yieldTimeMs is ${ms}; it must be between 0 and ${MAX_YIELD_TIME_MS} milliseconds`,
  );
}
