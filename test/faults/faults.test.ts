/** Each fault once. The long form is `npm run faults`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../scripts/faults/main.ts");
/** One of each. */
const ROUNDS = 15;

it.runIf(process.platform === "linux")(
  "whatever happens to a recording, its host goes on as without one and its store says what it has",
  async () => {
    const options = ["--rounds", `${ROUNDS}`, "--seed", "7", "--jobs", "3"];
    // A bad verdict is exit code 1, which rejects with everything that was printed.
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--conditions=rollout-trace-source",
      PROGRAM,
      ...options,
    ]);
    expect(stdout).toMatch(/^PASSED: 0 problems in 15 rounds, --seed 7$/m);
    const lines = stdout.split("\n").filter((line) => / 1 × |^NOT TRIED/.test(line));
    expect(lines).toHaveLength(ROUNDS);
  },
  // Twenty seconds on a quiet machine.
  480_000,
);
