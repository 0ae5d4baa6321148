import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { benchRow } from "./bench.ts";
import { BENCHES } from "./benches.ts";
import { type Report, writeReport } from "./report.ts";

describe("a benchmark's row", () => {
  it("judges the ratio where there is a baseline, and the value where there is none", () => {
    const row = { bench: "b", case: "c", unit: "µs" };
    const judged = [
      benchRow({ ...row, value: 3, baseline: 2, bound: 1.4 }),
      benchRow({ ...row, value: 3, baseline: 2, bound: 1.5 }),
      benchRow({ ...row, value: 3, baseline: 2, ratio: 1.2, bound: 1.4 }),
      benchRow({ ...row, value: 3, bound: 2 }),
      benchRow({ ...row, value: 3 }),
    ];
    expect(judged.map(({ ratio, within }) => [ratio, within])).toEqual([
      [1.5, false],
      [1.5, true],
      [1.2, true],
      [null, false],
      [null, null],
    ]);
  });
});

describe("the report", () => {
  it("has figures of every benchmark, and first what misses its bound", { timeout: 600_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "bench-report-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { rows } = await writeReport(folder, { isQuick: true });

    const isMeasured = (name: string): boolean =>
      rows.some(({ bench, value }) => bench === name && Number.isFinite(value));
    expect([...BENCHES.keys()].filter((name) => name !== "peers" && !isMeasured(name))).toEqual([]);
    expect(rows.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
    const written = JSON.parse(readFileSync(join(folder, "performance.json"), "utf8")) as Report;
    expect(written.rows).toEqual(JSON.parse(JSON.stringify(rows)));
    const page = readFileSync(join(folder, "performance.md"), "utf8");
    const first = page.slice(page.indexOf("## What falls short"), page.indexOf("## exec-overhead"));
    expect(first.match(/\*\*missed\*\*/g) ?? []).toHaveLength(
      rows.filter(({ within }) => within === false).length,
    );
  });
});
