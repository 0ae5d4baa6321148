/** Records the example host's session, by running it as its own process. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../../..");

/** The model is the script, whatever the environment says. */
export async function recordDemo(storePath: string): Promise<void> {
  const { OPENAI_API_KEY: _unused, ...env } = process.env;
  const args = ["--conditions=rollout-trace-source", "examples/agent-host/src/main.ts", storePath];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
}
