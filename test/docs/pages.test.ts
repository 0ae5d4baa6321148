/** What the pages name is there, and what they claim has a command or a test beside it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { processIo, runCli } from "@rollout-trace/cli";
import { BENCHES } from "../bench/benches.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = globSync(["*.md", "docs/*.md", "examples/*/README.md", "fixtures/*/README.md"], { cwd: ROOT })
  .filter((page) => page !== "docs/performance.md")
  .toSorted();
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

const TARGETS = globSync("scripts/fuzz/targets/*.ts", { cwd: ROOT }).map(read).join("\n");

const TESTS = new Set(
  globSync(["packages/*/test/**/*.test.ts", "test/**/*.test.ts"], { cwd: ROOT }).map((path) =>
    basename(path),
  ),
);

/** Sections that claim nothing. */
const WITHOUT_CLAIMS = new Set(["Packages", "Reporting", "Assets"]);

function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** Of each command the options that its help lists. */
async function optionsOf(command: string): Promise<readonly string[]> {
  let out = "";
  const add = (text: string): void => {
    out += text;
  };
  await runCli([command, "--help"], { ...processIo(), columns: null, out: add, err: add });
  return /^Usage: rollout-trace \w+/.test(out)
    ? [...out.matchAll(/(?<=[ ,])--?[a-z][\w-]*/g)].map(([option]) => option)
    : [];
}

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  it("links to pages, files and headings that there are", () => {
    const broken = [...text.matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)].filter(
      ([, link = "", anchor]) => {
        const target = link === "" ? page : join(dirname(page), link);
        return (
          !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
        );
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it("names scripts, benchmarks, targets, files and folders that there are", () => {
    const names = (pattern: RegExp): readonly string[] =>
      [...text.matchAll(pattern)].map(([, name = ""]) => name);
    const missing = [
      ...names(/`([\w-]+\.test\.ts)`/g).filter((name) => !TESTS.has(name)),
      ...names(/npm run (?:-s )?([\w-]+)/g).filter((name) => !(name in scripts)),
      ...names(/npm run bench -- ([a-z][\w-]*)/g).filter((name) => !BENCHES.has(name)),
      ...names(/fuzz -- --target ([\w-]+)/g).filter((name) => !TARGETS.includes(`"${name}"`)),
      ...names(
        /[`\s(|](?:\.\.\/)*((?:packages|test|scripts|examples|fixtures|docs)\/[\w./{},*-]*[\w}*])/g,
      ).filter(
        // A page about one package names its folders from there.
        (path) =>
          !existsSync(join(ROOT, path)) && globSync([path, `packages/*/${path}`], { cwd: ROOT }).length === 0,
      ),
    ];
    expect(missing).toEqual([]);
  });

  it("shows command lines that can be typed", async () => {
    const lines = [...text.matchAll(/rollout-trace (?:-- )?([a-z]+)((?: [^`\n|]+)?)/g)];
    const wrong: string[] = [];
    for (const [line, command = "", rest = ""] of lines) {
      const known = await optionsOf(command);
      const used = [...rest.matchAll(/(?<= )--?[a-z][\w-]*/g)].map(([option]) => option);
      if (known.length === 0 || used.some((option) => !known.includes(option))) wrong.push(line);
    }
    expect(wrong).toEqual([]);
  });
});

describe("what is claimed", () => {
  it.each(PAGES.filter((page) => /^(?:[A-Z]+|docs\/[\w-]+)\.md$/.test(page)))(
    "in a section of %s has a command or a test beside it",
    (page) => {
      const bare = read(page)
        .split(/^## /m)
        .slice(1)
        .filter((section) => !/npm (?:ci|run|test)|\.test\.ts|```console|\btest\/[a-z]/.test(section))
        .map((section) => section.split("\n")[0] ?? "")
        .filter((title) => !WITHOUT_CLAIMS.has(title));
      expect(bare).toEqual([]);
    },
  );
});
