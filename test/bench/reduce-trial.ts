/**
 * `reduce-trial.ts SHAPE TURNS`: reduces one made-up rollout and prints, per event, the processor time of reducing it and of
 * parsing its unique bytes, both in µs, and what it came to:
 * `{events, reduceUs, reduceTotalUs, parseUs, readBytes, uniqueBytes, peakMib, graphBytes}`.
 *
 * Processor time of the thread is hardly moved by what else the machine does; `reduceTotalUs` is that of all threads, those that
 * collect garbage and compile among them. What a short rollout mostly costs is the compiler, so all of it is measured warm. Making the
 * texts up, parsing them and reducing them take turns, and what making them up costs is taken away from the other two. A shared
 * processor is faster and slower in spells that last longer than a round: so both times are those of one round, the one whose ratio is
 * the middle of all (of two the larger). The least of each would be the luckiest moments of two, and the shorter has more of them.
 */
import { createReducer, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { graphLength } from "./figures.ts";
import { LongRollout, type Shape } from "./reduce-source.ts";

/** What is shorter is reduced to see that it works, not to measure. */
const MEASURED_TURNS = 100;
/** Enough for the compiler to be done. */
const WARM_EVENTS = 60_000;
/** Rounds are as many as make so many events, and not fewer or more than these. */
const ROUNDS = { events: 600_000, least: 6, most: 9 };
/** The system counts a thread's time in steps of some milliseconds: shorter rollouts are taken several times in a row. */
const LEAST_EVENTS = 60_000;
const [shape, turns] = [process.argv[2] as Shape, Number(process.argv[3])];
const source = (parse: boolean, of: number = turns) => new LongRollout({ turns: of, shape, parse });

const isMeasured = turns >= MEASURED_TURNS;
const perTurn = source(true, 40).readOnce() / 40;
const warmTurns = isMeasured ? Math.ceil(WARM_EVENTS / perTurn) : turns;
for (const parse of [false, true]) source(parse, warmTurns).readOnce();
reduceRollout(source(true, warmTurns));
// While a reduction lives, what the compiler has learnt of its objects is not collected with those of the rounds.
const kept = source(true, 40);
const living = createReducer({ payloads: kept });
for (const record of kept.events()) if (record.type === "event") living.apply(record.value);
graphLength(living.snapshot());

const runs = isMeasured ? Math.ceil(LEAST_EVENTS / (perTurn * turns)) : 1;
const inRound = perTurn * turns * runs;
const rounds = isMeasured
  ? Math.max(ROUNDS.least, Math.min(ROUNDS.most, Math.round(ROUNDS.events / inRound)))
  : ROUNDS.least;
/** Microseconds of processor time. */
interface Spent {
  readonly threadUs: number;
  readonly totalUs: number;
}

const measured: { readonly parse: Spent; readonly reduce: Spent }[] = [];
let events = 0;
let [readBytes, uniqueBytes] = [0, 0];
let graph: RolloutGraph | null = null;
for (let round = 0; round < rounds; round += 1) {
  graph = null;
  const madeUp = spentOn(() => source(false).readOnce());
  const parsed = spentOn(() => {
    const unique = source(true);
    events = unique.readOnce();
    uniqueBytes = unique.bytes;
  });
  const reduced = spentOn(() => {
    const read = source(true);
    graph = reduceRollout(read, { mode: "strict" });
    readBytes = read.bytes;
  });
  measured.push({ parse: without(parsed, madeUp), reduce: without(reduced, madeUp) });
}
const ratioOf = ({ parse, reduce }: (typeof measured)[number]): number => reduce.threadUs / parse.threadUs;
measured.sort((left, right) => ratioOf(left) - ratioOf(right));
const { parse, reduce } = measured[rounds >> 1] as (typeof measured)[number];
graphLength(living.snapshot());
const peakMib = process.resourceUsage().maxRSS / 1024;

process.stdout.write(
  JSON.stringify({
    events,
    reduceUs: reduce.threadUs / events,
    reduceTotalUs: reduce.totalUs / events,
    parseUs: parse.threadUs / events,
    readBytes: readBytes / events,
    uniqueBytes: uniqueBytes / events,
    peakMib,
    graphBytes: graph === null ? 0 : graphLength(graph) / events,
  }),
);

function spentOn(run: () => unknown): Spent {
  globalThis.gc?.();
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  for (let each = 0; each < runs; each += 1) run();
  const [threadSpent, allSpent] = [process.threadCpuUsage(thread), process.cpuUsage(all)];
  return {
    threadUs: (threadSpent.user + threadSpent.system) / runs,
    totalUs: (allSpent.user + allSpent.system) / runs,
  };
}

function without(spent: Spent, other: Spent): Spent {
  return { threadUs: spent.threadUs - other.threadUs, totalUs: spent.totalUs - other.totalUs };
}
