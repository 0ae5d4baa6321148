import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "large-transcript-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Megabytes of the larger transcript. The long form sets 300. */
const MEGABYTES = Number(process.env["ROLLOUT_TRACE_LOG_MEGABYTES"] ?? 16);
/** What others do on the machine makes an import slower, never faster. */
const PACE_TRIALS = 4;
/** Milliseconds for a byte, at the larger size against the smaller: 4 for what grows with the square. */
const STEADY = 2;

interface Trial {
  readonly logBytes: number;
  readonly events: number;
  readonly problems: number;
  readonly keptBytes: number;
  readonly peakRssBytes: number;
  readonly cpuMs: number;
}

function importOf(megabytes: number): Trial {
  const program = join(import.meta.dirname, "import-trial.ts");
  const output = execFileSync(
    process.execPath,
    [
      "--conditions=rollout-trace-source",
      "--expose-gc",
      program,
      join(folder, "log.jsonl"),
      String(megabytes),
    ],
    { encoding: "utf8", maxBuffer: 1 << 20 },
  );
  console.warn(`${megabytes} MB transcript: ${output.trim()}`);
  return JSON.parse(output) as Trial;
}

function paceOf({ cpuMs, logBytes }: Trial): number {
  return cpuMs / logBytes;
}

describe("a large transcript", () => {
  it("is imported holding a fraction of it in memory, at a steady pace", { timeout: 600_000 }, () => {
    const small = importOf(MEGABYTES / 4);
    const large = importOf(MEGABYTES);
    expect([small.problems, large.problems]).toEqual([0, 0]);
    expect(large.events).toBeGreaterThan(3.5 * small.events);
    // Line offsets, places in the conversation, recipes of requests, open calls; and the lines read last.
    expect(large.keptBytes).toBeLessThan(12e6 + 0.4 * large.logBytes);
    let [smallPace, largePace] = [paceOf(small), paceOf(large)];
    for (let trial = 1; trial < PACE_TRIALS && largePace > STEADY * smallPace; trial += 1) {
      smallPace = Math.min(smallPace, paceOf(importOf(MEGABYTES / 4)));
      largePace = Math.min(largePace, paceOf(importOf(MEGABYTES)));
    }
    expect(largePace).toBeLessThan(STEADY * smallPace);
  });
});
