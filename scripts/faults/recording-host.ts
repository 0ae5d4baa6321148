/**
 * The host that faults happen to: `recording-host.ts JSON`. Works and records for ever, tells after every step what it has, and
 * is asked over stdin to come to an end. Steps are lines of `steps seq digest longest`, the end is one of JSON (`HostReport`).
 */
import { writeSync } from "node:fs";
import { type Durability, openTraceStore, type StoreCounts } from "@rollout-trace/trace";
import { SeededRandom } from "../seeded-random.ts";
import { heldUpMs } from "../soak/process-state.ts";
import { HostWork } from "./host-work.ts";

export interface HostOptions {
  readonly path: string;
  readonly rolloutId: string;
  readonly seed: number;
  readonly scale: number;
  readonly durability: Durability;
  /** Whether the recorder's clock jumps. */
  readonly clockJumps: boolean;
  /** Whom the process runs as; null for who starts it. */
  readonly uid: number | null;
}

export interface HostReport {
  readonly steps: number;
  readonly digest: string;
  /** Milliseconds of the longest step, without those in which the machine had other things to do. */
  readonly longest: number;
  readonly codes: readonly string[];
  readonly counts: StoreCounts;
  readonly failure: string | null;
}

/** How long an ending host goes on trying to write. */
const MAX_ENDING_MS = 2_000;

const options = JSON.parse(process.argv[2] ?? "") as HostOptions;
if (options.uid !== null) {
  process.setgid?.(options.uid);
  process.setuid?.(options.uid);
}
let isOver = false;
process.stdin.on("data", () => (isOver = true)).on("end", () => (isOver = true));

const codes: string[] = [];
const store = openTraceStore({
  path: options.path,
  durability: options.durability,
  onError: ({ code }) => codes.push(code),
  clock: options.clockJumps ? jumpingClock(options.seed) : undefined,
});
const root = store.startRollout({ rolloutId: options.rolloutId });
const work = new HostWork(root, options);
let steps = 0;
let longest = 0;
while (!isOver) {
  const began = performance.now() - heldUpMs();
  work.step();
  longest = Math.max(longest, performance.now() - heldUpMs() - began);
  steps += 1;
  // With batches nothing is acknowledged when a call returns.
  const seq = options.durability === "batch" ? 0 : root.lastSeq;
  writeSync(1, `${steps} ${seq} ${work.digest()} ${Math.ceil(longest)}\n`);
  // The host is not to be the fastest; there are others that need the processor.
  await new Promise((resolve) => setTimeout(resolve, 2));
}
process.stdin.destroy();
work.endTurn();
const deadline = performance.now() + MAX_ENDING_MS;
while (!store.flush() && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
root.endRollout();
store.close();
const { counts, failure } = store;
const digest = work.digest();
const report: HostReport = { steps, digest, longest, codes, counts, failure: failure?.code ?? null };
writeSync(1, `${JSON.stringify(report)}\n`);

/** Goes on, stands still, jumps by seconds or by decades, and is out of its mind now and then. */
function jumpingClock(seed: number): () => number {
  const random = new SeededRandom(seed, "clock");
  let now = Date.now() * 1000;
  return () => {
    const choice = random.next();
    if (choice < 0.02) return Number.NaN;
    if (choice < 0.03) throw new Error("no clock");
    if (choice < 0.05) now += random.integer(-1e9, 1e9) * 1e6;
    else if (choice < 0.2) now += random.integer(-5e6, 5e6);
    else now += random.integer(0, 1000);
    return now;
  };
}
