/**
 * `npm run check`: types first, since the others read what that builds, and then everything else side by side. Prints what each of them
 * says when it ends; exit code 1 when one has failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const CHECKS = [
  "oxlint --type-aware --deny-warnings",
  "oxfmt --check .",
  "knip",
  "node --conditions=rollout-trace-source scripts/check-packages.ts",
];

const holds = (await passes("tsc -b")) && (await Promise.all(CHECKS.map(passes))).every((each) => each);
process.exitCode = holds ? 0 : 1;

/** Runs a program, and prints what it said once it has ended. */
async function passes(line: string): Promise<boolean> {
  const [command = "", ...args] = line.split(" ");
  const child = spawn(command, args, {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as readonly unknown[];
  if (said !== "") process.stdout.write(`\n${line}\n${said}`);
  return code === 0;
}
