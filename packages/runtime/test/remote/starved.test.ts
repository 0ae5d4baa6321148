/**
 * What is judged by time is judged by the time of a processor that somebody got: on a machine that has none to spare, nobody is
 * taken for silent or stuck who only has to wait. One processor is kept busy, and what is tested is put there.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../src/remote/heartbeat.ts";
import { type HostEndReport, ProcessSessionProvider } from "../../src/remote/index.ts";
import { RecordingHost } from "../session/recording-host.ts";

const TASKSET = "/usr/bin/taskset";
/** As the child is than its host. Against so many competitors that leaves a tenth of a processor. */
const NICER_BY = 5;
const LEAST_PRIORITY = 19;
const COMPETITORS = 3;
const SILENCE_MS = 500;
/** Of a processor, for an answer. The machine has more to do than this, nobody knows how much. */
const WORK_MS = [5, 20, 80, 320];
/** Of the five steps of a silence the first goes by before anybody asks. */
const SILENT_AFTER_PINGS = 4;
/**
 * Of numbers that a script multiplies, which cannot be interrupted. Each is little longer than the one before: what is too long is stuck,
 * and what is too short proves nothing.
 */
const PRODUCT_BITS = [100_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000];
const STUCK_MS = 500;
const PATIENCE = { timeout: 60_000, interval: 5 };

const ANSWERING = `
  const ranMs = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  process.stdin.on("data", (bytes) => {
    for (const before = ranMs(); ranMs() - before < Number(process.argv[1]););
    process.stdout.write(bytes);
  });
  process.stdout.write("!");
`;

/** As long as this process is there. */
const BUSY = `while kill -0 ${process.pid}; do :; done`;

/** Keeps a processor busy. */
class BusyProcessor implements Disposable {
  readonly #processor = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  readonly #competitors = Array.from({ length: COMPETITORS }, () =>
    spawn(TASKSET, ["-c", String(this.#processor), "/bin/sh", "-c", BUSY]),
  );

  /** Leaves a thread what the others leave of this processor. */
  starve(thread: number): void {
    setPriority(thread, Math.min(getPriority() + NICER_BY, LEAST_PRIORITY));
    execFileSync(TASKSET, ["-p", "-c", String(this.#processor), String(thread)]);
  }

  [Symbol.dispose](): void {
    for (const competitor of this.#competitors) competitor.kill("SIGKILL");
  }
}

/** A process that answers when it is asked. */
class Watched implements Disposable {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #heartbeat: Heartbeat;
  readonly #silent = Promise.withResolvers<void>();
  pings = 0;

  constructor(workMs: number) {
    this.process = spawn(process.execPath, ["--eval", ANSWERING, String(workMs)]);
    this.#heartbeat = new Heartbeat({
      pid: this.process.pid,
      silenceMs: SILENCE_MS,
      ping: () => {
        this.pings += 1;
        this.process.stdin.write("?");
      },
      silent: this.#silent.resolve,
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async ready(): Promise<void> {
    await once(this.process.stdout, "data");
  }

  /** What comes first, an answer or that it is found silent; with an answer, how long that took. */
  async outcome(): Promise<{ readonly answeredAfterMs: number } | "silent"> {
    const since = performance.now();
    this.#heartbeat.active = true;
    const answer = once(this.process.stdout, "data");
    return await Promise.race([
      answer.then(() => ({ answeredAfterMs: performance.now() - since })),
      this.#silent.promise.then(() => "silent" as const),
    ]);
  }

  [Symbol.dispose](): void {
    this.#heartbeat[Symbol.dispose]();
    this.process.kill("SIGKILL");
  }
}

describe.runIf(existsSync(TASKSET))("on a busy machine", { timeout: 240_000 }, () => {
  it("a process that waits for a processor is not silent", async () => {
    let held = false;
    for (const workMs of WORK_MS) {
      using busy = new BusyProcessor();
      using watched = new Watched(workMs);
      await watched.ready();
      busy.starve(watched.pid);
      const outcome = await watched.outcome();
      // By the clock it would have been.
      held = outcome !== "silent" && outcome.answeredAfterMs > 1.5 * SILENCE_MS;
      if (held) break;
    }
    expect(held).toBe(true);
  });

  it("a stopped one is silent as soon as on any other", async () => {
    using busy = new BusyProcessor();
    using watched = new Watched(0);
    await watched.ready();
    busy.starve(watched.pid);
    watched.process.kill("SIGSTOP");
    await expect.poll(() => stateOf(watched.pid), PATIENCE).toBe("T");
    expect(await watched.outcome()).toBe("silent");
    expect(watched.pings).toBe(SILENT_AFTER_PINGS);
  });

  it("a script that has to wait for a processor before it can stop is not stuck", async () => {
    const lost: HostEndReport[] = [];
    await using provider = new ProcessSessionProvider({ onHostEnd: (end) => lost.push(end) });
    const session = await provider.createSession(new RecordingHost());
    const run = async (source: string): Promise<string> => {
      const cell = await session.execute({ toolCallId: "call", source, enabledTools: [] });
      await cell.initialResponse;
      return cell.cellId;
    };
    let held = false;
    for (const bits of PRODUCT_BITS) {
      using busy = new BusyProcessor();
      const lostBefore = lost.length;
      const cellId = await run(`yield_control(); for (const n = (1n << ${bits}n) - 1n; ; ) n * n;`);
      const { hostPid = 0 } = provider;
      const thread = await busiestThread(hostPid);
      busy.starve(thread);
      const since = performance.now();
      await session.terminate({ cellId });
      await expect.poll(() => stateOf(hostPid, thread), PATIENCE).not.toBe("R");
      const tookMs = performance.now() - since;
      // Had it been found stuck, that would have been said before this.
      await run("text(1)");
      // By the clock it would have been.
      held = lost.length === lostBefore && tookMs > 1.5 * STUCK_MS;
      if (held) break;
    }
    expect(held).toBe(true);
  });
});

/** The one that a script runs in which does not end. */
async function busiestThread(pid: number): Promise<number> {
  const ran = (thread: number): number =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  const before = new Map(threads.map((thread) => [thread, ran(thread)]));
  const grown = (thread: number): number => ran(thread) - (before.get(thread) ?? 0);
  let busiest = 0;
  await expect
    .poll(() => {
      busiest = threads.toSorted((left, right) => grown(right) - grown(left))[0] ?? 0;
      return grown(busiest);
    }, PATIENCE)
    .toBeGreaterThan(5e7);
  return busiest;
}

/** `R` when it runs or wants to, `T` when it is stopped; nothing when it is gone. */
function stateOf(pid: number, thread = pid): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1").split(") ")[1]?.[0];
  } catch {
    return undefined;
  }
}
