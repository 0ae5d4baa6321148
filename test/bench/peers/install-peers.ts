/**
 * What the benchmarks compare with, in a folder of its own: never a dependency of this project. `npm run bench -- install-peers
 * [--codex]` fills it; `--codex` adds the package with Codex's own host and reducer, some hundred megabytes.
 *
 * Nothing is compiled and no package's script runs: the one that wants an older isolated-vm gets that of this project, which
 * brought its binary along.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const PEERS_FOLDER: string = join(import.meta.dirname, "../../../.rollout-trace/bench-peers");

/** Names and versions; the first four are needed to compare, the last two draw pictures. */
const PACKAGES: Readonly<Record<string, string>> = {
  "quickjs-emscripten": "0.32.0",
  "@utcp/code-mode": "1.2.12",
  "@utcp/sdk": "1.1.2",
  "@utcp/direct-call": "1.0.12",
  vega: "6.2.0",
  "vega-lite": "6.4.1",
};
const CODEX: Readonly<Record<string, string>> = { "@openai/codex": "0.169.0" };
/** A process can load one copy of it only. */
const OVERRIDES: Readonly<Record<string, string>> = { "isolated-vm": "file:../../node_modules/isolated-vm" };

/** Installs what is missing. Throws what npm says when it cannot. */
export function installPeers({ codex }: { readonly codex: boolean }): void {
  const dependencies = { ...PACKAGES, ...(codex || codexFolder() !== null ? CODEX : {}) };
  const manifest = JSON.stringify({ private: true, dependencies, overrides: OVERRIDES });
  const file = join(PEERS_FOLDER, "package.json");
  if (existsSync(file) && readFileSync(file, "utf8") === manifest && isInstalled(dependencies)) return;
  mkdirSync(PEERS_FOLDER, { recursive: true });
  writeFileSync(file, manifest);
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: PEERS_FOLDER,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Whether everything that the comparison needs is there. */
export function hasPeers(): boolean {
  return isInstalled(PACKAGES);
}

/** Where Codex's programs are, or null where they were not installed. */
export function codexFolder(): string | null {
  const folder = join(
    PEERS_FOLDER,
    "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin",
  );
  return existsSync(folder) ? folder : null;
}

/** Loads one of the packages. `Module` says what is used of it. */
export async function importPeer<Module>(name: string): Promise<Module> {
  const path = createRequire(join(PEERS_FOLDER, "package.json")).resolve(name);
  return (await import(pathToFileURL(path).href)) as Module;
}

function isInstalled(packages: Readonly<Record<string, string>>): boolean {
  return Object.keys(packages).every((name) => existsSync(join(PEERS_FOLDER, "node_modules", name)));
}
