import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** Which packages of ours each package may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  runtime: ["protocol"],
  trace: ["protocol"],
  reducer: ["protocol"],
  cli: ["protocol", "runtime", "trace", "reducer"],
};

interface SourceFile {
  readonly file: string;
  readonly package: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = globSync("packages/*/src/**/*.ts", { cwd: ROOT }).map((file) => {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g,
  );
  const imports = [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  return { file, package: file.split("/")[1] ?? "", text, imports };
});

function offenders(of: (file: SourceFile) => readonly string[]): readonly string[] {
  return files.flatMap((file) => of(file).map((what) => `${file.file}: ${what}`));
}

/** Code without comments, near enough to look for words in it. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/[^\n]*/g, "$1");
}

describe("the packages' boundaries", () => {
  it("are looked for in files that are there", () => {
    expect(new Set(files.map((file) => file.package))).toEqual(new Set(Object.keys(ALLOWED)));
    expect(files.every((file) => file.text.length > 0)).toBe(true);
    expect(files.some((file) => file.imports.includes("@rollout-trace/protocol"))).toBe(true);
  });

  it("let dependencies point only towards the protocol, and to the command", () => {
    expect(
      offenders((file) =>
        file.imports.filter((specifier) => {
          const ours = /^@rollout-trace\/([^/]+)/.exec(specifier)?.[1];
          return ours !== undefined && !(ALLOWED[file.package] ?? []).includes(ours);
        }),
      ),
    ).toEqual([]);
  });

  it("are not walked around by a relative path into another package", () => {
    expect(
      offenders((file) =>
        file.imports.filter((specifier) => {
          if (!specifier.startsWith(".")) return false;
          const target = relative(ROOT, resolve(ROOT, dirname(file.file), specifier));
          return !target.startsWith(`packages/${file.package}/src/`);
        }),
      ),
    ).toEqual([]);
  });

  it("keep platform modules out of protocol and reducer", () => {
    const pure = new Set(["protocol", "reducer"]);
    const libraries = [/^\.{1,2}\//, /^@rollout-trace\/protocol$/, /^zod$/, /^@noble\/hashes\//];
    // The doubles that the reducer ships for tests of others may know their test runner.
    const shipped = (file: SourceFile) => pure.has(file.package) && !file.file.includes("/testing/");
    expect(
      offenders((file) =>
        shipped(file)
          ? file.imports.filter((specifier) => !libraries.some((known) => known.test(specifier)))
          : [],
      ),
    ).toEqual([]);
  });

  it("keep clocks, randomness and I/O out of the reducer", () => {
    const impure =
      /\b(?:Date|performance|crypto|Math\.random|process(?=\s*[.[])|fetch|setTimeout|setInterval|localeCompare|toLocale\w+)\b/g;
    expect(
      offenders((file) => (file.package === "reducer" ? (code(file.text).match(impure) ?? []) : [])),
    ).toEqual([]);
  });

  it("make every public name one that somebody wrote down", () => {
    expect(offenders((file) => code(file.text).match(/\bexport\s+\*|\bexport\s+default\b/g) ?? [])).toEqual(
      [],
    );
  });
});
