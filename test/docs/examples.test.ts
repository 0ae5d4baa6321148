import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "docs/quick-start.md",
  "docs/events.md",
  "docs/store.md",
  "docs/code-mode.md",
  "docs/code-mode-host.md",
  "docs/cli.md",
  "docs/opentelemetry.md",
];

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

describe("the documentation", () => {
  it("shows code of the quick start that is in the program, line for line", () => {
    const program = read("examples/quick-start.ts");
    const blocks = [...read("docs/quick-start.md").matchAll(/```ts\n([\s\S]*?)```/g)].map(
      (match) => match[1] ?? "",
    );
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.filter((block) => !program.includes(block))).toEqual([]);
  });

  it("has a quick start that runs and shows its cell and the cell's call", () => {
    const folder = mkdtempSync(join(tmpdir(), "quick-"));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--conditions=rollout-trace-source", "examples/quick-start.ts", join(folder, "quick.db")],
      { cwd: ROOT, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
    );
    rmSync(folder, { recursive: true, force: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /turn 1.*How warm.*\n.*model.*\n.*exec {2}cell 1 completed.*\n.*weather {2}completed/,
    );
  });

  it.each(PAGES)("%s links only to what is there", (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(resolve(ROOT, dirname(page), link)))).toEqual([]);
  });
});
