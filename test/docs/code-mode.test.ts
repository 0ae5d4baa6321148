import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "@rollout-trace/runtime";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(resolve(ROOT, "docs/code-mode.md"), "utf8");
const tests = globSync("packages/runtime/test/**/*.ts", { cwd: ROOT })
  .map((file) => readFileSync(resolve(ROOT, file), "utf8"))
  .join("\n");

describe("docs/code-mode.md", () => {
  it("names for each of the thirteen rules tests that there are", () => {
    const rules = [...page.matchAll(/^\| (\d+) [^|]*\| (.*) \|$/gm)];
    expect(rules.map(([, rule]) => Number(rule))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    const names = rules.flatMap(([, , cell = ""]) =>
      [...cell.matchAll(/\*(.+?)\*/g)].map(([, name]) => name),
    );
    expect(names.filter((name) => name === undefined || !tests.includes(name))).toEqual([]);
  });

  it("names for what cannot be contained tests that there are", () => {
    const table = page.slice(page.indexOf("| script |"), page.indexOf("`stuck` is a judgement"));
    const names = [...table.matchAll(/\| \*(.+?)\* \|$/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => name === undefined || !tests.includes(name))).toEqual([]);
  });

  it("gives the limits that are the defaults", () => {
    const { heapBytes, outputBytes, pendingToolCalls, timers, cpuMs } = DEFAULT_LIMITS;
    const mib = 1024 * 1024;
    const spaced = (value: number): string => value.toLocaleString("en").replaceAll(",", " ");
    expect(page).toContain(`| \`heapBytes\` | ${heapBytes / mib} MiB,`);
    expect(page).toContain(`| \`outputBytes\` | ${outputBytes / mib} MiB of`);
    expect(page).toContain(`| \`pendingToolCalls\` | ${spaced(pendingToolCalls)} at once`);
    expect(page).toContain(`| \`timers\` | ${spaced(timers)} at once`);
    expect([cpuMs, page.includes("| `cpuMs` | none;")]).toEqual([null, true]);
  });
});
