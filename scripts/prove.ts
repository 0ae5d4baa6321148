/**
 * `npm run prove [-- --only soak,faults] [--list]`: the long form of each proof, one after the other, with nothing else going on; what
 * they print is kept beside the checkout's other leftovers. Prints a line for each and exits with 1 when one of them failed.
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
}

const PROOFS: readonly Proof[] = [
  { script: "laws", shows: "the reducer's laws" },
  { script: "kill-test", shows: "what is acknowledged survives SIGKILL" },
  { script: "faults", args: ["--rounds", "300"], shows: "a host goes on whatever happens to its recording" },
  { script: "sandbox", shows: "published escapes and denials fail" },
  { script: "chaos", shows: "sessions survive the loss of their process" },
  { script: "fuzz-frames", shows: "no frame harms either end" },
  { script: "fuzz", args: ["--seconds", "180"], shows: "no input harms a reader" },
  { script: "soak", args: ["--minutes", "8", "--sessions", "50"], shows: "nothing is lost or left behind" },
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
for (const proof of proofs) {
  const { code, minutes, last } = await prove(proof);
  if (code !== 0) failed += 1;
  console.log(`${code === 0 ? "PASSED" : "FAILED"}  ${minutes} min  ${commandOf(proof)}: ${proof.shows}`);
  console.log(`        ${last}`);
}
const minutes = minutesSince(began);
console.log(
  `\n${proofs.length - failed} passed, ${failed} failed, ${minutes} min; the output is in ${folder}`,
);
process.exitCode = failed === 0 ? 0 : 1;

async function prove({
  script,
  args = [],
}: Proof): Promise<{ code: unknown; minutes: string; last: string }> {
  const path = join(folder, `${script}.txt`);
  const output = openSync(path, "w");
  const started = performance.now();
  const child = spawn("npm", ["run", "-s", script, "--", ...args], {
    cwd: root,
    stdio: ["ignore", output, output],
  });
  const [code] = (await once(child, "close")) as readonly unknown[];
  closeSync(output);
  const lines = stripVTControlCharacters(readFileSync(path, "utf8")).split("\n");
  return { code, minutes: minutesSince(started), last: lines.findLast((line) => line.trim() !== "") ?? "" };
}

function commandOf({ script, args = [] }: Proof): string {
  return `npm run ${[script, ...(args.length === 0 ? [] : ["--", ...args])].join(" ")}`;
}

function minutesSince(start: number): string {
  return ((performance.now() - start) / 60_000).toFixed(1);
}
