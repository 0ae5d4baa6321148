/**
 * What no isolate contains is contained by the process: scripts end when they are told to, the next one runs, nothing is left
 * burning, and the host's own loop turns meanwhile.
 *
 * `HOSTILE_SLACK_MS=0 npm run -s vitest -- run packages/runtime/test/remote/hostile-limits.test.ts` holds an idle machine to the
 * letter; without, a script may be late by what a busy machine costs it.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { HOSTILE_CASES } from "./hostile-cases.ts";
import type { HostileRun } from "./hostile-run.ts";

const PROGRAM = fileURLToPath(new URL("hostile-run.ts", import.meta.url));
const LIMIT_MS = 600;
const LATE_MS = 300;
/** The child runs at a lower priority than everything else on the machine. */
const SLACK_MS = Number(process.env["HOSTILE_SLACK_MS"] ?? 3_000);
const DELAY_MS = 50;
/** A loop that takes a flood as it comes is held up for much longer. */
const DELAY_SLACK_MS = SLACK_MS / 10;

describe("in a child process", () => {
  let runs: ReadonlyMap<string, HostileRun>;

  beforeAll(async () => {
    const args = ["--conditions=rollout-trace-source", PROGRAM, String(LIMIT_MS)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
    const all = JSON.parse(stdout) as readonly HostileRun[];
    runs = new Map(all.map((run) => [run.name, run]));
  }, 400_000);

  it.each(HOSTILE_CASES)(
    "$name ends in time, the next cell runs, nothing burns on, and the host's loop is not held up",
    ({ name, ends }) => {
      const run = runs.get(name);
      if (run === undefined) throw new Error(`${name} was not run`);
      expect(run.ended).toMatch(ends);
      expect(run.tookMs).toBeLessThan(LIMIT_MS + LATE_MS + SLACK_MS);
      expect(run.next).toBe("served");
      expect(run.burning).toBeLessThan(0.5);
      // A thread that does nothing is held up as well when the machine is busy.
      const busyMs = 2 * run.idleDelayMs + DELAY_SLACK_MS;
      expect(run.delayMs).toBeLessThan(DELAY_MS + busyMs);
    },
  );
});
