/**
 * `child-chaos.ts DEATHS [SEED]`: keeps recorded sessions busy while their child is killed, stopped, or made to write nonsense, as
 * many times. Prints as JSON what that left behind (`ChaosReport`); never ends when a promise was left pending.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSource } from "@rollout-trace/cli";
import type { CodeModeSession, JsonValue, NestedToolCall, ToolDefinition } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import { type HostEndReport, ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { openTraceStore, type ThreadTrace, type TurnTrace } from "@rollout-trace/trace";
import { SeededRandom } from "../../scripts/seeded-random.ts";

export interface ChaosReport {
  readonly deaths: number;
  /** How often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Operations that gave a result, and that failed with each code. */
  readonly operations: Readonly<Record<string, number>>;
  /** Nested calls that were asked for and never let go. */
  readonly openCalls: number;
  readonly heapGrownBytes: number;
  /** Of all recordings, reduced strictly while they were still open: what each says of its own. */
  readonly diagnostics: readonly string[];
  readonly cells: Readonly<Record<string, number>>;
  readonly nestedCalls: Readonly<Record<string, number>>;
  readonly unendedWaits: number;
  /** A plain cell of the last child. */
  readonly after: string;
}

const SESSIONS = 3;
const SILENCE_MS = 1_500;
const TOOLS: readonly ToolDefinition[] = ["echo", "hold"].map((name) => ({
  name,
  toolName: { name },
  description: "",
  kind: "function",
}));
const SOURCES = [
  "text(1)",
  "for (let n = 0; n < 20; n += 1) await tools.echo({ n }); store('n', 20); text('done')",
  "await Promise.all(Array.from({ length: 50 }, (_, n) => tools.echo({ n }))); notify('half'); text('x'.repeat(10_000))",
  "yield_control(); tools.hold({}); await new Promise(() => {})",
  "yield_control(); while (true) {}",
];

const [deathCount = "10", seed = "1"] = process.argv.slice(2);
const wanted = Number(deathCount);
const random = new SeededRandom(Number(seed));
const reasons: Record<string, number> = {};
const operations: Record<string, number> = {};
let deaths = 0;
let openCalls = 0;
let nextCall = 1;
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
    underLoad = false;
    count(reasons, reason);
    if (reason !== "closed") deaths += 1;
  },
});
const folder = mkdtempSync(join(tmpdir(), "chaos-"));
const storePath = join(folder, "chaos.db");
const store = openTraceStore({ path: storePath });
const threads = Array.from({ length: SESSIONS }, () =>
  store.startRollout({ rootThread: { agentPath: "/root" } }),
);

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const torment = setInterval(() => {
  const pid = provider.hostPid;
  // Not before it is under load, and not so soon that its own misdeeds never have their turn.
  if (pid === undefined || !underLoad || random.chance(0.9)) return;
  process.kill(pid, random.chance(0.6) ? "SIGKILL" : "SIGSTOP");
}, 25);
await Promise.all(threads.map(keepBusy));
clearInterval(torment);
globalThis.gc?.();
const heapGrownBytes = process.memoryUsage().heapUsed - before;
const after = await plainCell();
await provider.close();

const graphs = threads.map(({ rolloutId }) => {
  using source = openSource(storePath, { rollout: rolloutId });
  return reduceRollout(source.rollout, { mode: "strict" });
});
for (const thread of threads) thread.endRollout();
store.close();
rmSync(folder, { recursive: true, force: true });

const cells = graphs.flatMap((graph) => Object.values(graph.code_cells));
const nested = graphs
  .flatMap((graph) => Object.values(graph.tool_calls))
  .filter(({ requester }) => requester.type === "code_cell");
const report: ChaosReport = {
  deaths,
  reasons,
  operations,
  openCalls,
  heapGrownBytes,
  diagnostics: graphs.flatMap((graph) => graph.diagnostics.map(({ code, message }) => `${code}: ${message}`)),
  cells: tally(cells.map(({ runtime_status: status }) => status)),
  nestedCalls: tally(nested.map(({ execution }) => execution.status)),
  unendedWaits: cells.flatMap(({ waits }) => waits).filter(({ execution }) => execution.status === "running")
    .length,
  after,
};
process.stdout.write(JSON.stringify(report));

async function keepBusy(thread: ThreadTrace): Promise<void> {
  const session = await provider.createSession(
    { invokeTool, notify: async () => {}, cellClosed: () => {} },
    { observer: thread.codeModeObserver() },
  );
  for (let round = 0; deaths < wanted; round += 1) {
    const turn = thread.startTurn();
    try {
      await useCell(session, turn, SOURCES[round % SOURCES.length] ?? "");
      underLoad = true;
      count(operations, "result");
    } catch (error) {
      count(operations, (error as { code?: string }).code ?? String(error));
    }
    turn.end();
  }
  await session.shutdown();
}

async function useCell(session: CodeModeSession, turn: TurnTrace, source: string): Promise<void> {
  const toolCallId = ask(turn, "exec");
  const cellId = await turn.traceTool(
    { kind: { type: "code_cell_exec" }, modelVisibleCallId: toolCallId },
    async () => {
      const cell = await session.execute({ toolCallId, source, enabledTools: TOOLS });
      return (await cell.initialResponse).type === "yielded" ? cell.cellId : null;
    },
  );
  if (cellId === null) return;
  const waiting = session.wait({ cellId, signal: AbortSignal.timeout(20) }).catch((error: unknown) => {
    count(operations, error instanceof Error && error.name === "AbortError" ? "abandoned" : "wait failed");
  });
  await session.wait({ cellId, yieldTimeMs: 5 }).catch(() => {});
  const byCall = ask(turn, "wait");
  await turn.traceTool({ kind: { type: "code_cell_wait" }, modelVisibleCallId: byCall }, async () => {
    await session.terminate({ cellId, toolCallId: byCall, cause: "model" });
  });
  await waiting;
}

/** A request whose response asks for this tool; returns the call's id. */
function ask(turn: TurnTrace, name: "exec" | "wait"): string {
  const callId = `call_${nextCall}`;
  nextCall += 1;
  const inference = turn.startInference({
    model: "none",
    provider: "openai",
    dialect: "openai_responses",
    request: () => ({ input: [] }),
  });
  const item = { type: "custom_tool_call", id: `item_${callId}`, call_id: callId, name, input: "" };
  inference.completed({ response: () => ({ output: [item] }) });
  return callId;
}

async function invokeTool({ toolName, input }: NestedToolCall, signal: AbortSignal): Promise<JsonValue> {
  if (toolName.name !== "hold") return input ?? null;
  openCalls += 1;
  try {
    return await new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason);
      });
    });
  } finally {
    openCalls -= 1;
  }
}

async function plainCell(): Promise<string> {
  await using fresh = new ProcessSessionProvider();
  const session = await fresh.createSession({ invokeTool, notify: async () => {}, cellClosed: () => {} });
  const cell = await session.execute({ toolCallId: "call", source: "text('works')", enabledTools: [] });
  return JSON.stringify((await cell.initialResponse).contentItems);
}

function count(into: Record<string, number>, what: string): void {
  into[what] = (into[what] ?? 0) + 1;
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) count(counts, word);
  return counts;
}
