/**
 * `npm run bench -- event-loop [--milliseconds 3000]`: how long the host's event loop is held up while a cell does its worst,
 * beside a process without one.
 */
import { parseArgs } from "node:util";
import { type BenchRow, benchRow } from "./bench.ts";
import { runTrial } from "./trial.ts";

const P99_BOUND_MS = 20;
const CASES = [
  ["burn", "a cell burns CPU"],
  ["alloc", "a cell makes garbage"],
  ["text", "a cell floods output"],
  ["calls", "a cell floods nested calls"],
] as const;

export async function eventLoopBench(args: readonly string[]): Promise<readonly BenchRow[]> {
  const { values } = parseArgs({
    args: [...args],
    options: { milliseconds: { type: "string", default: "3000" } },
  });
  const trial = async (script: string): Promise<Readonly<Record<string, number>>> =>
    await runTrial("event-loop-trial.ts", [script, values.milliseconds]);
  const idle = await trial("idle");
  const rows = [row("no cell", idle["p99"], idle["max"])];
  for (const [script, name] of CASES) {
    const { p99, max } = await trial(script);
    rows.push(row(name, p99, max));
  }
  return rows.flat();
}

function row(name: string, p99 = Number.NaN, max = Number.NaN): BenchRow[] {
  const bench = "event-loop";
  return [
    benchRow({ bench, case: `loop delay while ${name}: p99`, value: p99, unit: "ms", bound: P99_BOUND_MS }),
    benchRow({ bench, case: `loop delay while ${name}: max`, value: max, unit: "ms" }),
  ];
}
