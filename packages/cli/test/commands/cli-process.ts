/** Runs the real command as its own process, as a shell would. */
import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const ARGS = ["--conditions=rollout-trace-source"];

/** What to type into a shell to run the command. */
export const COMMAND = `'${process.execPath}' ${ARGS.join(" ")} '${MAIN}'`;

export interface Exited {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _forced, NO_COLOR: _no, ...env } = process.env;
  // Half of a short command's time is compiling, which is the same each time.
  return { ...env, NODE_COMPILE_CACHE: join(tmpdir(), "rollout-trace-compile-cache"), ...extra };
}

/** Runs a line of a shell to its end. */
export function shell(line: string, env: NodeJS.ProcessEnv = {}): Exited {
  const { status, signal, stdout, stderr } = spawnSync("bash", ["-c", line], {
    encoding: "utf8",
    env: environment(env),
    maxBuffer: 1 << 28,
  });
  return { code: status, signal, out: stdout, err: stderr };
}

/** A process of the command, or of another program of the tests, whose output can be waited for. */
export class Running {
  readonly #child: ChildProcess;
  readonly exited: Promise<Exited>;
  #out = "";
  #err = "";
  #waiting: (() => void)[] = [];

  constructor(args: readonly string[], options: SpawnOptions = {}) {
    const child = spawn(process.execPath, [...ARGS, ...args], {
      env: environment(),
      stdio: ["pipe", "pipe", "pipe"],
      ...options,
    });
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      for (const look of this.#waiting) look();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#err += text;
    });
    this.exited = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      out: this.#out,
      err: this.#err,
    }));
  }

  static cli(args: readonly string[], options: SpawnOptions = {}): Running {
    return new Running([MAIN, ...args], options);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once the process has a file open; rejects when it ends before. Looks where Linux lists open files. */
  async opened(path: string): Promise<void> {
    const files = `/proc/${this.#child.pid}/fd`;
    const isOpen = (): boolean =>
      readdirSync(files).some((name) => {
        try {
          return readlinkSync(join(files, name)) === path;
        } catch {
          // Closed since it was listed.
          return false;
        }
      });
    while (!isOpen()) await nextTurn();
  }

  /** Resolves once the output so far matches; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<void> {
    const { promise, resolve: done, reject } = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (pattern.test(this.#out)) done(undefined);
    };
    this.#waiting.push(look);
    look();
    void this.exited.then(({ out, err }) =>
      reject(new Error(`ended without ${String(pattern)}: ${out}${err}`)),
    );
    return promise;
  }
}
