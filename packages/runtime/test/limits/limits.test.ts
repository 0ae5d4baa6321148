/**
 * Each limit ends the cell that passes it and nothing else, again and again, and leaves the host as it was.
 *
 * `LIMIT_ROUNDS=100 npm run -s vitest -- run packages/runtime/test/limits` does so a hundred times in a row; without, a few.
 */
import { describe, expect, it } from "vitest";
import { LIMIT_CASES } from "./limit-cases.ts";
import type { RoundsReport } from "./rounds.ts";
import { runProgram } from "./run-program.ts";

const ROUNDS = process.env["LIMIT_ROUNDS"] ?? "3";
const TIMEOUT_MS = 180_000 + Number(ROUNDS) * 10_000;
/** What compiling and measuring leave. */
const HELD_NOISE_BYTES = 8 * 1024 * 1024;
/** What allocators keep for later. */
const RESIDENT_NOISE_BYTES = 48 * 1024 * 1024;

describe("passing a limit, again and again", () => {
  it.concurrent.each(LIMIT_CASES)(
    "$name ends each cell with the limit's name, spares its neighbour, and leaves loop, processor and memory as they were",
    { timeout: TIMEOUT_MS },
    async ({ name, errorText }) => {
      const { stdout } = await runProgram("rounds.ts", [name, ROUNDS], TIMEOUT_MS);
      const { delayAfterMs, cpuAfter, heldGrownBytes, residentGrownBytes, ...report } = JSON.parse(
        stdout,
      ) as RoundsReport;
      expect(report).toEqual({ errorTexts: [errorText], lost: 0, neighbour: ["lived", "on"] });
      expect(delayAfterMs).toBeLessThan(20);
      expect(cpuAfter).toBeLessThan(0.5);
      expect(heldGrownBytes).toBeLessThan(HELD_NOISE_BYTES);
      expect(residentGrownBytes).toBeLessThan(RESIDENT_NOISE_BYTES);
    },
  );
});
