/**
 * A program: `run-denials.ts in-process|child contained|all|NAME` runs denials against a provider, and prints a `DenialVerdict` as a
 * line of JSON for each: those that an isolate contains, all of them, or the one that is named.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { CodeModeSession, CodeModeSessionProvider } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { RecordingHost, TOOLS } from "../session/recording-host.ts";
import { DENIALS } from "./denials/denials.ts";
import type { Denial } from "./technique.ts";

export interface DenialVerdict {
  readonly name: string;
  /** The error text that the cell ended with, empty when there was none. */
  readonly ended: string;
  /** What a cell printed that came after it. */
  readonly next: string;
  /** The longest turn of the host's own loop meanwhile. */
  readonly longestTurnMs: number;
  /** What the host holds more than before: its heap and its buffers. */
  readonly heldGrownBytes: number;
  /** The most resident memory that this process has had so far. */
  readonly peakBytes: number;
  /** Isolates and child processes that were lost for it, as they were reported. */
  readonly lost: readonly string[];
}

/** Of a script that is to end by it, and, so that none runs for ever, of the others. */
const CPU_MS = 100;
const GUARD_CPU_MS = 20_000;
const HEAP_BYTES = 32 * 1024 * 1024;
/** A cell that is still there by then is terminated; it should have ended by its limits. */
const END_MS = 60_000;
/** What no limit ends is terminated after this long, in this process not before it has had a processor for some of that. */
const UNCONTAINED_MS = 3_000;
const UNCONTAINED_CPU_MS = 1_500;

const [target = "", which = "contained"] = process.argv.slice(2);
const denials = DENIALS.filter(
  ({ name, onlyBehindBoundary = false }) =>
    name === which || which === "all" || (which === "contained" && !onlyBehindBoundary),
);
process.on("unhandledRejection", (reason) => {
  process.stderr.write(`an unhandled rejection reached the host: ${String(reason)}\n`);
  process.exit(3);
});

const lost: string[] = [];
const provider =
  target === "child"
    ? new ProcessSessionProvider({
        replacementGraceMs: 100,
        onHostEnd: ({ reason }) => lost.push(reason),
      })
    : new InProcessSessionProvider({ abortGraceMs: 100, onIsolateLost: ({ how }) => lost.push(how) });
await serve(provider);
for (const denial of denials) {
  lost.length = 0;
  const verdict = await against(provider, denial);
  process.stdout.write(`${JSON.stringify({ ...verdict, lost: [...lost] } satisfies DenialVerdict)}\n`);
}
process.kill(process.pid, "SIGKILL");

async function against(
  provider: CodeModeSessionProvider,
  denial: Denial,
): Promise<Omit<DenialVerdict, "lost">> {
  const before = held();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const ended = await attack(provider, denial);
  delay.disable();
  const next = await serve(provider);
  return {
    name: denial.name,
    ended,
    next,
    longestTurnMs: delay.max / 1e6,
    heldGrownBytes: held() - before,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function attack(provider: CodeModeSessionProvider, denial: Denial): Promise<string> {
  const host = new RecordingHost();
  const session = await provider.createSession(host);
  try {
    const cell = await session.execute({
      toolCallId: "call",
      source: denial.script,
      enabledTools: TOOLS,
      limits: { cpuMs: cpuLimit(denial), heapBytes: HEAP_BYTES, ...denial.limits },
      yieldTimeMs: 1_000,
    });
    return await observe(session, cell.cellId, await cell.initialResponse, denial);
  } catch (error) {
    return `rejected: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await session.shutdown();
  }
}

function cpuLimit({ ends }: Denial): number {
  return ends?.source.includes("CPU time") === true ? CPU_MS : GUARD_CPU_MS;
}

async function observe(
  session: CodeModeSession,
  cellId: string,
  first: { readonly type: string; readonly errorText?: string | undefined },
  { onlyBehindBoundary = false }: Denial,
): Promise<string> {
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  const goesOn = (): boolean => {
    const tookMs = performance.now() - began;
    if (!onlyBehindBoundary || tookMs < UNCONTAINED_MS) return tookMs < END_MS;
    const { user, system } = process.cpuUsage(cpuBefore);
    return target === "in-process" && (user + system) / 1000 < UNCONTAINED_CPU_MS && tookMs < END_MS;
  };
  let response = first;
  while (response.type === "yielded" && goesOn()) {
    ({ response } = await session.wait({ cellId, yieldTimeMs: 1_000 }));
  }
  if (response.type === "yielded") ({ response } = await session.terminate({ cellId }));
  return response.type === "terminated"
    ? `terminated: ${response.errorText ?? ""}`
    : (response.errorText ?? "");
}

async function serve(provider: CodeModeSessionProvider): Promise<string> {
  const session = await provider.createSession(new RecordingHost());
  const cell = await session.execute({
    toolCallId: "call",
    source: "text((await tools.echo({ is: 'served' })).is)",
    enabledTools: TOOLS,
    yieldTimeMs: END_MS,
  });
  const { contentItems, errorText = "" } = await cell.initialResponse;
  await session.shutdown();
  return contentItems.map((item) => (item.type === "input_text" ? item.text : "")).join() + errorText;
}

function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
