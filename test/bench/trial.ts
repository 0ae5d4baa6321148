/** Runs one trial of a benchmark as a process of its own, so that nothing is warm from the one before. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs a program of this folder with arguments; it prints one JSON object of figures. */
export async function runTrial(
  program: string,
  args: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", "--conditions=rollout-trace-source", join(import.meta.dirname, program), ...args],
    { maxBuffer: 1 << 24 },
  );
  return JSON.parse(stdout) as Record<string, number>;
}
