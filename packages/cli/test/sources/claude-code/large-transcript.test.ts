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

describe("a large transcript", () => {
  it("is imported holding a fraction of it in memory, at a steady pace", { timeout: 600_000 }, () => {
    const small = importOf(MEGABYTES / 4);
    const large = importOf(MEGABYTES);
    expect([small.problems, large.problems]).toEqual([0, 0]);
    expect(large.events).toBeGreaterThan(3.5 * small.events);
    // Line offsets, places in the conversation, recipes of requests, open calls; and the lines read last.
    expect(large.keptBytes).toBeLessThan(12e6 + 0.4 * large.logBytes);
    expect(large.cpuMs / large.logBytes).toBeLessThan((2 * small.cpuMs) / small.logBytes);
  });
});
