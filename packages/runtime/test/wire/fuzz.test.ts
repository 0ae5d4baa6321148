import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { FuzzReport } from "./fuzz.ts";

const PROGRAM = fileURLToPath(new URL("fuzz.ts", import.meta.url));
const FRAMES = 5_000;

describe("frames that nobody in their right mind would send", () => {
  it("harm neither end", async () => {
    const args = ["--conditions=rollout-trace-source", PROGRAM, String(FRAMES)];
    const stdout = await new Promise<string>((resolve) => {
      // It ends by a signal, because a process with isolates may not exit in order.
      execFile(process.execPath, args, { timeout: 20_000 }, (_, text) => {
        resolve(text);
      });
    });
    const report = JSON.parse(stdout) as FuzzReport;
    expect(report).toMatchObject({ frames: FRAMES, alive: true });
    expect(report.judgedByClient).toBeGreaterThan(FRAMES / 2);
    expect(report.hostsEnded).toBeGreaterThan(0);
  });
});
