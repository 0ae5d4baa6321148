/** Runs the demo as its own process, as a person would. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

export const ROOT: string = resolve(import.meta.dirname, "../..");

export interface RanDemo {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningDemo {
  readonly ended: Promise<RanDemo>;
  /** SIGKILL. */
  kill(): void;
}

/** Starts the demo. The model is the script, whatever the environment says. */
export function spawnDemo(storePath: string): RunningDemo {
  const { OPENAI_API_KEY: _unused, ...env } = process.env;
  const child = spawn(
    process.execPath,
    ["--conditions=rollout-trace-source", "examples/agent-host/src/main.ts", storePath],
    { cwd: ROOT, env: { ...env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return { ended, kill: () => void child.kill("SIGKILL") };
}

/** Runs the demo to its end. */
export function runDemo(options: { readonly storePath: string }): Promise<RanDemo> {
  return spawnDemo(options.storePath).ended;
}
