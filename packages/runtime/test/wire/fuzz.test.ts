import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { FuzzReport } from "./fuzz.ts";

const PROGRAM = fileURLToPath(new URL("fuzz.ts", import.meta.url));
/** `npm run fuzz-frames` has a hundred thousand. */
const FRAMES = Number(process.env["FUZZ_FRAMES"] ?? 4_000);
const TIMEOUT_MS = 30_000 + FRAMES * 5;

describe("frames that nobody in their right mind would send", () => {
  it(
    "harm neither end: none crashes or hangs, no request is left pending, and no beginning without its end",
    async () => {
      const args = ["--conditions=rollout-trace-source", PROGRAM, String(FRAMES)];
      const stdout = await new Promise<string>((resolve) => {
        execFile(process.execPath, args, { timeout: TIMEOUT_MS, killSignal: "SIGKILL" }, (_, text) => {
          resolve(text);
        });
      });
      const report = JSON.parse(stdout) as FuzzReport;
      expect(report).toMatchObject({ frames: FRAMES, pending: 0, unbalanced: 0, alive: true });
      expect(report.hostsEnded).toBeGreaterThan(0);
      expect(report.clientsEnded).toBeGreaterThan(FRAMES / 20);
      expect(report.requests["answered"]).toBeGreaterThan(1);
      expect(report.requests["host_lost"]).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
