/** What can happen to a host that records. Each fault strikes, is relieved or not, and says what it may cost. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { missingBadDisk, onBadDisk, spoil } from "./bad-disk.ts";
import type { HostOptions } from "./recording-host.ts";
import { Host, type Scene } from "./scene.ts";

/** Undoes what a fault did; does nothing the second time. */
export type Relief = () => void;

export interface Fault {
  readonly name: string;
  /** Why it cannot be had on this machine; null when it can. */
  readonly missing: () => string | null;
  /** Before the host starts: what is different for it. The relief is for the end of the round. */
  readonly prepare?: (scene: Scene) => Preparation;
  readonly strike: (scene: Scene, host: Host) => Relief | Promise<Relief>;
  /** What is left of the fault: `kill` ends the host, `replace` makes the file another one. */
  readonly ends?: "kill" | "replace";
  /** Whether the host's steps take longer meanwhile: it is stopped itself, or waits for its disk. */
  readonly slowsHost?: boolean;
  /** Whether it is relieved in every round. */
  readonly mustEnd?: boolean;
}

export interface Preparation {
  readonly options?: Partial<HostOptions>;
  readonly env?: NodeJS.ProcessEnv;
  readonly undo?: Relief;
}

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const nothing: Relief = () => {};
const here = (): null => null;
const needs = (program: string) => (): string | null =>
  works(program, ["--version"]) ? null : `no ${program}`;

export const FAULTS: readonly Fault[] = [
  {
    name: "kill",
    missing: here,
    ends: "kill",
    strike: (_scene, host) => {
      host.kill("SIGKILL");
      return nothing;
    },
  },
  {
    name: "full disk (tmpfs)",
    missing: () => (canMount() ? null : "mounting a tmpfs is not allowed"),
    prepare: ({ folder, random }) => {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${random.integer(64, 3000)}k`, "tmpfs", folder]);
      return { undo: () => execFileSync("umount", ["--lazy", folder]) };
    },
    strike: ({ folder, random }) => {
      // Fills what is left at once, or leaves that to the host.
      if (random.chance(0.5)) fill(join(folder, "ballast"));
      return () => execFileSync("mount", ["-o", "remount,size=512m", folder]);
    },
  },
  {
    name: "full disk (size limit)",
    missing: needs("prlimit"),
    strike: ({ path, random }, { process: { pid } }) => {
      const wal = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      setFileLimit(pid, `${wal + random.integer(0, 200_000)}`);
      return () => setFileLimit(pid, "unlimited");
    },
  },
  {
    name: "clock jumps",
    missing: here,
    prepare: () => ({ options: { clockJumps: true } }),
    strike: () => nothing,
  },
  {
    name: "permissions lost while recording",
    missing: () => (isRoot ? null : "needs to start the host as another user"),
    prepare: asNobody,
    strike: ({ folder, path, random }) => takeAway(random.pick([folder, path, "all"]), folder, path),
  },
  {
    name: "permissions lost before recording",
    missing: () => (isRoot ? null : "needs to start the host as another user"),
    prepare: (scene) => {
      const { folder, path, random } = scene;
      const prepared = asNobody(scene);
      if (random.chance(0.5)) {
        makeStore(path);
        chownSync(path, NOBODY, NOBODY);
      }
      takeAway(random.chance(0.5) || !existsSync(path) ? folder : path, folder, path);
      return prepared;
    },
    strike: ({ folder, path }) => {
      return () => giveBack(folder, path);
    },
  },
  {
    name: "file deleted",
    missing: here,
    ends: "replace",
    strike: ({ path, random }) => {
      const suffixes = random.chance(0.5) ? ["", "-wal", "-shm"] : [""];
      for (const suffix of suffixes) rmSync(path + suffix, { force: true });
      return nothing;
    },
  },
  {
    name: "file moved away",
    missing: here,
    ends: "replace",
    strike: ({ path }) => {
      for (const suffix of ["", "-wal", "-shm"]) {
        if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.moved${suffix}`);
      }
      return nothing;
    },
  },
  {
    name: "lock held by another process",
    missing: here,
    strike: ({ path, random }) => {
      const other = new Database(path, { timeout: 2_000 });
      other.exec(random.chance(0.5) ? "BEGIN IMMEDIATE" : "BEGIN EXCLUSIVE");
      return () => other.close();
    },
  },
  {
    name: "another writer stopped in the middle",
    missing: here,
    strike: async (scene) => {
      const { path, seed, random } = scene;
      const other = new Host({ ...defaultOptions(scene), path, rolloutId: "neighbour", seed: seed + 1 });
      await other.working();
      // Wherever it is; now and then within a transaction.
      await new Promise((resolve) => setTimeout(resolve, random.integer(0, 30)));
      other.kill("SIGSTOP");
      return () => {
        other.kill("SIGCONT");
        other.kill("SIGKILL");
      };
    },
  },
  {
    name: "slow disk",
    missing: missingBadDisk,
    prepare: ({ folder, random }) => ({
      env: onBadDisk(folder, `${folder}-is-bad`, { slow: random.pick([5, 50, 500]), fail: 0, random }),
    }),
    slowsHost: true,
    strike: ({ folder }) => spoil(`${folder}-is-bad`),
  },
  {
    name: "failing disk",
    missing: missingBadDisk,
    prepare: ({ folder, random }) => ({
      env: onBadDisk(folder, `${folder}-is-bad`, { slow: 0, fail: random.pick([5, 50, 1000]), random }),
    }),
    strike: ({ folder }) => spoil(`${folder}-is-bad`),
  },
  {
    name: "stopped and continued",
    missing: here,
    slowsHost: true,
    mustEnd: true,
    strike: (_scene, host) => {
      host.kill("SIGSTOP");
      return () => host.kill("SIGCONT");
    },
  },
];

export function defaultOptions({ path, seed }: Scene): HostOptions {
  return { path, rolloutId: "round", seed, durability: "process", scale: 1, clockJumps: false, uid: null };
}

function asNobody({ folder }: Scene): Preparation {
  chownSync(folder, NOBODY, NOBODY);
  return { options: { uid: NOBODY } };
}

const FILES = ["", "-wal", "-shm"] as const;

function takeAway(what: string, folder: string, path: string): Relief {
  if (what === folder || what === "all") chownAndMode(folder, 0, 0o555);
  if (what === path || what === "all") {
    for (const suffix of FILES) if (existsSync(path + suffix)) chownAndMode(path + suffix, 0, 0o444);
  }
  return () => giveBack(folder, path);
}

function giveBack(folder: string, path: string): void {
  chownAndMode(folder, NOBODY, 0o755);
  for (const suffix of FILES) if (existsSync(path + suffix)) chownAndMode(path + suffix, NOBODY, 0o644);
}

function chownAndMode(path: string, owner: number, mode: number): void {
  chownSync(path, owner, owner);
  chmodSync(path, mode);
}

function makeStore(path: string): void {
  new Database(path).close();
}

function fill(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(8 * 1024 * 1024, 1));
  } catch {
    // As much as there was room for.
  }
}

/** A process that is gone has no limits. */
function setFileLimit(pid: number | undefined, bytes: string): void {
  works("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
}

let mountable: boolean | undefined;

function canMount(): boolean {
  mountable ??= isRoot && works("unshare", ["-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]);
  return mountable;
}

function works(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
