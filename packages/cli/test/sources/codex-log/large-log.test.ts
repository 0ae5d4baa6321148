import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "large-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Megabytes of the log. The long form sets 300. */
const MEGABYTES = Number(process.env["ROLLOUT_TRACE_LOG_MEGABYTES"] ?? 12);

interface Trial {
  readonly logBytes: number;
  readonly events: number;
  readonly problems: number;
  readonly keptBytes: number;
  readonly peakRssBytes: number;
  readonly cpuMs: number;
}

describe("a large session log", () => {
  it("is imported holding a fraction of it in memory", { timeout: 600_000 }, () => {
    const program = join(import.meta.dirname, "import-trial.ts");
    const output = execFileSync(
      process.execPath,
      [
        "--conditions=rollout-trace-source",
        "--expose-gc",
        program,
        join(folder, "log.jsonl"),
        String(MEGABYTES),
      ],
      { encoding: "utf8", maxBuffer: 1 << 20 },
    );
    const trial = JSON.parse(output) as Trial;
    console.warn(`${MEGABYTES} MB log: ${output.trim()}`);
    expect(trial.problems).toBe(0);
    expect(trial.events).toBeGreaterThan(MEGABYTES * 1_000);
    // Line offsets, recipes of requests and open calls: what a line costs whatever its length; and the lines read last.
    expect(trial.keptBytes).toBeLessThan(12e6 + 0.4 * trial.logBytes);
  });
});
