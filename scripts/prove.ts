/**
 * `npm run prove [-- --only soak,faults] [--list]`: the long form of each proof, two at a time, and those that measure the machine
 * alone after them; what they print is kept beside the checkout's other leftovers. Prints a line for each when it is over, and exits
 * with 1 when one of them failed. Wants a machine that does nothing else.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";

interface Proof {
  /** A script of the package. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly shows: string;
  /** Judges memory, or what others would keep from the processor. */
  readonly alone?: true;
}

/** Most of them use one core, or wait. */
const SIDE_BY_SIDE = 2;

/** The longest first, so that none is left over at the end. */
const PROOFS: readonly Proof[] = [
  { script: "laws", shows: "the reducer's laws" },
  { script: "chaos", shows: "sessions survive the loss of their process" },
  { script: "kill-test", shows: "what is acknowledged survives SIGKILL" },
  { script: "faults", args: ["--rounds", "300"], shows: "a host goes on whatever happens to its recording" },
  { script: "fuzz", args: ["--seconds", "180"], shows: "no input harms a reader" },
  { script: "sandbox", shows: "published escapes and denials fail" },
  { script: "fuzz-frames", shows: "no frame harms either end" },
  {
    script: "soak",
    args: ["--minutes", "8", "--sessions", "50"],
    shows: "nothing is lost or left behind",
    alone: true,
  },
];

const { values } = parseArgs({
  options: { only: { type: "string" }, list: { type: "boolean", default: false } },
});
const only = values.only?.split(",");
const unknown = only?.find((name) => !PROOFS.some(({ script }) => script === name));
if (unknown !== undefined) {
  console.error(`no proof ${unknown}; there are ${PROOFS.map(({ script }) => script).join(", ")}`);
  process.exit(2);
}
const proofs = PROOFS.filter(({ script }) => only === undefined || only.includes(script));
if (values.list) {
  for (const proof of proofs) console.log(commandOf(proof));
  process.exit(0);
}

const root = join(import.meta.dirname, "..");
const folder = join(root, ".rollout-trace/proofs");
mkdirSync(folder, { recursive: true });
let failed = 0;
const began = performance.now();
const waiting = proofs.filter(({ alone }) => alone !== true);
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, proveWaiting));
for (const proof of proofs.filter(({ alone }) => alone === true)) await prove(proof);
const minutes = minutesSince(began);
console.log(
  `\n${proofs.length - failed} passed, ${failed} failed, ${minutes} min; the output is in ${folder}`,
);
process.exitCode = failed === 0 ? 0 : 1;

async function proveWaiting(): Promise<void> {
  for (let proof = waiting.shift(); proof !== undefined; proof = waiting.shift()) await prove(proof);
}

async function prove(proof: Proof): Promise<void> {
  const { script, args = [], shows } = proof;
  const path = join(folder, `${script}.txt`);
  const output = openSync(path, "w");
  const started = performance.now();
  const child = spawn("npm", ["run", "-s", script, "--", ...args], {
    cwd: root,
    stdio: ["ignore", output, output],
  });
  const [code] = (await once(child, "close")) as readonly unknown[];
  closeSync(output);
  if (code !== 0) failed += 1;
  const lines = stripVTControlCharacters(readFileSync(path, "utf8")).split("\n");
  const said = lines.findLast((line) => line.trim() !== "") ?? "";
  console.log(
    `${code === 0 ? "PASSED" : "FAILED"}  ${minutesSince(started)} min  ${commandOf(proof)}: ${shows}\n        ${said}`,
  );
}

function commandOf({ script, args = [] }: Proof): string {
  return `npm run ${[script, ...(args.length === 0 ? [] : ["--", ...args])].join(" ")}`;
}

function minutesSince(start: number): string {
  return ((performance.now() - start) / 60_000).toFixed(1);
}
