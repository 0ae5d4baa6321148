/**
 * Installs the packages as they would be published, from their tarballs, into an empty folder, and tries `rollout-trace`
 * there: a recording is shown and compared, a cell is run again, a completion script is printed. Expects a build. What is not
 * ours comes from npm's cache or registry, as npm is configured. Exit code 1 with what went wrong.
 *
 * `npm run -s node -- scripts/check-tarballs.ts`
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { recordSession } from "../packages/cli/test/commands/recorded-session.ts";

const ROOT = resolve(import.meta.dirname, "..");

const folder = mkdtempSync(join(tmpdir(), "tarballs-"));
try {
  const tarballs = pack(join(folder, "packed"));
  const user = join(folder, "user");
  install(user, tarballs);
  await recordSession(join(user, "session.db"));
  const checks: readonly (readonly [args: string, expected: RegExp])[] = [
    ["--version", /^\d+\.\d+\.\d+\n$/],
    ["--help", /Commands:[^]*show[^]*replay/],
    ["list session.db", /completed[^]*session/],
    ["show session.db", /^rollout session {2}completed[^]*cell 1 completed/],
    ["verify session.db", /^ok {2}session/],
    ["replay session.db call_races", /the same: 4 calls/],
    ["fixture session.db -o cut", /^cut: \d+ events/],
    ["export session.db --html -o session.html", /^/],
    ["prune session.db --older-than 30d --dry-run", /0 rollouts/],
    ["completion bash", /complete -o default/],
  ];
  for (const [args, expected] of checks) {
    const out = run("npx", ["--no-install", "rollout-trace", ...args.split(" ")], user);
    if (!expected.test(out)) fail(`rollout-trace ${args} printed:\n${out}`);
  }
  if (process.exitCode === undefined)
    console.log(`${checks.length} checks passed in ${tarballs.length} packages`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(into: string): readonly string[] {
  mkdirSync(into);
  return readdirSync(join(ROOT, "packages")).map((name) => {
    const args = ["pack", "--silent", "--pack-destination", into];
    return join(into, run("npm", args, join(ROOT, "packages", name)).trim());
  });
}

/** With the Node of the checkout, which the packages need. */
function install(into: string, tarballs: readonly string[]): void {
  mkdirSync(into);
  writeFileSync(join(into, "package.json"), '{ "private": true, "type": "module" }\n');
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", ...tarballs], into);
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    fail(`${command} ${args.join(" ")}: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`);
  return stdout;
}

function fail(what: string): void {
  console.error(what);
  process.exitCode = 1;
}
