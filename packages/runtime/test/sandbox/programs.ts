/** Starts the programs of this folder and reads what they say. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { runProgram } from "../limits/run-program.ts";

/** Lines of JSON, by the `name` in them; those that were not printed are missing. */
export async function verdicts<Verdict extends { readonly name: string }>(
  program: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<{ readonly byName: ReadonlyMap<string, Verdict>; readonly signal: string | null }> {
  const { stdout, signal } = await runProgram(join("..", "sandbox", program), args, timeoutMs);
  const complete = stdout.split("\n").slice(0, -1);
  const parsed = complete.map((line) => JSON.parse(line) as Verdict);
  return { byName: new Map(parsed.map((verdict) => [verdict.name, verdict])), signal };
}

export type LoopFate = "turned" | "stood still" | "died";

/** Whether the loop of `leaky-loop.ts NAME` goes on turning: it stood still when there was no dot for `silenceMs`. */
export async function loopFate(name: string, silenceMs: number): Promise<LoopFate> {
  const argv = [
    "--conditions=rollout-trace-source",
    "--max-old-space-size=256",
    join(import.meta.dirname, "leaky-loop.ts"),
    name,
  ];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "ignore"] });
  const { promise, resolve } = Promise.withResolvers<LoopFate>();
  let silence: NodeJS.Timeout | undefined;
  child.stdout.on("data", () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      resolve("stood still");
    }, silenceMs);
  });
  child.on("exit", (code) => {
    resolve(code === 0 ? "turned" : "died");
  });
  const fate = await promise;
  clearTimeout(silence);
  child.kill("SIGKILL");
  return fate;
}
