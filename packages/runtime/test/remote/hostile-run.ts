/**
 * `hostile-run.ts LIMIT_MS [NAME…]`: runs hostile scripts in a child process one after the other, each with a time limit, and
 * prints as JSON what each did to it and to this process (`HostileRun[]`).
 */
import { readFileSync } from "node:fs";
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
  /** From the request to its end, the limit included. */
  readonly tookMs: number;
  /** Why children ended. */
  readonly hostEnds: readonly string[];
  /** What a cell printed that came right after. */
  readonly next: string;
  /** Share of a processor that this run's children used afterwards, while nothing was to do. */
  readonly cpuAfter: number;
  /** The longest that this process's loop was held up, and an idle thread's of this process meanwhile. */
  readonly delayMs: number;
  readonly idleDelayMs: number;
}

const REST_MS = 150;
const DELAY_RESOLUTION_MS = 5;
const TICKS_PER_SECOND = 100;
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
  const cpuAfter = await cpuShare();
  return {
    name: hostile.name,
    ended,
    tookMs,
    hostEnds,
    next,
    cpuAfter,
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

async function cpuShare(): Promise<number> {
  await rest(REST_MS);
  const before = new Map([...pids].map((pid) => [pid, cpuTicks(pid)]));
  const started = performance.now();
  await rest(REST_MS);
  const seconds = (performance.now() - started) / 1000;
  const ticks = [...before].map(([pid, then]) => cpuTicks(pid) - then).filter((used) => used > 0);
  return ticks.reduce((sum, used) => sum + used, 0) / TICKS_PER_SECOND / seconds;
}

/** Of all threads of a process; none when there is no such process. */
function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
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
