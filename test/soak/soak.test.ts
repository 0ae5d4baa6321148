/** The soak, for a few seconds. The long form is `npm run soak`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../scripts/soak/main.ts");

it.runIf(process.platform === "linux")(
  "an agent host with many sessions loses nothing of what it did and leaves nothing behind",
  async () => {
    const args = ["--expose-gc", "--conditions=rollout-trace-source", PROGRAM];
    const options = ["--minutes", "0.05", "--sessions", "10", "--seed", "4"];
    // A bad verdict is exit code 1, which rejects with everything that was printed.
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...options]);
    expect(stdout).toMatch(/^PASSED: 0 problems, --seed 4$/m);
    expect(stdout).toMatch(/^recorded: [1-9]\d* rollouts, [1-9]\d* events/m);
  },
  // Twenty seconds on a quiet machine.
  480_000,
);
