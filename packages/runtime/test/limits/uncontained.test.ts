/**
 * What an isolate cannot contain in the process that it shares with its host, shown in processes that are thrown away, and how
 * far the session notices and says so.
 */
import { describe, expect, it } from "vitest";
import type { UncontainedReport } from "./uncontained.ts";
import { runProgram } from "./run-program.ts";

const TIMEOUT_MS = 180_000;
const MEMORY = "exec cell ended: it passed the memory limit of 33554432 bytes (heapBytes)";

describe("in process", { timeout: TIMEOUT_MS }, () => {
  it.each([
    [
      "a loop that V8 compiled without an interrupt check, with loop unrolling turned on again",
      "unrolled loop",
    ],
    ["a built-in that works on without looking up", "endless built-in"],
  ])(
    "%s cannot be stopped: its cell ends, its thread is reported as stuck, other cells run",
    async (_, name) => {
      const { stdout } = await runProgram("uncontained.ts", [name], TIMEOUT_MS);
      const report: UncontainedReport = {
        ended: "terminated",
        lost: [{ cellId: "1", how: "stuck" }],
        next: "served",
      };
      expect(JSON.parse(stdout)).toEqual(report);
    },
  );

  it("a script that goes on like that after its end is reported as stuck all the same", async () => {
    const runs: UncontainedReport[] = [];
    // Its end may come before V8 has compiled the loop in the way that cannot be stopped.
    for (let run = 0; run < 25 && !runs.some(({ lost }) => lost.length > 0); run += 1) {
      const { stdout } = await runProgram("uncontained.ts", ["loop after the end"], TIMEOUT_MS);
      runs.push(JSON.parse(stdout) as UncontainedReport);
    }
    expect(runs.at(-1)).toEqual({ ended: "result", lost: [{ cellId: "1", how: "stuck" }], next: "served" });
  });

  it("a map that grows ends its cell with the memory limit; when V8 gives up on the isolate, it is reported as poisoned", async () => {
    const runs: UncontainedReport[] = [];
    // V8 may also notice in time that the heap is full.
    for (let run = 0; run < 25 && !runs.some(({ lost }) => lost.length > 0); run += 1) {
      const { stdout } = await runProgram("uncontained.ts", ["growing map"], TIMEOUT_MS);
      runs.push(JSON.parse(stdout) as UncontainedReport);
    }
    expect(runs.at(-1)).toEqual({
      ended: MEMORY,
      lost: [{ cellId: "1", how: "poisoned" }],
      next: "served",
    });
    for (const { ended, next } of runs) expect([ended, next]).toEqual([MEMORY, "served"]);
  });

  it("a stuck isolate keeps process.exit from ending the process in order: it hangs or crashes", async () => {
    const { stdout, signal } = await runProgram("uncontained.ts", ["unrolled loop", "exit"], 15_000);
    expect(JSON.parse(stdout)).toMatchObject({ ended: "terminated" });
    expect(["SIGKILL", "SIGSEGV", "SIGABRT"]).toContain(signal);
  });
});
