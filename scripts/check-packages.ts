/**
 * Looks at the packages as they would be published: `publint` at each folder, `attw` at each tarball. Expects a build.
 * Exit code 1 when either has something to say.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "packed-"));
try {
  for (const name of readdirSync(join(ROOT, "packages"))) {
    const packed = run(
      "npm",
      ["pack", "--silent", "--pack-destination", folder],
      join(ROOT, "packages", name),
    ).trim();
    run("publint", ["--strict", "--pack", "false", "."], join(ROOT, "packages", name));
    run("attw", [join(folder, packed), "--profile", "esm-only", "--format", "ascii"], ROOT);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) {
    console.error(`${command} ${args.join(" ")} in ${cwd}:\n${stdout}${stderr}`);
    process.exitCode = 1;
  }
  return stdout;
}
