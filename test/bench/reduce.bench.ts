/** `npm run bench -- reduce`: what an event costs in a long rollout, as a ratio to what it costs in a short one. */
import { type BenchRow, benchRow, median } from "./bench.ts";
import { runTrial } from "./trial.ts";

const SHORT_TURNS = 1_000;
const LONG_TURNS = 10_000;
const TRIALS = 3;

/** Takes no arguments. */
export async function reduceBench(): Promise<readonly BenchRow[]> {
  const short: Readonly<Record<string, number>>[] = [];
  const long: Readonly<Record<string, number>>[] = [];
  for (let trial = 0; trial < TRIALS; trial += 1) {
    short.push(await runTrial("reduce-trial.ts", [String(SHORT_TURNS)]));
    long.push(await runTrial("reduce-trial.ts", [String(LONG_TURNS)]));
  }
  const row = (figure: string, unit: string, bound: number) =>
    benchRow({
      bench: "reduce",
      case: `${figure}, ${LONG_TURNS} turns against ${SHORT_TURNS}`,
      value: median(long.map((trial) => trial[figure] ?? Number.NaN)),
      unit,
      baseline: median(short.map((trial) => trial[figure] ?? Number.NaN)),
      bound,
    });
  return [row("usPerEvent", "µs", 1.5), row("graphBytesPerEvent", "bytes", 1.2)];
}
