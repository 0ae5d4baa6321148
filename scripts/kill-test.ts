/**
 * `npm run kill-test [-- KILLS] [--seed N] [--durability process|power|batch] [--jobs N]`: kills a recording process at random
 * moments, 1 000 times by default, and compares what it had acknowledged over a pipe with what the store holds. Every store
 * is verified, and every rollout is reduced. Ends with a line of what was found, and not well when anything was.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { asId, isJsonObject, type PayloadId } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore, readTraceStore, type StoredRollout, verifyStore } from "@rollout-trace/trace";
import { freshSeed, SeededRandom } from "./seeded-random.ts";

const PROGRAM = join(import.meta.dirname, "../packages/trace/test/programs/record-until-killed.ts");
/** Kills per store: the next recorder of a store also has to recover what the one before left. */
const KILLS_PER_STORE = 25;
/** Milliseconds after the first acknowledged event; long enough for some hundreds. */
const MAX_DELAY_MS = 60;
/** Some are killed counting from their start, while they open the store. */
const EARLY_SHARE = 0.2;
const MAX_EARLY_MS = 400;
/** Some live until what they wrote is being moved from the log into the file. */
const LATE_SHARE = 0.1;
const MAX_LATE_MS = 2_000;

/** Stores at a time. */
const DEFAULT_JOBS = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    durability: { type: "string", default: "process" },
    jobs: { type: "string", default: `${DEFAULT_JOBS}` },
  },
});
const kills = Number(positionals[0] ?? 1000);
const seed = Number(values.seed ?? freshSeed());
console.log(`${kills} kills, durability ${values.durability}, --seed ${seed}`);

let doneKills = 0;
let acknowledgedEvents = 0;
let storedEvents = 0;
let problems = 0;

// Killed processes leave nothing of what they compiled to those after them; it is the same that this one has compiled.
flushCompileCache();
const waiting = Array.from({ length: Math.ceil(kills / KILLS_PER_STORE) }, (_, store) => store);
await Promise.all(Array.from({ length: Number(values.jobs) }, runWaiting));
process.exitCode = problems === 0 && doneKills === kills ? 0 : 1;

/** Stores know nothing of each other. */
async function runWaiting(): Promise<void> {
  for (let store = waiting.shift(); store !== undefined; store = waiting.shift()) await fillStore(store);
}

/** Kills recorders of one store, one after the other, and looks at what it has then. */
async function fillStore(store: number): Promise<void> {
  const random = new SeededRandom(seed, "store", store);
  const folder = mkdtempSync(join(tmpdir(), "kill-test-"));
  const path = join(folder, "trace.db");
  const acknowledged = new Map<string, number>();
  const end = Math.min(kills, (store + 1) * KILLS_PER_STORE);
  for (let kill = store * KILLS_PER_STORE; kill < end; kill += 1) {
    const rolloutId = `kill-${kill}`;
    acknowledged.set(rolloutId, await killOnce(path, rolloutId, random));
  }
  checkStore(path, acknowledged);
  rmSync(folder, { recursive: true, force: true });
  doneKills += acknowledged.size;
  console.log(
    `${doneKills} kills: ${acknowledgedEvents} events acknowledged, ${storedEvents} stored, ${problems} problems`,
  );
}

/** Gives the last `seq` that the killed process had acknowledged. */
async function killOnce(path: string, rolloutId: string, random: SeededRandom): Promise<number> {
  const isEarly = random.chance(EARLY_SHARE);
  const maxDelayMs = isEarly ? MAX_EARLY_MS : random.chance(LATE_SHARE) ? MAX_LATE_MS : MAX_DELAY_MS;
  const delayMs = random.next() * maxDelayMs;
  const args = ["--conditions=rollout-trace-source", PROGRAM, path, rolloutId, values.durability];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const killLater = (): void => void setTimeout(() => child.kill("SIGKILL"), delayMs);
  child.stdout.on("data", (data) => {
    if (output === "" && !isEarly) killLater();
    output += String(data);
  });
  if (isEarly) killLater();
  const signal = await new Promise((resolve) => {
    child.once("close", (_code, how) => resolve(how));
  });
  if (signal !== "SIGKILL") problem(rolloutId, "ended before it was killed");
  // The last line may have been cut.
  return Number(output.split("\n").at(-2) ?? 0);
}

function checkStore(path: string, expected: ReadonlyMap<string, number>): void {
  // Whoever opens the store next for writing marks what stopped.
  openTraceStore({ path }).close();
  for (const { code, where, message } of verifyStore(path).findings) {
    problem(JSON.stringify(where), `${code}: ${message}`);
  }
  using reader = readTraceStore(path);
  const states = new Map(reader.rollouts().map(({ rolloutId, state: how }) => [String(rolloutId), how]));
  for (const [rolloutId, count] of expected) {
    acknowledgedEvents += count;
    if (states.get(rolloutId) === undefined) {
      if (count > 0) problem(rolloutId, `is missing; ${count} events were acknowledged`);
      continue;
    }
    if (states.get(rolloutId) !== "stopped")
      problem(rolloutId, `is ${states.get(rolloutId)} and not stopped`);
    const source = reader.openRollout(rolloutId);
    const events = [...source.events()];
    storedEvents += events.length;
    // One more than were stored by the recorder: the mark.
    if (events.length - 1 < count) problem(rolloutId, `has ${events.length - 1} of ${count} events`);
    checkNumbers(rolloutId, source);
    const { diagnostics } = reduceRollout(source);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length > 0) problem(rolloutId, `reduces with ${errors.map(({ code }) => code).join(", ")}`);
  }
}

/** The recorder numbers its requests: none is missing, none is there twice, none is out of order. */
function checkNumbers(rolloutId: string, source: StoredRollout): void {
  let expected = 0;
  for (let ordinal = 1; source.payloads.stat(asId<PayloadId>(`p${ordinal}`)) !== null; ordinal += 1) {
    const read = source.payloads.frame(asId<PayloadId>(`p${ordinal}`));
    const number = read.ok && isJsonObject(read.value) ? read.value["number"] : undefined;
    if (number !== expected)
      problem(rolloutId, `payload p${ordinal} has number ${JSON.stringify(number)}, not ${expected}`);
    expected += 1;
  }
}

function problem(where: string, what: string): void {
  problems += 1;
  console.error(`PROBLEM ${where}: ${what}`);
}
