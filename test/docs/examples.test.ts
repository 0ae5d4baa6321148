import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

describe("the quick start", () => {
  it("shows code that is in the program, line for line", () => {
    const program = read("examples/quick-start.ts");
    const blocks = [...read("docs/quick-start.md").matchAll(/```ts\n([\s\S]*?)```/g)].map(
      (match) => match[1] ?? "",
    );
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.filter((block) => !program.includes(block))).toEqual([]);
  });

  it("runs and prints what its page shows", () => {
    const folder = mkdtempSync(join(tmpdir(), "quick-"));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--conditions=rollout-trace-source", "examples/quick-start.ts", join(folder, "quick.db")],
      { cwd: ROOT, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
    );
    rmSync(folder, { recursive: true, force: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [, shown = "nothing"] = /```\n(\/root [^]*?)```/.exec(read("docs/quick-start.md")) ?? [];
    expect(stdout.replaceAll(/completed [\d.]+ \S*s\b/g, "completed …")).toContain(shown);
  });
});
