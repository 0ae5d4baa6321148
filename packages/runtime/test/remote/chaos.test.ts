import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { ChaosReport } from "./chaos.ts";

const PROGRAM = fileURLToPath(new URL("chaos.ts", import.meta.url));
const DEATHS = 5;

describe("a host process whose children are killed, stopped and talk nonsense under load", () => {
  it("lives, leaves no promise pending and no event without its end, and keeps no memory", async () => {
    const args = ["--expose-gc", "--conditions=rollout-trace-source", PROGRAM, String(DEATHS)];
    // A promise that never settles lets the program end without a report, or holds it up until the time is over.
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 80_000 });
    const report = JSON.parse(stdout) as ChaosReport;
    expect(report).toMatchObject({ unbalanced: [], after: '[{"type":"input_text","text":"works"}]' });
    expect(report.deaths).toBeGreaterThanOrEqual(DEATHS);
    expect(report.operations["result"]).toBeGreaterThanOrEqual(DEATHS);
    expect(report.operations["host_lost"]).toBeGreaterThan(0);
    expect(report.heapGrownBytes).toBeLessThan(16 * 1024 * 1024);
  }, 90_000);
});
