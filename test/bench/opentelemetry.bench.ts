/**
 * `npm run bench -- opentelemetry [--trials 5] [--turns 500]`: what a session costs with tracing off, with the store alone, with
 * the recorder's spans, and with the host's own spans in the store; in time of CPU.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow, median } from "./bench.ts";
import { runTrial } from "./trial.ts";

const BENCH = "opentelemetry";
const SUBJECTS = ["off", "store", "sdk", "spans", "host"] as const;
type Subject = (typeof SUBJECTS)[number];

/** A turn has 14 events and 6 spans of the recorder's: a span may cost what an event costs, and no more. */
const SPANS_BOUND = 1.43;

export async function openTelemetryBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: { trials: { type: "string", default: "5" }, turns: { type: "string", default: "500" } },
  });
  const figures: Record<Subject, number[]> = { off: [], store: [], sdk: [], spans: [], host: [] };
  // In turns, so that whatever else the machine does meets each of them.
  for (let trial = 0; trial < Number(values.trials); trial += 1) {
    for (const subject of SUBJECTS) {
      const { usPerTurn = Number.NaN } = await runTrial("opentelemetry-trial.ts", [subject, values.turns]);
      figures[subject].push(usPerTurn);
    }
  }
  const row = (title: string, subject: Subject, baseline: Subject, bound?: number): BenchRow =>
    benchRow({
      bench: BENCH,
      case: title,
      value: median(figures[subject]),
      unit: "µs",
      baseline: median(figures[baseline]),
      ratio: median(figures[subject].map((us, index) => us / (figures[baseline][index] ?? Number.NaN))),
      ...(bound === undefined ? {} : { bound }),
    });
  return [
    benchRow({
      bench: BENCH,
      case: "a turn with a request and 4 tool calls, tracing off",
      value: median(figures.off),
      unit: "µs",
    }),
    row("the same, store only, against tracing off", "store", "off"),
    row("the same, store and spans, against store only", "spans", "store"),
    row("the same, against a store without spans beside an SDK", "spans", "sdk", SPANS_BOUND),
    row("the same, and 4 spans of the host stored, against store and spans", "host", "spans"),
  ];
}
