/**
 * `npm run soak [-- --minutes N] [--sessions N] [--seed S] [--keep]`: an agent host with many sessions at once, for a time, and
 * then whether anything was lost or left behind. Ends with a verdict, and with exit code 1 when it is not a good one.
 *
 * A short run comes first, so that what is compared is the process before and after, and not a new process with an old one.
 * Decisions follow from the seed; what happens at the same time as what does not.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openTraceStore } from "@rollout-trace/trace";
import { freshSeed } from "../seeded-random.ts";
import { type CheckedRecordings, checkRecordings } from "./check-recordings.ts";
import { compareStates, type MemoryRow, memoryRow } from "./left-behind.ts";
import { settledState } from "./process-state.ts";
import { run, type RunResult, type Sample } from "./run.ts";

const DEFAULT_MINUTES = 10;
const DEFAULT_SESSIONS = 50;
/** Of the time; as much as it takes until the code is compiled, pools are full and allocators keep what they will keep. */
const WARM_UP_SHARE = 0.3;
const [MIN_WARM_UP_MS, MAX_WARM_UP_MS] = [3_000, 180_000];
/** Enough for a recorder to start its thread, which has files of its own from then on. */
const THREAD_EVENTS = 400;
const MAX_LISTED = 20;
/** That a process of cells is stuck or silent is judged by time, which a machine that has none to spare does not allow. */
const BUSY_SHARE = 0.1;

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    sessions: { type: "string" },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const ms = numberOf("minutes", values.minutes, DEFAULT_MINUTES) * 60_000;
const sessions = numberOf("sessions", values.sessions, DEFAULT_SESSIONS);
const seed = values.seed === undefined ? freshSeed() : numberOf("seed", values.seed, 0);
const folder = mkdtempSync(join(tmpdir(), "soak-"));
console.log(`soak --minutes ${ms / 60_000} --sessions ${sessions} --seed ${seed}`);

const warmUpMs = Math.min(Math.max(ms * WARM_UP_SHARE, MIN_WARM_UP_MS), MAX_WARM_UP_MS);
startRecordersThread();
const warmUp = await runIn("warm-up", warmUpMs, () => {});
const before = await settledState();
console.log("\n    s  rollouts    events  heap MB  resident MB  files  cells' process MB");
const soak = await runIn("soak", ms, printSample);
const after = await settledState();

const checked = [check("warm-up", warmUp), check("soak", soak)];
const problems = [
  ...[warmUp, soak].flatMap(({ surprises }) => surprises),
  ...checked.flatMap((found) => found.problems),
  ...compareStates(before, after),
];
printReport(checked);
const rows: MemoryRow[] = [
  memoryRow("heap", before.heapBytes, after.heapBytes),
  memoryRow("resident", before.residentBytes, after.residentBytes),
];
if (warmUp.host !== null && soak.host !== null) {
  rows.push(memoryRow("cells' process, resident", warmUp.host.residentBytes, soak.host.residentBytes));
  if (soak.host.openFiles > warmUp.host.openFiles)
    problems.push(
      `the cells' process has ${soak.host.openFiles} open files, and had ${warmUp.host.openFiles}`,
    );
} else console.log("cells' process: not compared, since a run ended without one");
for (const { text, problem } of rows) {
  console.log(text);
  if (problem !== null) problems.push(problem);
}
console.log(`open files: ${before.openFiles} before, ${after.openFiles} after`);
console.log(`children: ${before.children.length} before, ${after.children.length} after`);
for (const { lostSteadyHosts, heldUpShare } of [warmUp, soak]) {
  const share = `${(heldUpShare * 100).toFixed(0)} % of the time the host waited for a processor`;
  for (const how of lostSteadyHosts) {
    const what = `the process of the steady sessions was lost: ${how} (${share})`;
    if (heldUpShare > BUSY_SHARE) console.log(`NOT JUDGED ${what}`);
    else problems.push(what);
  }
}
for (const problem of problems.slice(0, MAX_LISTED)) console.log(`PROBLEM ${problem}`);
if (problems.length > MAX_LISTED) console.log(`… and ${problems.length - MAX_LISTED} more`);
if (values.keep) console.log(`the stores are in ${folder}`);
else rmSync(folder, { recursive: true, force: true });
console.log(`\n${problems.length === 0 ? "PASSED" : "FAILED"}: ${problems.length} problems, --seed ${seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function startRecordersThread(): void {
  using store = openTraceStore({ path: storeOf("first") });
  const root = store.startRollout();
  for (let number = 0; number < THREAD_EVENTS; number += 1) root.other({ kind: "first", summary: "" });
}

async function runIn(name: string, forMs: number, onSample: (sample: Sample) => void): Promise<RunResult> {
  const files = join(folder, `${name}-files`);
  mkdirSync(files);
  return await run({ storePath: storeOf(name), folder: files, ms: forMs, sessions, seed, onSample });
}

function check(name: string, { tallies }: RunResult): CheckedRecordings {
  return checkRecordings(storeOf(name), tallies);
}

function storeOf(name: string): string {
  return join(folder, `${name}.db`);
}

function printSample(sample: Sample): void {
  const figures = [
    [sample.seconds, 5],
    [sample.rollouts, 10],
    [sample.events, 10],
    [mega(sample.heapBytes), 9],
    [mega(sample.residentBytes), 13],
    [sample.openFiles, 7],
    [mega(sample.hostResidentBytes), 19],
  ] as const;
  console.log(figures.map(([figure, width]) => String(figure).padStart(width)).join(""));
}

function printReport([, soaked]: readonly CheckedRecordings[]): void {
  if (soaked === undefined) return;
  const { rollouts, events, payloads, total } = soaked;
  console.log(`\nrecorded: ${rollouts} rollouts, ${events} events, ${payloads} payloads`);
  for (const [what, times] of Object.entries(total.toJSON()))
    console.log(`  ${what.padEnd(24)}${String(times).padStart(8)}`);
  const lost = Object.entries(soak.lostHosts).map(([reason, times]) => `${times} ${reason}`);
  console.log(`processes of cells that were lost: ${lost.join(", ") || "none"}\n`);
}

function mega(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} is ${text}; it must be a number of at least 0`);
  process.exit(2);
}
