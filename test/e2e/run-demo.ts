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

export interface DemoOptions {
  readonly storePath: string;
  /** Is given everything that the demo has written to stderr so far, whenever there is more, and may kill it. */
  readonly onStderr?: (soFar: string, kill: () => void) => void;
}

/** Runs the demo to its end, or until it is killed. The model is the script, whatever the environment says. */
export async function runDemo({ storePath, onStderr }: DemoOptions): Promise<RanDemo> {
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
    onStderr?.(stderr, () => void child.kill("SIGKILL"));
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
