import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const EXAMPLE = "examples/two-tools.ts";

it("a newcomer's file of thirty lines runs a cell that calls two tools, and prints its output", async () => {
  expect(readFileSync(resolve(ROOT, EXAMPLE), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  const args = ["--conditions=rollout-trace-source", EXAMPLE];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect({ stdout, stderr }).toEqual({ stdout: "HELLO, Oslo has 21 degrees\n", stderr: "" });
});
