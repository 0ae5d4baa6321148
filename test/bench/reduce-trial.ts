/**
 * `reduce-trial.ts SHAPE TURNS`: reduces one made-up rollout and prints, per event, the processor time of reducing it and of
 * parsing its unique bytes, both in µs, and what it came to:
 * `{events, reduceUs, parseUs, readBytes, uniqueBytes, peakMib, graphBytes}`.
 *
 * Processor time of the thread is not moved by what else the machine does. Measured warm: what a short rollout mostly costs is the
 * compiler. What it costs to make the texts up is measured apart and taken away.
 */
import { reduceRollout } from "@rollout-trace/reducer";
import { graphLength } from "./figures.ts";
import { LongRollout, readOnce, type Shape } from "./reduce-source.ts";

/** Enough for the compiler to be done. */
const WARM_EVENTS = 60_000;

const [shape, turns] = [process.argv[2] as Shape, Number(process.argv[3])];
const source = (parse: boolean, of: number = turns) => new LongRollout({ turns: of, shape, parse });

const perTurn = readOnce(source(true, 40)) / 40;
// Short rollouts are reduced to see that it works, not to measure.
const warmTurns = Math.min(Math.ceil(WARM_EVENTS / perTurn), turns * 50);
readOnce(source(true, warmTurns));
reduceRollout(source(true, warmTurns));

const unique = source(true);
let events = 0;
const parseMs = cpuMs(() => (events = readOnce(unique)));
// Only events are made up when nothing is parsed: payloads are found through parsed events.
const madeUp = source(false);
const makeMs = cpuMs(() => {
  for (const _event of madeUp.events());
});
const read = source(true);
let graph = reduceRollout(source(true, 1));
const reduceMs = cpuMs(() => (graph = reduceRollout(read, { mode: "strict" })));
const peakMib = process.resourceUsage().maxRSS / 1024;

process.stdout.write(
  JSON.stringify({
    events,
    reduceUs: ((reduceMs - makeMs) * 1000) / events,
    parseUs: ((parseMs - makeMs) * 1000) / events,
    readBytes: read.bytes / events,
    uniqueBytes: unique.bytes / events,
    peakMib,
    graphBytes: graphLength(graph) / events,
  }),
);

function cpuMs(run: () => unknown): number {
  globalThis.gc?.();
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
