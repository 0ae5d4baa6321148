import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { ChaosReport } from "./child-chaos.ts";

const PROGRAM = fileURLToPath(new URL("child-chaos.ts", import.meta.url));
/** `npm run chaos` has three hundred. */
const DEATHS = Number(process.env["CHAOS_DEATHS"] ?? "4");
const TIMEOUT_MS = 60_000 + DEATHS * 10_000;

describe("a host process whose children are killed, stopped and talk nonsense under load", () => {
  it(
    "lives, leaves no promise pending, keeps no memory, and has recorded the end of everything",
    async () => {
      const args = ["--expose-gc", "--conditions=rollout-trace-source", PROGRAM, String(DEATHS)];
      // A promise that never settles lets the program end without a report, or holds it up until the time is over.
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT_MS });
      const report = JSON.parse(stdout) as ChaosReport;
      expect(report).toMatchObject({
        openCalls: 0,
        diagnostics: [],
        unendedWaits: 0,
        after: '[{"type":"input_text","text":"works"}]',
      });
      const over = ["completed", "failed", "terminated"];
      expect(Object.keys(report.cells).filter((status) => !over.includes(status))).toEqual([]);
      expect(Object.keys(report.nestedCalls)).not.toContain("running");
      expect(report.deaths).toBeGreaterThanOrEqual(DEATHS);
      expect(report.operations["result"]).toBeGreaterThanOrEqual(DEATHS);
      expect(report.operations["host_lost"]).toBeGreaterThan(0);
      expect(report.heapGrownBytes).toBeLessThan(16 * 1024 * 1024);
    },
    TIMEOUT_MS + 10_000,
  );
});
