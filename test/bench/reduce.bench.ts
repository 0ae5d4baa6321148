/**
 * `npm run bench -- reduce [TURNS…]`: what an event costs to reduce, against what its bytes cost to parse and against a short
 * rollout. Without arguments: 1 000, 10 000 and 100 000 turns, a rollout of a million events, stores of 200 and 2 000 turns, and
 * stores of 200 and 1 000 turns of which each request repeats all that was said. All times are processor time of the thread that reduces: other processes do not count, nor do the threads that
 * collect garbage beside it.
 */
import { type BenchRow, benchRow } from "./bench.ts";
import { runTrial } from "./trial.ts";

const TURNS = [1_000, 10_000, 100_000];
/** Each has 253 calls with two events each. */
const MILLION_EVENTS_CELLS = 1_960;
const STORE_TURNS = [200, 2_000] as const;
/** Recording them takes longer than reducing them: somebody has to write each request. */
const UNCOMPACTED_TURNS = [200, 1_000] as const;
/** Longer rollouts say the same each time, and much shorter ones nothing. */
const TRIALS = { short: 3, long: 1, longFrom: 50_000, shortFrom: 100 };

/** Times: of the longest per event against the shortest, and of reducing against parsing. */
const BOUNDS = Object.freeze({ growth: 1.5, parse: 4, graphGrowth: 1.2, memoryGrowth: 1.2, bytes: 1.05 });

type Figures = Readonly<Record<string, number>>;

export async function reduceBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const isAll = args.length === 0;
  const turns = isAll ? TURNS : args.map(Number);
  const rows: BenchRow[] = [];
  for (const shape of ["full", "incremental"]) {
    const bySize: Figures[] = [];
    for (const size of turns) bySize.push(await trials("reduce-trial.ts", [shape, String(size)], size));
    for (const [index, size] of turns.entries()) {
      rows.push(...sizeRows(`${shape}, ${size} turns`, bySize[index] ?? {}));
    }
    const [first, last] = [bySize[0], bySize.at(-1)];
    if (first !== undefined && last !== undefined && first !== last) {
      const name = `${shape}, ${turns.at(-1)} turns against ${turns[0]}`;
      rows.push(...growthRows(name, { from: first, to: last }));
    }
  }
  if (!isAll) return rows;
  const cells = await trials("reduce-trial.ts", ["cells", String(MILLION_EVENTS_CELLS)], TRIALS.longFrom);
  rows.push(...sizeRows(`cells, ${cells["events"]} events`, cells));
  rows.push(await storeRow("store", STORE_TURNS, []));
  const never = [String(UNCOMPACTED_TURNS[1] + 1)];
  rows.push(await storeRow("store, never compacted", UNCOMPACTED_TURNS, never));
  return rows;
}

async function storeRow(
  name: string,
  [small, large]: readonly [number, number],
  args: readonly string[],
): Promise<BenchRow> {
  const from = await trials("reduce-store-trial.ts", [String(small), ...args], small);
  const to = await trials("reduce-store-trial.ts", [String(large), ...args], large);
  return row(`${name}, ${large} turns against ${small}: per event`, "µs", {
    value: to["reduceUs"],
    baseline: from["reduceUs"],
    bound: BOUNDS.growth,
  });
}

/** The figures of the middle one of some runs, each a process of its own: by its ratio to parsing, where it has parsed. */
async function trials(program: string, args: readonly string[], size: number): Promise<Figures> {
  const count = size >= TRIALS.longFrom || size < TRIALS.shortFrom ? TRIALS.long : TRIALS.short;
  const runs: Figures[] = [];
  for (let trial = 0; trial < count; trial += 1) runs.push(await runTrial(program, args));
  const slowness = ({ reduceUs = Number.NaN, parseUs = 1 }: Figures): number => reduceUs / parseUs;
  return runs.toSorted((left, right) => slowness(left) - slowness(right))[count >> 1] ?? {};
}

function sizeRows(name: string, figures: Figures): readonly BenchRow[] {
  return [
    row(`${name}: per event against parsing`, "µs", {
      value: figures["reduceUs"],
      baseline: figures["parseUs"],
      bound: BOUNDS.parse,
    }),
    row(`${name}: bytes parsed against unique bytes, per event`, "bytes", {
      value: figures["readBytes"],
      baseline: figures["uniqueBytes"],
      bound: BOUNDS.bytes,
    }),
    row(`${name}: peak memory`, "MiB", { value: figures["peakMib"] }),
  ];
}

function growthRows(name: string, { from, to }: { from: Figures; to: Figures }): readonly BenchRow[] {
  return [
    row(`${name}: per event`, "µs", {
      value: to["reduceUs"],
      baseline: from["reduceUs"],
      bound: BOUNDS.growth,
    }),
    row(`${name}: graph per event`, "bytes", {
      value: to["graphBytes"],
      baseline: from["graphBytes"],
      bound: BOUNDS.graphGrowth,
    }),
    row(`${name}: peak memory per event`, "KiB", {
      value: memoryPerEvent(to),
      baseline: memoryPerEvent(from),
      bound: BOUNDS.memoryGrowth,
    }),
  ];
}

/** With all that a process has besides, so of a long rollout at most what it is of a short one. */
function memoryPerEvent(figures: Figures): number {
  return (1024 * (figures["peakMib"] ?? Number.NaN)) / (figures["events"] ?? Number.NaN);
}

interface Compared {
  readonly value: number | undefined;
  readonly baseline?: number | undefined;
  readonly bound?: number | undefined;
}

function row(name: string, unit: string, { value = Number.NaN, baseline, bound }: Compared): BenchRow {
  return benchRow({
    bench: "reduce",
    case: name,
    value,
    unit,
    ...(baseline === undefined ? {} : { baseline }),
    ...(bound === undefined ? {} : { bound }),
  });
}
