/**
 * Looks at the packages as they would be published: `publint` at each folder, `attw` at each tarball. Expects a build.
 * Exit code 1 when either has something to say.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "packed-"));
try {
  const packages = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name));
  const workspaces = packages.flatMap((path) => ["--workspace", path]);
  await run("npm", ["pack", "--silent", "--pack-destination", folder, ...workspaces], ROOT);
  const tarballs = readdirSync(folder).map((name) => join(folder, name));
  if (tarballs.length !== packages.length)
    fail(`${packages.length} packages gave ${tarballs.length} tarballs`);
  await Promise.all([
    ...packages.map((path) => run("publint", ["--strict", "--pack", "false", "."], path)),
    ...tarballs.map((path) => run("attw", [path, "--profile", "esm-only", "--format", "ascii"], ROOT)),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  await new Promise<void>((done) => {
    execFile(command, args, { cwd, encoding: "utf8" }, (error, stdout, stderr) => {
      if (error !== null) fail(`${command} ${args.join(" ")} in ${cwd}:\n${stdout}${stderr}`);
      done();
    });
  });
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
