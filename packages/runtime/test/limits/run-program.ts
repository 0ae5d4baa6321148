/** Runs a program of this folder as a process that may be thrown away. */
import { execFile } from "node:child_process";
import { join } from "node:path";

export interface ProgramRun {
  readonly stdout: string;
  /** The signal that ended it, the one sent at the end of its time included. */
  readonly signal: string | null;
}

export async function runProgram(
  program: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<ProgramRun> {
  const argv = [
    "--expose-gc",
    "--conditions=rollout-trace-source",
    join(import.meta.dirname, program),
    ...args,
  ];
  return await new Promise((resolve) => {
    execFile(process.execPath, argv, { timeout: timeoutMs, killSignal: "SIGKILL" }, (error, stdout) => {
      resolve({ stdout, signal: error?.signal ?? null });
    });
  });
}
