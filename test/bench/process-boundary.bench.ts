/**
 * `npm run bench -- process-boundary [--samples 60] [--calls 300] [--sessions 200]`: what a trivial cell and a nested call cost
 * through the process boundary, beside a bare child over pipes and beside in process in the same run; how long the first cell
 * takes with its child's start; and what an idle session keeps in both processes together.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow } from "./bench.ts";
import { runTrial } from "./trial.ts";

const BENCH = "process-boundary";
const FLOOR_BOUND = 1.3;

export async function processBoundaryBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      samples: { type: "string", default: "60" },
      calls: { type: "string", default: "300" },
      sessions: { type: "string", default: "200" },
    },
  });
  const figures = await runTrial("process-boundary-trial.ts", [
    values.samples,
    values.calls,
    values.sessions,
  ]);
  const of = (name: string): number => figures[name] ?? Number.NaN;
  const against = (what: string, label: string): BenchRow[] => [
    benchRow({
      bench: BENCH,
      case: `${label} (baseline: bare child)`,
      value: of(`${what}.remote`),
      unit: "µs",
      baseline: of(`${what}.floor`),
      ratio: of(`${what}.floorRatio`),
      bound: FLOOR_BOUND,
    }),
    benchRow({
      bench: BENCH,
      case: `${label} (baseline: in process)`,
      value: of(`${what}.remote`),
      unit: "µs",
      baseline: of(`${what}.local`),
      ratio: of(`${what}.localRatio`),
    }),
  ];
  return [
    ...against("exec", "warm exec"),
    ...against("call", "nested call, one after the other"),
    benchRow({ bench: BENCH, case: "first exec, child's start included", value: of("coldMs"), unit: "ms" }),
    benchRow({ bench: BENCH, case: "memory of an idle session", value: of("idleSessionKib"), unit: "KiB" }),
  ];
}
