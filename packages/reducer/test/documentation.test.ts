import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { DIAGNOSTIC_CODES, FINDING_CODES, type RolloutGraph, severityOf } from "@rollout-trace/reducer";

const ROOT = resolve(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const REDUCTION = read("docs/reduction.md");
const GRAPH = read("docs/graph.md");

describe("the documentation of the reduction", () => {
  it("has every code with its severity", () => {
    const missing = DIAGNOSTIC_CODES.filter(
      (code) => !REDUCTION.includes(`| \`${code}\` | ${severityOf(code)} |`),
    );
    expect([...missing, ...FINDING_CODES.filter((code) => !REDUCTION.includes(`| \`${code}\` |`))]).toEqual(
      [],
    );
  });

  it("names for each rule a test that there is", () => {
    const tests = globSync(["packages/reducer/test/*.test.ts", "test/**/*.test.ts"], { cwd: ROOT })
      .map(read)
      .join("\n");
    const table = REDUCTION.slice(REDUCTION.indexOf("## Which test holds which rule"));
    const names = [...table.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)]
      .map((match) => match[1] ?? "")
      .filter((name) => name !== "test" && name !== "---");
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
  });
});

describe("the documentation of the graph", () => {
  it("has every field that an object has", () => {
    const fields = new Set<string>();
    for (const file of globSync("fixtures/reducer/*.json", { cwd: ROOT })) {
      const { graph } = JSON.parse(read(file)) as { graph: RolloutGraph };
      for (const [name, value] of Object.entries(graph) as [string, unknown][]) {
        fields.add(name);
        if (typeof value !== "object" || value === null || name === "usage" || name === "host") continue;
        for (const entry of Object.values(value)) {
          for (const field of Object.keys(entry as object)) fields.add(field);
        }
      }
    }
    expect(fields.size).toBeGreaterThan(100);
    expect([...fields].filter((field) => !new RegExp(`\`[^\`]*\\b${field}\\b[^\`]*\``).test(GRAPH))).toEqual(
      [],
    );
  });
});
