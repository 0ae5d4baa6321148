/**
 * `npm run bench -- scaling [--lengths 1000,10000,100000,1000000] [--warm 60000]`: what a recording call, an event in the file, an event in the
 * graph and the reduction of an event take in rollouts of these numbers of events; each against the shortest.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow } from "./bench.ts";
import { runTrial } from "./trial.ts";

const bench = "scaling";

/** The figures of a length, in the order in which they are drawn. */
const FIGURES = [
  { name: "reducing", of: "reduceUs", unit: "µs", bound: 1.5 },
  { name: "graph", of: "graphBytes", unit: "bytes", bound: 1.2 },
  { name: "store", of: "storeBytes", unit: "bytes", bound: 1.2 },
  { name: "recording call, median", of: "medianUs", unit: "µs" },
  { name: "recording call, 99th percentile", of: "p99Us", unit: "µs" },
] as const;

export async function scalingBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      lengths: { type: "string", default: "1000,10000,100000,1000000" },
      // What a short rollout mostly costs is the compiler; after so many events it is done.
      warm: { type: "string", default: "60000" },
    },
  });
  const lengths = values.lengths.split(",");
  const [shortest = ""] = lengths;
  const trials = new Map<string, Readonly<Record<string, number>>>();
  for (const length of lengths) trials.set(length, await runTrial("scaling-trial.ts", [length, values.warm]));
  const figure = (length: string, of: string): number =>
    trials.get(length)?.[of] ?? trials.get(length)?.[`${length}.${of}`] ?? Number.NaN;
  return FIGURES.flatMap(({ name, of, unit, ...more }) =>
    lengths.map((length) =>
      benchRow({
        bench,
        case: `${name}, ${Number(length).toLocaleString("en").replaceAll(",", " ")} events: per event`,
        value: figure(length, of),
        unit,
        ...(length === shortest ? {} : { baseline: figure(shortest, of), ...more }),
      }),
    ),
  );
}
