/**
 * `npm run fuzz -- [--seconds N] [--target T] [--seed S]`: fuzzes everything, or one target, for N seconds in all (60). Prints the
 * seeds; with one of them and one target, a round plays again. A finding is minimised and kept in `fixtures/fuzz`, where a test
 * replays it. Exits with 1 when there was one.
 */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { keepFinding } from "./findings.ts";
import { FUZZ_TARGETS } from "./targets/targets.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string" }, target: { type: "string" }, seed: { type: "string" } },
});
const seconds = whole("seconds", values.seconds, 60);
const seed = whole("seed", values.seed, Date.now() % 2 ** 31);
const targets = FUZZ_TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) {
  console.error(`no target ${values.target}; there are ${FUZZ_TARGETS.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

let found = 0;
for (const target of targets) {
  const started = performance.now();
  const { inputs, seeds, finding } = await fuzz(target, { seed, seconds: seconds / targets.length });
  const [first, last] = seeds;
  const took = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${target.name}: ${inputs} inputs in ${took} s, seeds ${first} to ${last}${finding === null ? "" : ", FOUND"}`,
  );
  if (finding === null) continue;
  found += 1;
  console.log(`  kept as ${keepFinding(finding)}`);
  console.log(`  again: npm run fuzz -- --target ${target.name} --seed ${finding.seed} --seconds 0`);
  console.log(`  ${finding.message.slice(0, 2_000).replaceAll("\n", "\n  ")}`);
}
process.exit(found === 0 ? 0 : 1);

function whole(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} is ${text}; it must be a whole number`);
  return process.exit(2);
}
