/**
 * What was found by fuzzing stays mended, each target holds for a few inputs, and a target that does not hold is noticed.
 * `npm run fuzz` is the long form.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { keepFinding, keptFindings } from "../../scripts/fuzz/findings.ts";
import { type Finding, fuzz } from "../../scripts/fuzz/fuzz.ts";
import { fuzzTarget, hold } from "../../scripts/fuzz/target.ts";
import { FUZZ_TARGETS } from "../../scripts/fuzz/targets/targets.ts";

const INPUTS = 25;
const TIMEOUT_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "findings-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("what was found by fuzzing", () => {
  it.each(keptFindings())("$file holds", { timeout: TIMEOUT_MS }, async ({ target, input }) => {
    const found = FUZZ_TARGETS.find(({ name }) => name === target);
    expect(found, `there is a target ${target}`).toBeDefined();
    await found?.check(input);
  });
});

describe("a few inputs", () => {
  it.each(FUZZ_TARGETS)("do not break $name", { timeout: TIMEOUT_MS }, async (target) => {
    const report = await fuzz(target, { seed: 1, seconds: 0, roundInputs: INPUTS });
    expect(report.finding).toBeNull();
    expect(report.inputs).toBe(INPUTS);
  });
});

describe("a target that does not hold", () => {
  const broken = fuzzTarget({
    name: "broken",
    inputs: fc.array(fc.nat(100), { maxLength: 20 }),
    check: (numbers) => {
      hold(!numbers.some((number) => number > 41), "no number above 41");
    },
  });

  it("is found, made as small as it goes, and kept for a replay", async () => {
    const { finding } = await fuzz(broken, { seed: 7, seconds: 60 });
    expect(finding).toMatchObject({ target: "broken", input: [42] });
    const again = await fuzz(broken, { seed: finding?.seed ?? 0, seconds: 0 });
    expect(again.finding).toEqual({ ...finding, message: expect.stringContaining("no number above 41") });
    keepFinding(finding as Finding, folder);
    expect(keptFindings(folder)).toEqual([
      { file: expect.stringMatching(/^broken-[0-9a-f]{8}\.json$/), target: "broken", input: [42] },
    ]);
  });
});
