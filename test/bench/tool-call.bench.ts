/**
 * `npm run bench -- tool-call [--samples 15]`: what a nested call costs that the host answers at once, beside the bare bridge in
 * the same run. The bare bridge delivers one answer per turn, as the product has to in order to know in which turn a script
 * failed; a second row shows one that does not wait for turns.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow } from "./bench.ts";
import { runTrial } from "./trial.ts";

const BENCH = "tool-call";
const SEQUENTIAL_BOUND = 1.3;
const OBSERVER_BOUND = 1.1;
/** Ten times the calls in ten times the time, and some for memory that has to grow. */
const LINEAR_BOUND = 1.3;
const SUBJECTS = "product,floor,eager";

export async function toolCallBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: { samples: { type: "string", default: "15" } },
  });
  const trial = async (shape: string, calls: number): Promise<Readonly<Record<string, number>>> =>
    await runTrial("tool-call-trial.ts", [SUBJECTS, shape, String(calls), values.samples]);
  const sequential = await trial("sequential", 1_000);
  const parallel = await trial("parallel", 1_000);
  const large = await trial("parallel", 10_000);
  const observed = await runTrial("tool-call-trial.ts", [
    "observed,product",
    "sequential",
    "1000",
    values.samples,
  ]);
  return [
    ...against("1 000 sequential", sequential, SEQUENTIAL_BOUND),
    ...against("1 000 in one Promise.all", parallel),
    ...against("10 000 in one Promise.all", large),
    benchRow({
      bench: BENCH,
      case: "10 000 in one Promise.all against 1 000",
      value: large["product"] ?? Number.NaN,
      unit: "µs",
      baseline: parallel["product"] ?? Number.NaN,
      bound: LINEAR_BOUND,
    }),
    benchRow({
      bench: BENCH,
      case: "1 000 sequential, observed against not observed",
      value: observed["observed"] ?? Number.NaN,
      unit: "µs",
      baseline: observed["product"] ?? Number.NaN,
      ratio: observed["productRatio"] ?? Number.NaN,
      bound: OBSERVER_BOUND,
    }),
  ];
}

function against(name: string, figures: Readonly<Record<string, number>>, bound?: number): BenchRow[] {
  const row = (floor: string, label: string, more: { readonly bound?: number }): BenchRow =>
    benchRow({
      bench: BENCH,
      case: `${name}, per call${label}`,
      value: figures["product"] ?? Number.NaN,
      unit: "µs",
      baseline: figures[floor] ?? Number.NaN,
      ratio: figures[`${floor}Ratio`] ?? Number.NaN,
      ...more,
    });
  return [
    row("floor", "", bound === undefined ? {} : { bound }),
    row("eager", " (baseline: not waiting for turns)", {}),
  ];
}
