/**
 * `npm run bench -- exec-overhead [--samples 30] [--warm-iterations 25] [--tool-counts 0,32,128] [--trials 3]`: what a trivial cell costs from
 * request to response, beside the bare isolated-vm calls in the same run; with an observer against without; and what an idle
 * cell keeps in memory.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow, median } from "./bench.ts";
import { runTrial } from "./trial.ts";

type Figures = Readonly<Record<string, number>>;

const BENCH = "exec-overhead";
/** Of a pooled isolate, for a trivial cell. */
const WARM_BOUND = 1.25;
const MANY_TOOLS_BOUND = 1.15;
const OBSERVER_BOUND = 1.1;
const IDLE_MEMORY_BOUND = 1.2;
const IDLE_CELLS = 100;

export async function execOverheadBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      samples: { type: "string", default: "30" },
      "warm-iterations": { type: "string", default: "25" },
      "tool-counts": { type: "string", default: "0,32,128" },
      trials: { type: "string", default: "3" },
    },
  });
  const counts = [values.samples, values["warm-iterations"]];
  const runs = Number(values.trials);
  const trial = async (temperature: string, ...subjects: readonly string[]): Promise<Figures> =>
    await medianTrial(runs, "exec-overhead-trial.ts", [subjects.join(), temperature, ...counts]);
  const toolCounts = values["tool-counts"].split(",");

  const rows: BenchRow[] = [];
  for (const temperature of ["cold", "warm"]) {
    for (const tools of toolCounts) {
      const label = `${temperature}, ${tools} tools`;
      const bound = temperature === "warm" ? { bound: WARM_BOUND } : {};
      const [product, floor] = [`product:${tools}`, `floor:${tools}`];
      const both = await trial(temperature, product, floor);
      rows.push(
        meanRow(`${label}: mean`, both, bound),
        benchRow({
          bench: BENCH,
          case: `${label}: p95`,
          value: figure(both, "p950"),
          unit: "µs",
          baseline: figure(both, "p951"),
        }),
        growthRow(`${label}: RSS growth per exec`, await trial(temperature, product)),
        growthRow(`${label}: RSS growth per bare run`, await trial(temperature, floor)),
      );
    }
  }
  const sorted = toolCounts.map(Number).toSorted((left, right) => left - right);
  const [few, many] = [sorted.at(0), sorted.at(-1)];
  rows.push(
    meanRow(
      `warm, ${many} tools against ${few}: mean`,
      await trial("warm", `product:${many}`, `product:${few}`),
      { bound: MANY_TOOLS_BOUND },
    ),
    meanRow("warm, observed against not observed: mean", await trial("warm", "observed:0", "product:0"), {
      bound: OBSERVER_BOUND,
    }),
    await idleMemory(runs),
  );
  return rows;
}

/** The first subject's mean against the second's. */
function meanRow(name: string, figures: Figures, more: { readonly bound?: number }): BenchRow {
  return benchRow({
    bench: BENCH,
    case: name,
    value: figure(figures, "mean0"),
    unit: "µs",
    baseline: figure(figures, "mean1"),
    ratio: figure(figures, "ratio1"),
    ...more,
  });
}

function growthRow(name: string, figures: Figures): BenchRow {
  return benchRow({ bench: BENCH, case: name, value: figure(figures, "rssKibPerRun"), unit: "KiB" });
}

async function idleMemory(runs: number): Promise<BenchRow> {
  const product = await medianTrial(runs, "idle-memory-trial.ts", ["product", String(IDLE_CELLS)]);
  const floor = await medianTrial(runs, "idle-memory-trial.ts", ["floor", String(IDLE_CELLS)]);
  return benchRow({
    bench: BENCH,
    case: "resident memory of a yielded, idle cell (baseline: bare isolate)",
    value: figure(product, "kibPerCell"),
    unit: "KiB",
    baseline: figure(floor, "kibPerCell"),
    bound: IDLE_MEMORY_BOUND,
  });
}

/** Each figure's median over a few trials, each a process of its own. */
async function medianTrial(runs: number, program: string, args: readonly string[]): Promise<Figures> {
  const trials: Figures[] = [];
  for (let trial = 0; trial < runs; trial += 1) trials.push(await runTrial(program, args));
  const names = Object.keys(trials[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(trials.map((trial) => figure(trial, name)))]));
}

function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`the trial gave no figure ${name}`);
  return value;
}
