/**
 * A program: `rounds.ts CASE ROUNDS` runs a cell that passes a limit, ROUNDS times in a row beside a cell that lives through all
 * of them, and prints as JSON what that left behind (`RoundsReport`).
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { LIMIT_CASES } from "./limit-cases.ts";

export interface RoundsReport {
  /** Each error text that a cell ended with, once. */
  readonly errorTexts: readonly string[];
  readonly lost: number;
  /** What the cell beside them printed at its end. */
  readonly neighbour: readonly string[];
  /** Half of the turns of the host's loop took no longer than this, once all was over. */
  readonly delayAfterMs: number;
  /** Share of one processor that the process used while nothing was left to do. */
  readonly cpuAfter: number;
  /** What the host's own heap and its buffers hold more than before. */
  readonly heldGrownBytes: number;
  /** Resident memory more than before, less what V8 reserved for the host's own heap, which it does in large steps. */
  readonly residentGrownBytes: number;
}

const [name = "", rounds] = process.argv.slice(2);
const limitCase = LIMIT_CASES.find((candidate) => candidate.name === name);
if (limitCase === undefined) throw new Error(`no case ${name}`);
const { source, limits } = limitCase;

let lost = 0;
const gate = Promise.withResolvers<null>();
const provider = new InProcessSessionProvider({
  onIsolateLost: () => {
    lost += 1;
  },
});
const session = await provider.createSession({
  invokeTool: async ({ toolName }, signal) => {
    if (toolName.name === "gate") return await gate.promise;
    return await new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason);
      });
    });
  },
  notify: async () => {},
  cellClosed: () => {},
});
const tool = (toolName: string) => ({
  name: toolName,
  toolName: { name: toolName },
  description: "",
  kind: "function" as const,
});
const enabledTools = [tool("gate"), tool("hold")];
/** Nothing yields here, however busy the machine is. */
const yieldTimeMs = 2 ** 31 - 1;
const errorTexts = new Set<string>();

const neighbour = await session.execute({
  toolCallId: "neighbour",
  source: "text('lived'); await tools.gate({}); text('on')",
  enabledTools,
  yieldTimeMs,
});
for (let round = 0; round < 2; round += 1) await play();
const before = await restingMemory();
for (let round = 0; round < Number(rounds); round += 1) await play();
const after = await restingMemory();

const { delayAfterMs, cpuAfter } = await restingLoop();
gate.resolve(null);
const { contentItems } = await neighbour.initialResponse;
const report: RoundsReport = {
  errorTexts: [...errorTexts],
  lost,
  neighbour: contentItems.map((item) => (item.type === "input_text" ? item.text : "")),
  delayAfterMs,
  cpuAfter,
  heldGrownBytes: after.held - before.held,
  residentGrownBytes: after.resident - before.resident,
};
process.stdout.write(JSON.stringify(report));
await provider.close();

async function play(): Promise<void> {
  const cell = await session.execute({ toolCallId: "call", source, enabledTools, limits, yieldTimeMs });
  const { errorText } = await cell.initialResponse;
  errorTexts.add(errorText ?? "none");
}

/** The least of a few readings: memory is given back some time after it is free. */
async function restingMemory(): Promise<{ readonly held: number; readonly resident: number }> {
  let held = Infinity;
  let resident = Infinity;
  for (let reading = 0; reading < 5; reading += 1) {
    globalThis.gc?.();
    await rest(100);
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    held = Math.min(held, heapUsed + external);
    resident = Math.min(resident, rss - heapTotal);
  }
  return { held, resident };
}

/** The least of a few windows, up to the first that looks at rest: what others do on the machine is in each of them. */
async function restingLoop(): Promise<{ readonly delayAfterMs: number; readonly cpuAfter: number }> {
  let [delayAfterMs, cpuAfter] = [Infinity, Infinity];
  for (let window = 0; window < 10 && (delayAfterMs > 10 || cpuAfter > 0.25); window += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    delay.enable();
    await rest(500);
    delay.disable();
    const { user, system } = process.cpuUsage(cpuBefore);
    delayAfterMs = Math.min(delayAfterMs, delay.percentile(50) / 1e6);
    cpuAfter = Math.min(cpuAfter, (user + system) / 1000 / (performance.now() - started));
  }
  return { delayAfterMs, cpuAfter };
}

async function rest(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
