/** One round's stage: a folder, the host that works in it as a process of its own, and what it said so far. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { SeededRandom } from "../seeded-random.ts";
import type { HostOptions, HostReport } from "./recording-host.ts";

/** What was known of a host when it was over. */
export interface HostOutcome {
  readonly options: HostOptions;
  readonly exit: number | string | null;
  /** The last complete line of a step: steps, `seq` in the file, digest, longest step in ms; null before the first. */
  readonly last: readonly [steps: number, seq: number, digest: string, longest: number] | null;
  /** Null when it did not come to an end of its own. */
  readonly report: HostReport | null;
  readonly stderr: string;
}

const PROGRAM = join(import.meta.dirname, "recording-host.ts");
/** A host that was asked to end and does not is stuck. */
const MAX_ENDING_MS = 60_000;

/** Hosts that run, and that would go on when this process is ended before they are; stopped ones for ever. */
const running: Set<ChildProcess> = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class Host {
  readonly process: ChildProcess;
  readonly #options: HostOptions;
  readonly #exit: Promise<number | string | null>;
  #stdout = "";
  #stderr = "";

  constructor(options: HostOptions, env: NodeJS.ProcessEnv = {}) {
    this.#options = options;
    this.process = spawn(
      process.execPath,
      ["--conditions=rollout-trace-source", PROGRAM, JSON.stringify(options)],
      { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } },
    );
    this.process.stdout?.on("data", (data) => (this.#stdout += String(data)));
    this.process.stderr?.on("data", (data) => (this.#stderr += String(data)));
    running.add(this.process);
    this.process.once("close", () => running.delete(this.process));
    // It may be gone when it is asked to end.
    this.process.stdin?.on("error", () => {});
    this.#exit = once(this.process, "close").then(
      ([code, signal]) => (signal ?? code) as number | string | null,
    );
  }

  /** Resolves when it has begun to work, or is gone. */
  async working(): Promise<void> {
    while (this.#stdout === "" && this.process.exitCode === null && this.process.signalCode === null)
      await pause(1);
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.process.kill(signal);
  }

  /** Asks it to come to an end, or only waits for that. */
  async end(how: "ask" | "wait"): Promise<HostOutcome> {
    if (how === "ask") this.process.stdin?.end("end\n");
    const late = new AbortController();
    const exit = await Promise.race([
      this.#exit,
      pause(MAX_ENDING_MS, "stuck", { signal: late.signal }).catch(() => "stuck"),
    ]);
    late.abort();
    if (exit === "stuck") this.process.kill("SIGKILL");
    return this.#outcome(exit);
  }

  #outcome(exit: number | string | null): HostOutcome {
    const lines = this.#stdout.split("\n").slice(0, -1);
    const report =
      lines.at(-1)?.startsWith("{") === true ? (JSON.parse(lines.at(-1) ?? "") as HostReport) : null;
    const step = lines.at(report === null ? -1 : -2)?.split(" ");
    const [steps, seq, digest = "", longest] = step ?? [];
    const last = step === undefined ? null : ([Number(steps), Number(seq), digest, Number(longest)] as const);
    return { options: this.#options, exit, last, report, stderr: this.#stderr };
  }
}

export interface Scene {
  /** Where the store is; the host may write there and nowhere else. */
  readonly folder: string;
  readonly path: string;
  readonly random: SeededRandom;
  readonly seed: number;
}

export function sceneIn(parent: string, seed: number, random: SeededRandom): Scene {
  const folder = join(parent, "store");
  mkdirSync(folder);
  return { folder, path: join(folder, "trace.db"), random, seed };
}
