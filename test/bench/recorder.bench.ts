/**
 * `npm run bench -- recorder [--trials 5] [--turns 2000] [--events 4000]`: what recording costs the host and the disk, beside what
 * one would do without a recorder. With no turns nothing is said of crowds and sizes.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow, median } from "./bench.ts";
import { runTrial } from "./trial.ts";

type Figures = Readonly<Record<string, number>>;
const PROGRAM = "recorder-trial.ts";
const bench = "recorder";

export async function recorderBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trials: { type: "string", default: "5" },
      turns: { type: "string", default: "2000" },
      events: { type: "string", default: "4000" },
    },
  });
  const trials = Number(values.trials);
  return [
    ...(await speedRows(trials, values.events)),
    ...(await disabledRows()),
    ...(values.turns === "0" ? [] : [...(await crowdRows()), ...(await sizeRows(Number(values.turns)))]),
  ];
}

/** All in turns, so that whatever else the machine does meets each of them. */
async function speedRows(trials: number, events: string): Promise<readonly BenchRow[]> {
  const names = ["process", "files", "batch", "bare", "batch-unredacted", "spans"] as const;
  const figures: Record<(typeof names)[number], Figures[]> = {
    process: [],
    files: [],
    batch: [],
    bare: [],
    "batch-unredacted": [],
    spans: [],
  };
  for (let trial = 0; trial < trials; trial += 1) {
    for (const name of names) figures[name].push(await runTrial(PROGRAM, [name, events]));
  }
  const of = (name: (typeof names)[number], figure: string): readonly number[] =>
    figures[name].map((each) => each[figure] ?? Number.NaN);
  const compare = (
    title: string,
    name: (typeof names)[number],
    baseline: (typeof names)[number],
    bound?: number,
  ) => {
    const [ours, theirs] = [of(name, "usPerEvent"), of(baseline, "usPerEvent")];
    return benchRow({
      bench,
      case: title,
      value: median(ours),
      unit: "µs",
      baseline: median(theirs),
      ratio: median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN))),
      ...(bound === undefined ? {} : { bound }),
    });
  };
  const longest = (name: (typeof names)[number], figure: string, title: string) =>
    benchRow({ bench, case: title, value: median(of(name, figure)), unit: "ms" });
  return [
    compare(
      "an event with 1 kB payload, durability process, against JSON lines + a file",
      "process",
      "files",
      1,
    ),
    compare(
      "the same, durability batch, nothing redacted, against bare better-sqlite3",
      "batch-unredacted",
      "bare",
      1.25,
    ),
    compare("the same, durability batch, against bare better-sqlite3", "batch", "bare"),
    compare("the same, durability batch, against the same without redaction", "batch", "batch-unredacted"),
    compare(
      "the same, durability batch, against OpenTelemetry spans in a batch processor and a file",
      "batch",
      "spans",
    ),
    longest("process", "p999Ms", "longest call in a thousand, durability process"),
    longest("process", "maxMs", "longest call in 4 000, durability process"),
    longest("batch", "maxMs", "longest call in 40 000, durability batch"),
  ];
}

async function disabledRows(): Promise<readonly BenchRow[]> {
  const { nsPerCall = Number.NaN } = await runTrial(PROGRAM, ["disabled"]);
  return [benchRow({ bench, case: "a call of a disabled handle", value: nsPerCall, unit: "ns", bound: 50 })];
}

async function crowdRows(): Promise<readonly BenchRow[]> {
  const figures = await runTrial(PROGRAM, ["crowd"]);
  const { longestMs = Number.NaN, missing = Number.NaN, eventsPerSecond = Number.NaN } = figures;
  const crowd = "8 processes × 2 000 events into one file";
  return [
    benchRow({ bench, case: `${crowd}: longest call`, value: longestMs, unit: "ms", bound: 1000 }),
    benchRow({ bench, case: `${crowd}: lost`, value: missing, unit: "events", bound: 0 }),
    benchRow({ bench, case: `${crowd}: together`, value: eventsPerSecond, unit: "events/s" }),
  ];
}

async function sizeRows(turns: number): Promise<readonly BenchRow[]> {
  const session = await runTrial(PROGRAM, ["session", "200"]);
  const growth = await runTrial(PROGRAM, ["growth", String(turns)]);
  const forks = await runTrial(PROGRAM, ["forks"]);
  const of = (figures: Figures, name: string): number => figures[name] ?? Number.NaN;
  const bytes = (figures: Figures, names: readonly string[]): number =>
    names.reduce((sum, name) => sum + of(figures, name), 0);
  return [
    benchRow({
      bench,
      case: "200 turns of growing requests, against a file per request",
      value: of(session, "storeBytes"),
      unit: "bytes",
      baseline: of(session, "requestBytes"),
      bound: 1 / 20,
    }),
    benchRow({
      bench,
      case: `bytes of a turn at turn ${turns}, against turn 100`,
      value: of(growth, "late"),
      unit: "bytes",
      baseline: of(growth, "early"),
      bound: 1.2,
    }),
    benchRow({
      bench,
      case: "500 turns and 20 forks: payload content stored, against unique payload bytes",
      value: bytes(forks, ["chunkBytes", "ropeBytes"]),
      unit: "bytes",
      baseline: of(forks, "uniqueBytes"),
      bound: 1.1,
    }),
    benchRow({
      bench,
      case: "500 turns and 20 forks: the whole file without its indexes, against unique payload and event bytes",
      value: of(forks, "fileBytes") - of(forks, "indexBytes"),
      unit: "bytes",
      baseline: bytes(forks, ["uniqueBytes", "eventBytes"]),
    }),
  ];
}
