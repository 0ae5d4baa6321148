/**
 * Runs replays in a process of their own, without rights to write files or start programs: a script may abort or wedge the
 * process that runs it, and a recorded script is somebody else's. Nothing of the isolates is loaded into this process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { ReplayOutcome, ReplayRequest } from "@rollout-trace/runtime";

/** `lost`: what became of the process. */
export type ProcessOutcome = ReplayOutcome | { readonly type: "lost"; readonly what: string };

/** Milliseconds beyond a replay's own time after which its process is ended: starting it takes part of a second. */
const GRACE_MS = 10_000;

/** One process at a time, started when it is needed; after one was lost the next replay begins another. */
export class ReplayProcess implements Disposable {
  #child: ChildProcess | null = null;

  /** One at a time. */
  run(request: ReplayRequest & { readonly timeoutMs: number }): Promise<ProcessOutcome> {
    const child = (this.#child ??= start());
    const { promise, resolve } = Promise.withResolvers<ProcessOutcome>();
    const limit = AbortSignal.timeout(request.timeoutMs + GRACE_MS);
    const kill = (): void => void child.kill("SIGKILL");
    const answered = (message: unknown): void => {
      const { outcome, error } = message as { outcome?: ReplayOutcome; error?: string };
      resolve(outcome ?? { type: "lost", what: `the script could not be run: ${error ?? "no answer"}` });
    };
    const exited = (code: number | null, name: string | null): void => {
      this.#child = null;
      const how = name ?? `exit code ${code}`;
      const why = limit.aborted
        ? `could not be stopped in ${request.timeoutMs + GRACE_MS} ms`
        : `died (${how})`;
      resolve({ type: "lost", what: `the process that ran the script ${why}` });
    };
    limit.addEventListener("abort", kill);
    child.once("message", answered).once("exit", exited);
    child.send(request);
    return promise.finally(() => {
      limit.removeEventListener("abort", kill);
      child.off("message", answered).off("exit", exited);
    });
  }

  [Symbol.dispose](): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }
}

function start(): ChildProcess {
  const fromSource = import.meta.filename.endsWith(".ts");
  const child = fork(join(import.meta.dirname, fromSource ? "replay-child.ts" : "replay-child.js"), [], {
    execArgv: [
      ...(fromSource ? ["--conditions=rollout-trace-source"] : []),
      "--permission",
      "--allow-addons",
      "--allow-fs-read=*",
      "--disable-warning=SecurityWarning",
    ],
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  // A process that cannot be started, or is gone when it is asked, exits too, or never was: both are told by `exit`.
  child.on("error", () => child.emit("exit", null, "could not be started"));
  return child;
}
