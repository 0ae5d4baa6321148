/** Laws over generated rollouts: some runs in `npm test`, ten thousand of each law in `npm run laws`. */
import fc from "fast-check";

/** How many runs of a law are asked for; 0 where nobody asks for more than a test does by itself. */
export const LONG_RUNS: number = Number(process.env["ROLLOUT_TRACE_RUNS"] ?? 0);

/** Milliseconds that a law may take. */
export const LAW_TIMEOUT = Math.max(120_000, LONG_RUNS * 300);

/** Fails, with the smallest counterexample that the time left allows to find, where a law does not hold in so many runs. */
export function assertLaw<Values>(property: fc.IProperty<Values>, runs: number): void {
  fc.assert(property, {
    numRuns: LONG_RUNS > 0 ? LONG_RUNS : runs,
    // Making a counterexample smaller can take longer than any test may.
    interruptAfterTimeLimit: LAW_TIMEOUT / 2,
    markInterruptAsFailure: true,
  });
}
