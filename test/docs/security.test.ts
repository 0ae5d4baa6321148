import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { FUZZ_TARGETS } from "../../scripts/fuzz/targets/targets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(resolve(ROOT, "SECURITY.md"), "utf8");
const { scripts } = JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const commands = [...page.matchAll(/`npm run (?:-s )?([\w-]+)([^`]*)`/g)];

describe("SECURITY.md", () => {
  it("has a command beside each claim", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| **"));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !/`npm run |yours to add/.test(row))).toEqual([]);
  });

  it("names commands, files and targets that there are", () => {
    const missing = commands.flatMap(([, script = "", rest = ""]) => [
      ...(script in scripts ? [] : [script]),
      ...[...rest.matchAll(/packages\/\S+/g)]
        .map(([path]) => path)
        .filter((path) => !existsSync(resolve(ROOT, path))),
    ]);
    expect(missing).toEqual([]);
    const named = [...page.matchAll(/`npm run fuzz -- --target ([\w-]+)`(?: \(and ([^)]*)\))?/g)].flatMap(
      ([, first = "", others = ""]) => [
        first,
        ...others.matchAll(/`([\w-]+)`/g).map(([, name = ""]) => name),
      ],
    );
    expect(new Set(named)).toEqual(new Set(FUZZ_TARGETS.map(({ name }) => name)));
  });

  it("links to headings and files that there are", () => {
    const links = [...page.matchAll(/\]\((docs\/[\w-]+\.md)(?:#([\w-]+))?\)/g)];
    expect(links.length).toBeGreaterThan(2);
    for (const [, file = "", heading] of links) {
      const headings = [...readFileSync(resolve(ROOT, file), "utf8").matchAll(/^#+ (.*)$/gm)].map(
        ([, title = ""]) =>
          title
            .toLowerCase()
            .replaceAll(/[^\w -]/g, "")
            .replaceAll(" ", "-"),
      );
      expect(headings).toContain(heading ?? headings[0]);
    }
  });
});
