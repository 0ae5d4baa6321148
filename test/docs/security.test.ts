import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { FUZZ_TARGETS } from "../../scripts/fuzz/targets/targets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(resolve(ROOT, "SECURITY.md"), "utf8");

describe("SECURITY.md", () => {
  it("has a command beside each claim", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| **"));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !/`npm run |yours to add/.test(row))).toEqual([]);
  });

  it("names every target of the fuzzer", () => {
    const named = [...page.matchAll(/`npm run fuzz -- --target ([\w-]+)`(?: \(and ([^)]*)\))?/g)].flatMap(
      ([, first = "", others = ""]) => [
        first,
        ...others.matchAll(/`([\w-]+)`/g).map(([, name = ""]) => name),
      ],
    );
    expect(new Set(named)).toEqual(new Set(FUZZ_TARGETS.map(({ name }) => name)));
  });
});
