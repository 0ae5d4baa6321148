/** The wall clock in microseconds. */

/** Microseconds since the epoch; never needs to be exact, only to follow the wall clock. */
export type Clock = () => number;

/** Milliseconds by which the monotonic clock may differ from the wall clock before it is set anew (sleep, NTP). */
const MAX_DRIFT_MS = 5;

/** `Date.now()` has only milliseconds: the digits below come from the monotonic clock, anchored to it. */
export function wallClock(): Clock {
  let anchor = Date.now() - performance.now();
  return () => {
    const wall = Date.now();
    const monotonic = performance.now();
    if (Math.abs(anchor + monotonic - wall) > MAX_DRIFT_MS) anchor = wall - monotonic;
    return Math.round((anchor + monotonic) * 1000);
  };
}
