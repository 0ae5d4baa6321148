/**
 * `hostile-run.ts LIMIT_MS [NAME…]`: runs hostile scripts in a child process one after the other, each with a time limit, and
 * prints as JSON what each did to it and to this process (`HostileRun[]`).
 */
import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as rest } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { CodeModeSession, ToolDefinition } from "@rollout-trace/protocol";
import { type HostEndReport, ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { HOSTILE_CASES, type HostileCase } from "./hostile-cases.ts";

export interface HostileRun {
  readonly name: string;
  /** What the script was answered: an error text, `result`, `terminated`, or the code and message of an error. */
  readonly ended: string;
  /** From the request to its end, the limit included, in a child that is there. */
  readonly tookMs: number;
  /** Why children ended. */
  readonly hostEnds: readonly string[];
  /** What a cell printed that came right after. */
  readonly next: string;
  /** Share of the time that threads of this run's children ran or wanted to run afterwards, while nothing was to do. */
  readonly burning: number;
  /** The longest that this process's loop was held up, and an idle thread's of this process meanwhile. */
  readonly delayMs: number;
  readonly idleDelayMs: number;
}

const WINDOW_MS = 100;
/** On a busy machine it takes this long until a thread has had what it takes to find that it is stuck. */
const WINDOWS = 400;
/** Heartbeats and timers. */
const NOTHING = 0.1;
const DELAY_RESOLUTION_MS = 5;
const TOOLS: readonly ToolDefinition[] = ["echo", "hold"].map((name) => ({
  name,
  toolName: { name },
  description: "",
  kind: "function",
}));

const [limit, ...wanted] = process.argv.slice(2);
const limitMs = Number(limit);
const idleThread = startIdleThread();
const runs: HostileRun[] = [];
const pids = new Set<number>();
let hostEnds: string[] = [];
const provider = new ProcessSessionProvider({
  onHostEnd: ({ reason }: HostEndReport) => hostEnds.push(reason),
});
const session = await provider.createSession({
  invokeTool: async ({ toolName, input }, signal) =>
    toolName.name === "echo"
      ? (input ?? null)
      : await new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reject(signal.reason);
          });
        }),
  notify: async () => {},
  cellClosed: () => {},
});
await nextCell();
for (const hostile of HOSTILE_CASES) {
  if (wanted.length === 0 || wanted.includes(hostile.name)) runs.push(await watched(hostile));
}
await provider.close();
await idleThread.terminate();
process.stdout.write(JSON.stringify(runs));

async function watched(hostile: HostileCase): Promise<HostileRun> {
  // The one before may have cost the child; starting another is nothing that this script does.
  await nextCell();
  hostEnds = [];
  await idleDelay();
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  const started = performance.now();
  const ended = await ending(session, hostile);
  const tookMs = performance.now() - started;
  const next = await nextCell();
  delay.disable();
  const idleDelayMs = await idleDelay();
  const burning = await burningShare();
  return {
    name: hostile.name,
    ended,
    tookMs,
    hostEnds,
    next,
    burning,
    delayMs: delay.max / 1e6 - DELAY_RESOLUTION_MS,
    idleDelayMs,
  };
}

async function ending(on: CodeModeSession, { source, limits }: HostileCase): Promise<string> {
  try {
    const request = { toolCallId: "hostile", source, enabledTools: TOOLS, limits, yieldTimeMs: limitMs };
    const cell = await on.execute(request);
    const first = await cell.initialResponse;
    if (first.type !== "yielded") return first.errorText ?? first.type;
    const { response } = await on.terminate({ cellId: cell.cellId });
    return response.errorText ?? response.type;
  } catch (error) {
    return `${(error as { code?: string }).code}: ${String(error)}`;
  }
}

async function nextCell(): Promise<string> {
  const request = { toolCallId: "next", source: "text('served')", enabledTools: TOOLS, yieldTimeMs: 60_000 };
  const cell = await session.execute(request);
  const { contentItems } = await cell.initialResponse;
  if (provider.hostPid !== undefined) pids.add(provider.hostPid);
  return contentItems.map((item) => (item.type === "input_text" ? item.text : "")).join();
}

/** The least of a few windows: what is cleared up after a cell may take its time. */
async function burningShare(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let window = 0; window < WINDOWS && least > NOTHING; window += 1) {
    const before = busyNs();
    const started = performance.now();
    await rest(WINDOW_MS);
    const busy = [...busyNs()].map(([thread, ns]) => ns - (before.get(thread) ?? ns));
    least = Math.min(least, busy.reduce((sum, ns) => sum + ns, 0) / 1e6 / (performance.now() - started));
  }
  return least;
}

/** How long each thread of each child has run or waited for a processor, which on a busy machine is most of it. */
function busyNs(): ReadonlyMap<string, number> {
  const busy = new Map<string, number>();
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      try {
        const [ran, waited] = readFileSync(`${thread}/schedstat`, "latin1").split(" ").map(Number);
        busy.set(thread, (ran ?? 0) + (waited ?? 0));
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return busy;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    return [];
  }
}

/** A thread that does nothing but measure how long it is held up: what is left of that on a busy machine. */
function startIdleThread(): Worker {
  const script = `
    const { parentPort } = require("node:worker_threads");
    const { monitorEventLoopDelay } = require("node:perf_hooks");
    const delay = monitorEventLoopDelay({ resolution: ${DELAY_RESOLUTION_MS} });
    delay.enable();
    parentPort.on("message", () => {
      parentPort.postMessage(delay.max / 1e6 - ${DELAY_RESOLUTION_MS});
      delay.reset();
    });
  `;
  return new Worker(script, { eval: true });
}

/** The longest since the last time that this was asked. */
async function idleDelay(): Promise<number> {
  return await new Promise((resolve) => {
    idleThread.once("message", resolve);
    idleThread.postMessage(null);
  });
}
