/** Runs a target for a while and minimises what it finds. */
import type { JsonValue } from "@rollout-trace/protocol";
import fc from "fast-check";
import type { FuzzTarget } from "./target.ts";

export interface Finding {
  readonly target: string;
  /** With these two the generator gives the input again, as long as it is what it was. */
  readonly seed: number;
  readonly path: string;
  /** Minimised. */
  readonly input: JsonValue;
  readonly message: string;
}

export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  /** The seeds of its rounds: from the first to the last, by ones. */
  readonly seeds: readonly [number, number];
  readonly finding: Finding | null;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Inputs of a round; each round has a seed of its own, so that one that finds something can be played alone. */
  readonly roundInputs?: number;
}

const ROUND_INPUTS = 50;
/** Finding something small that fails takes longer than finding something that fails. */
const SHRINK_MS = 60_000;

/** Fuzzes until the time is up or something is found. The first round is always played whole. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzReport> {
  const until = performance.now() + options.seconds * 1000;
  let seed = options.seed;
  let inputs = 0;
  for (; ; seed += 1) {
    let failed = false;
    const details = await fc.check(
      fc.asyncProperty(target.inputs, async (input) => {
        // The rest of a later round is let go when the time is up; what has failed is made small first.
        const isLate = performance.now() > until + (failed ? SHRINK_MS : 0);
        if (isLate && (failed || seed > options.seed)) return;
        inputs += 1;
        try {
          await target.check(input);
        } catch (error) {
          failed = true;
          throw error;
        }
      }),
      { seed, numRuns: options.roundInputs ?? ROUND_INPUTS },
    );
    const finding = details.failed && details.counterexample !== null ? findingOf(target, details) : null;
    if (finding !== null || performance.now() >= until) {
      return { target: target.name, inputs, seeds: [options.seed, seed], finding };
    }
  }
}

function findingOf(target: FuzzTarget, details: fc.RunDetails<[JsonValue]>): Finding {
  const { errorInstance, seed, counterexample, counterexamplePath } = details;
  return {
    target: target.name,
    seed,
    path: counterexamplePath ?? "",
    input: counterexample?.[0] ?? null,
    message:
      errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance),
  };
}
