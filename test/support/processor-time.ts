/** Comparing what two pieces of work cost, for tests that must not fail because the machine is busy. */

export interface Compared {
  readonly small: () => unknown;
  readonly large: () => unknown;
  /** A ratio that only work of another order reaches. */
  readonly bound: number;
}

/** Of a linear case one round is nearly always enough; what is over the bound in all of these is over it. */
const ROUNDS = 8;
/** The system counts in steps of some milliseconds: shorter work is repeated until it has taken this long. */
const LEAST_US = 40_000;

/**
 * How many times as much processor time `large` takes as `small`: the ratio of the least that each took, as soon as that is
 * under the bound. Noise only adds to a time, so more rounds only bring both nearer to what the work itself costs. It is the
 * time of this thread alone: other processes do not count, nor do the threads that compile and collect garbage beside it.
 */
export function processorTimeRatio({ small, large, bound }: Compared): number {
  // What runs for the first time is being compiled.
  large();
  // Once more than the other: a first reading that noise has made large would let anything pass.
  let leastSmall = cost(small);
  let leastLarge = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    leastLarge = Math.min(leastLarge, cost(large));
    leastSmall = Math.min(leastSmall, cost(small));
    if (leastLarge / leastSmall < bound) break;
  }
  return leastLarge / leastSmall;
}

/** Microseconds of one run. */
function cost(work: () => unknown): number {
  const before = process.threadCpuUsage();
  for (let runs = 1; ; runs += 1) {
    work();
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= LEAST_US) return (user + system) / runs;
  }
}
