/**
 * How the child is started: which program, with which V8 flags, and with what taken from it. What each measure stops, and what
 * it does not, is in `docs/code-mode-host.md`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

const PACKAGE_ROOT = join(import.meta.dirname, "..", "..");
/** Not loaded by us, or the child's addon would be in this process. */
const DEPENDENCIES = ["isolated-vm", "node-gyp-build"];
/** The addon's loader looks whether this file is there, to tell musl from glibc. */
const LIBC_MARKER = "/etc/alpine-release";

/** Without unrolling, every loop can be interrupted; see `keepLoopsInterruptible`. */
const V8_FLAGS = ["--no-turboshaft-loop-unrolling"];

/** A program of util-linux that has the kernel kill what it turns into as soon as the process that started it is gone. */
const SETPRIV = "/usr/bin/setpriv";
const KILLED_WITH_PARENT: readonly [string, ...string[]] = [SETPRIV, "--pdeathsig", "KILL"];

/**
 * The program and its arguments. A stopped process does not notice that its stdin was closed; so the kernel ends it together with
 * this one, where that can be had.
 */
export function hostCommand(): readonly [string, ...string[]] {
  const host = [process.execPath, ...hostArguments()] as const;
  return canBeKilledWithParent() ? [...KILLED_WITH_PARENT, ...host] : host;
}

let killedWithParent: boolean | undefined;

function canBeKilledWithParent(): boolean {
  if (killedWithParent !== undefined) return killedWithParent;
  if (!existsSync(SETPRIV)) return (killedWithParent = false);
  // Other programs of that name cannot do it, and a sandbox may forbid it.
  const [program, ...args] = KILLED_WITH_PARENT;
  const { status, error } = spawnSync(program, [...args, SETPRIV, "--version"], { env: {}, stdio: "ignore" });
  // What went wrong here may not go wrong the next time.
  if (error === undefined) killedWithParent = status === 0;
  return status === 0;
}

let known: readonly string[] | undefined;

/**
 * The arguments of `node` for the host, which finds everything it needs by them and nothing in its environment. Looked up once:
 * where packages are does not change, and a child may have to be replaced while everybody waits.
 */
export function hostArguments(): readonly string[] {
  known ??= findHostArguments();
  return known;
}

function findHostArguments(): readonly string[] {
  const fromSource = import.meta.filename.endsWith(".ts");
  const main = join(import.meta.dirname, "..", "host", fromSource ? "main.ts" : "main.js");
  return [
    ...V8_FLAGS,
    // Isolates of one process with different snapshots have crashed there.
    ...(process.platform === "darwin" ? ["--no-node-snapshot"] : []),
    ...(fromSource ? ["--conditions=rollout-trace-source"] : []),
    "--permission",
    "--allow-addons",
    ...readablePaths().map((path) => `--allow-fs-read=${path}`),
    "--disable-warning=SecurityWarning",
    main,
  ];
}

/** The program's own files and those of its dependencies, by every name that a module loader calls them. */
function readablePaths(): readonly string[] {
  const paths = [join(realpathSync(PACKAGE_ROOT), "*"), join(PACKAGE_ROOT, "*"), LIBC_MARKER];
  for (const name of DEPENDENCIES) {
    const found = findPackage(name);
    if (found !== undefined)
      paths.push(found, join(found, "*"), realpathSync(found), join(realpathSync(found), "*"));
  }
  return [...new Set(paths)];
}

function findPackage(name: string): string | undefined {
  for (let folder = PACKAGE_ROOT; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
