import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "programs/keep-much.ts");
const MIB = 1024 * 1024;

describe("the space that new objects live in", () => {
  it("stops growing at 32 MiB where it is told to, and says nothing of it", async () => {
    const { most, stderr } = await keepMuch([], ["stopped"]);
    expect(most).toBeLessThanOrEqual(33 * MIB);
    expect(stderr).toBe("");
  });

  it("grows to a multiple of that otherwise", async () => {
    expect((await keepMuch([], [])).most).toBeGreaterThanOrEqual(64 * MIB);
  });

  it("is left alone where whoever starts the process says how large it may be", async () => {
    const { most } = await keepMuch(["--max-semi-space-size=32"], ["stopped"]);
    expect(most).toBe(64 * MIB);
  });
});

async function keepMuch(
  flags: readonly string[],
  args: readonly string[],
): Promise<{ readonly most: number; readonly stderr: string }> {
  const program = [...flags, "--conditions=rollout-trace-source", PROGRAM, ...args];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, program);
  return { ...(JSON.parse(stdout) as { most: number }), stderr };
}
