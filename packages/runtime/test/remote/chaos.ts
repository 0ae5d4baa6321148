/**
 * `chaos.ts DEATHS [SEED]`: keeps sessions busy while their child is killed, stopped, or made to write nonsense, as many times.
 * Prints as JSON what that left behind (`ChaosReport`).
 */
import { fileURLToPath } from "node:url";
import type { CodeModeEvent, CodeModeSession, ToolDefinition } from "@rollout-trace/protocol";
import { type HostEndReport, ProcessSessionProvider } from "@rollout-trace/runtime/remote";

export interface ChaosReport {
  readonly deaths: number;
  /** How often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Operations that gave a result, and that failed with each code. */
  readonly operations: Readonly<Record<string, number>>;
  /** Things that an observer was told the start of and not, or not once, the end. */
  readonly unbalanced: readonly string[];
  readonly heapGrownBytes: number;
  /** A plain cell after it all. */
  readonly after: string;
}

const SESSIONS = 3;
const SILENCE_MS = 1_500;
const ECHO: ToolDefinition = { name: "echo", toolName: { name: "echo" }, description: "", kind: "function" };
const SOURCES = [
  "text(1)",
  "for (let n = 0; n < 20; n += 1) await tools.echo({ n }); text('done')",
  "await Promise.all(Array.from({ length: 50 }, (_, n) => tools.echo({ n }))); notify('half'); text('x'.repeat(10_000))",
  "yield_control(); await new Promise(() => {})",
  "yield_control(); while (true) {}",
];

const [deathCount = "10", seed = "1"] = process.argv.slice(2);
const wanted = Number(deathCount);
const reasons: Record<string, number> = {};
const operations: Record<string, number> = {};
let deaths = 0;
/** Whether the child that there is has given a result. */
let underLoad = false;
const host = fileURLToPath(new URL("chaotic-host.ts", import.meta.url));
const provider = new ProcessSessionProvider({
  command: [
    process.execPath,
    "--conditions=rollout-trace-source",
    "--no-turboshaft-loop-unrolling",
    host,
    seed,
  ],
  silenceMs: SILENCE_MS,
  // No pauses: children that die early are what this is about.
  clock: (() => {
    let now = 0;
    return () => (now += 60_000);
  })(),
  onHostEnd: ({ reason }: HostEndReport) => {
    deaths += 1;
    underLoad = false;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  },
});

const observed: CodeModeEvent[][] = [];
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const torment = setInterval(() => {
  const pid = provider.hostPid;
  // Not before it is under load, and not so soon that its own misdeeds never have their turn.
  if (pid === undefined || !underLoad || Math.random() < 0.9) return;
  process.kill(pid, Math.random() < 0.6 ? "SIGKILL" : "SIGSTOP");
}, 25);
await Promise.all(Array.from({ length: SESSIONS }, keepBusy));
clearInterval(torment);
const unbalanced = observed.flatMap(imbalances);
observed.length = 0;
globalThis.gc?.();
const heapGrownBytes = process.memoryUsage().heapUsed - before;
await provider.close();
const report: ChaosReport = {
  deaths,
  reasons,
  operations,
  unbalanced,
  heapGrownBytes,
  after: await plainCell(),
};
process.stdout.write(JSON.stringify(report));

async function keepBusy(): Promise<void> {
  const events: CodeModeEvent[] = [];
  observed.push(events);
  const session = await provider.createSession(
    { invokeTool: async ({ input }) => input ?? null, notify: async () => {}, cellClosed: () => {} },
    {
      observer: {
        observe: (event) => {
          // What was said is not looked at and would be all that grows.
          events.push(event.type === "cell_started" ? { ...event, source: "" } : event);
        },
      },
    },
  );
  for (let round = 0; deaths < wanted; round += 1) {
    const source = SOURCES[round % SOURCES.length] ?? "";
    try {
      await useCell(session, source);
      underLoad = true;
      count("result");
    } catch (error) {
      count((error as { code?: string }).code ?? String(error));
    }
  }
  await session.shutdown();
}

async function useCell(session: CodeModeSession, source: string): Promise<void> {
  const cell = await session.execute({ toolCallId: "call", source, enabledTools: [ECHO] });
  const { type } = await cell.initialResponse;
  if (type !== "yielded") return;
  const { cellId } = cell;
  const waiting = session.wait({ cellId, signal: AbortSignal.timeout(20) }).catch((error: unknown) => {
    count(error instanceof Error && error.name === "AbortError" ? "abandoned" : "wait failed");
  });
  await session.wait({ cellId, yieldTimeMs: 5 }).catch(() => {});
  await session.terminate({ cellId });
  await waiting;
}

function count(what: string): void {
  operations[what] = (operations[what] ?? 0) + 1;
}

function imbalances(events: readonly CodeModeEvent[]): string[] {
  const open = new Set<string>();
  const wrong: string[] = [];
  const begin = (id: string): void => {
    if (open.has(id)) wrong.push(`${id} began twice`);
    open.add(id);
  };
  const end = (id: string): void => {
    if (!open.delete(id)) wrong.push(`${id} ended without having begun`);
  };
  for (const event of events) {
    if (event.type === "cell_started") begin(`cell ${event.cellId}`);
    if (event.type === "cell_ended") end(`cell ${event.cellId}`);
    if (event.type === "wait_started") begin(event.waitId);
    if (event.type === "wait_ended") end(event.waitId);
    if (event.type === "nested_call_started")
      begin(`call ${event.call.cellId}/${event.call.runtimeToolCallId}`);
    if (event.type === "nested_call_ended") end(`call ${event.cellId}/${event.runtimeToolCallId}`);
  }
  return [...wrong, ...[...open].map((id) => `${id} never ended`)];
}

async function plainCell(): Promise<string> {
  await using fresh = new ProcessSessionProvider();
  const session = await fresh.createSession({
    invokeTool: async () => null,
    notify: async () => {},
    cellClosed: () => {},
  });
  const cell = await session.execute({ toolCallId: "call", source: "text('works')", enabledTools: [] });
  return JSON.stringify((await cell.initialResponse).contentItems);
}
