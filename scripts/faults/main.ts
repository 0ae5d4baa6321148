/**
 * `npm run faults [-- --rounds N] [--seed S] [--round R] [--fault NAME] [--jobs N]`: lets faults strike a recording host at random points,
 * and checks after each what the host did and what the store says. `--seed S --round R` makes one round again: the same fault,
 * the same delays, the same damage. Ends with a table, a verdict, and exit code 1 when it is not a good one.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { freshSeed, SeededRandom } from "../seeded-random.ts";
import type { RoundCheck } from "./check-round.ts";
import { FAULTS } from "./faults.ts";
import { recordingRound } from "./recording-round.ts";
import { type Torn, tornRound } from "./torn-round.ts";

interface Kind {
  readonly name: string;
  readonly missing: () => string | null;
  readonly run: (seed: number, random: SeededRandom) => Promise<RoundCheck>;
}

const DEFAULT_ROUNDS = 300;
/** Rounds at a time. */
const DEFAULT_JOBS = 2;
const torn = (what: Torn): Kind => ({
  name: `torn ${what}`,
  missing: () => null,
  run: (seed, random) => tornRound(what, seed, random),
});
const KINDS: readonly Kind[] = [
  ...FAULTS.map((fault) => ({
    name: fault.name,
    missing: fault.missing,
    run: (seed: number, random: SeededRandom) => recordingRound(fault, seed, random),
  })),
  torn("store"),
  torn("bundle"),
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seed: { type: "string" },
    round: { type: "string" },
    fault: { type: "string" },
    jobs: { type: "string" },
    "own-mounts": { type: "boolean", default: false },
  },
});
if (!values["own-mounts"]) process.exit(runWithOwnMounts());

const seed = values.seed === undefined ? freshSeed() : whole("seed", values.seed);
const rounds =
  values.round === undefined
    ? Array.from({ length: whole("rounds", values.rounds ?? `${DEFAULT_ROUNDS}`) }, (_, round) => round)
    : [whole("round", values.round)];
const kinds = KINDS.filter(({ name }) => values.fault === undefined || name === values.fault);
if (kinds.length === 0)
  usage(`--fault is ${values.fault}; it must be one of ${KINDS.map(({ name }) => name).join(", ")}`);
console.log(`faults: ${rounds.length} rounds, --seed ${seed}`);
const missing = new Map<string, string>();
for (const { name, missing: why } of kinds) {
  const reason = why();
  if (reason !== null) missing.set(name, reason);
}
for (const [name, reason] of missing) console.log(`NOT TRIED: ${name}: ${reason}`);

const outcomes = new Map<string, Map<string, number>>();
let problems = 0;
let done = 0;
const waiting = [...rounds];
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stopSoon);
await Promise.all(Array.from({ length: whole("jobs", values.jobs ?? `${DEFAULT_JOBS}`) }, runWaiting));
for (const [name, counts] of outcomes) {
  const told = [...counts]
    .toSorted(([, left], [, right]) => right - left)
    .map(([outcome, times]) => `${times} × ${outcome}`);
  console.log(`${name.padEnd(38)}${told.slice(0, 6).join("; ")}${told.length > 6 ? "; …" : ""}`);
}
console.log(
  `\n${problems === 0 && done > 0 ? "PASSED" : "FAILED"}: ${problems} problems in ${done} rounds, --seed ${seed}`,
);
process.exit(problems === 0 && done > 0 ? 0 : 1);

/** Ends with the rounds that have begun; asked again, at once. */
function stopSoon(): void {
  if (waiting.length === 0) process.exit(1);
  waiting.length = 0;
}

/** Rounds know nothing of each other, and wait most of their time. */
async function runWaiting(): Promise<void> {
  for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) {
    const kind = kinds[round % kinds.length];
    if (kind !== undefined && !missing.has(kind.name)) await runRound(kind, round);
  }
}

async function runRound(kind: Kind, round: number): Promise<void> {
  const { outcome, problems: found } = await attempt(kind, round);
  const counts = outcomes.get(kind.name) ?? new Map<string, number>();
  outcomes.set(kind.name, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  for (const problem of found)
    console.log(`PROBLEM --seed ${seed} --round ${round} (${kind.name}): ${problem}`);
  problems += found.length;
  done += 1;
}

async function attempt(kind: Kind, round: number): Promise<RoundCheck> {
  try {
    return await kind.run(seed + round, new SeededRandom(seed, "round", round));
  } catch (error) {
    return {
      outcome: "failed",
      problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    };
  }
}

/** Small file systems are mounted where nobody else sees them and where they go with this process, where that is allowed. */
function runWithOwnMounts(): number {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), "--own-mounts"];
  const canUnshare = process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0;
  // The process below ends by itself and says what it has found.
  process.on("SIGINT", () => {});
  const [command = "", ...args] = canUnshare ? ["unshare", "--mount", ...again] : again;
  return spawnSync(command, args, { stdio: "inherit" }).status ?? 1;
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0)
    usage(`--${name} is ${text}; it must be a whole number of at least 0`);
  return number;
}

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}
