/** One run of the soak: sessions side by side until the time is over, then everything closed in order. */
import { setTimeout as pause } from "node:timers/promises";
import type { CodeModeSessionProvider } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { type HostEndReport, ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { openTraceStore, type TraceStore } from "@rollout-trace/trace";
import { type McpServers, startMcpServers } from "../../examples/agent-host/src/mcp-servers.ts";
import { SeededRandom } from "../seeded-random.ts";
import { type AgentParts, SoakAgent } from "./agent.ts";
import { heldUpMs, openFiles, residentBytes } from "./process-state.ts";
import { ROUGH_SCENARIOS, type Scenario, STEADY_SCENARIOS } from "./scenarios.ts";
import { Tally } from "./tally.ts";
import { SoakTools } from "./tools.ts";

export interface RunOptions {
  readonly storePath: string;
  /** An empty folder for the MCP servers. */
  readonly folder: string;
  readonly ms: number;
  readonly sessions: number;
  readonly seed: number;
  /** Is told now and then. */
  readonly onSample: (sample: Sample) => void;
}

/** How things are while sessions run. */
export interface Sample {
  readonly seconds: number;
  /** After a collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly openFiles: number;
  /** Of the process that runs the cells of the steady sessions. */
  readonly hostResidentBytes: number;
  readonly rollouts: number;
  readonly events: number;
}

export interface RunResult {
  /** What each rollout has to have in its graph. */
  readonly tallies: ReadonlyMap<string, Tally>;
  /** What nobody had to expect. */
  readonly surprises: readonly string[];
  /** Processes of rough sessions that were lost, by reason. */
  readonly lostHosts: Readonly<Record<string, number>>;
  /** How the steady sessions' process was lost, each time that it was. */
  readonly lostSteadyHosts: readonly string[];
  /** Of the time, that in which this process was ready to run and the machine had other things to do. */
  readonly heldUpShare: number;
  /** The steady sessions' process, when its sessions were over; null when there was none any more. */
  readonly host: { readonly residentBytes: number; readonly openFiles: number } | null;
}

const SAMPLES = 10;
const MAX_TURNS = 8;
/** How often the process of the rough sessions is looked for trouble, and how often it gets it then. */
const TORMENT_MS = 1_000;
const TORMENT_SHARE = 0.12;
/** A stopped process should be noticed within the run. */
const ROUGH_SILENCE_MS = 2_000;

type SlotKind = "steady" | "rough" | "in process";

interface Kind {
  readonly provider: CodeModeSessionProvider;
  readonly scenarios: readonly Scenario[];
}

export async function run(options: RunOptions): Promise<RunResult> {
  const servers = await startMcpServers(options.folder);
  const soak = new Soak(options);
  try {
    return await soak.run(servers);
  } finally {
    soak.close();
  }
}

class Soak {
  readonly #options: RunOptions;
  readonly #store: TraceStore;
  readonly #tallies: Map<string, Tally> = new Map();
  readonly #surprises: string[] = [];
  readonly #lostHosts: Record<string, number> = {};
  readonly #lostSteadyHosts: string[] = [];
  readonly #began = performance.now();
  readonly #heldUpBefore = heldUpMs();
  readonly #steady: ProcessSessionProvider;
  readonly #rough: ProcessSessionProvider;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.#store = openTraceStore({
      path: options.storePath,
      onError: (error) => this.#surprise(`the recorder: ${error.code}: ${error.message}`),
    });
    this.#steady = new ProcessSessionProvider({
      onHostEnd: ({ reason, message }) => {
        if (reason !== "closed") this.#lostSteadyHosts.push(`${reason}: ${message}`);
      },
    });
    this.#rough = new ProcessSessionProvider({
      silenceMs: ROUGH_SILENCE_MS,
      onHostEnd: ({ reason }: HostEndReport) => {
        if (reason !== "closed") this.#lostHosts[reason] = (this.#lostHosts[reason] ?? 0) + 1;
      },
      // No pauses between attempts: processes that die young are what this is about.
      clock: ascendingMinutes(),
    });
  }

  async run(servers: McpServers): Promise<RunResult> {
    const tools = new SoakTools(servers);
    const inProcess = new InProcessSessionProvider();
    const kinds: Readonly<Record<SlotKind, Kind>> = {
      steady: { provider: this.#steady, scenarios: STEADY_SCENARIOS },
      rough: { provider: this.#rough, scenarios: ROUGH_SCENARIOS },
      "in process": { provider: inProcess, scenarios: STEADY_SCENARIOS },
    };
    this.#watch();
    const slots = Array.from({ length: this.#options.sessions }, (_, slot) =>
      this.#keepBusy(slot, kinds[kindOf(slot)], tools),
    );
    await Promise.all(slots);
    this.#stopTimers();
    const pid = this.#steady.hostPid;
    const host =
      pid === undefined ? null : { residentBytes: residentBytes(pid) ?? 0, openFiles: openFiles(pid) ?? 0 };
    await Promise.all([this.#steady.close(), this.#rough.close(), inProcess.close()]);
    await servers.close();
    const { droppedEvents, waitingEvents } = this.#store.counts;
    if (droppedEvents + waitingEvents > 0)
      this.#surprise(`${droppedEvents} events were dropped and ${waitingEvents} left waiting`);
    return {
      tallies: this.#tallies,
      surprises: this.#surprises,
      lostHosts: this.#lostHosts,
      lostSteadyHosts: this.#lostSteadyHosts,
      heldUpShare: (heldUpMs() - this.#heldUpBefore) / (performance.now() - this.#began),
      host,
    };
  }

  close(): void {
    this.#stopTimers();
    this.#store.close();
  }

  get #isOver(): boolean {
    return performance.now() - this.#began >= this.#options.ms;
  }

  /** One rollout after the other; in some slots a single one that lasts. */
  async #keepBusy(slot: number, kind: Kind, tools: SoakTools): Promise<void> {
    const { seed } = this.#options;
    const lasts = slot % 10 === 3;
    for (let number = 0; number === 0 || !this.#isOver; number += 1) {
      const rolloutId = `soak-${slot}-${number}`;
      const random = new SeededRandom(seed, rolloutId);
      const tally = new Tally();
      const parts: AgentParts = {
        ...kind,
        tools,
        tally,
        seed,
        onSurprise: (what) => this.#surprise(`${rolloutId}: ${what}`),
      };
      this.#tallies.set(rolloutId, tally);
      const root = this.#store.startRollout({ rolloutId, host: { name: "soak", version: "1" } });
      const agent = await SoakAgent.open(root, parts);
      const turns = lasts ? Infinity : random.integer(1, MAX_TURNS);
      for (let turn = 1; turn <= turns && !this.#isOver; turn += 1)
        await agent.runTurn(`Part ${turn}, please.`);
      await agent.close();
      root.endRollout();
      await pause(random.integer(0, 20));
    }
  }

  #watch(): void {
    const { ms, seed, onSample } = this.#options;
    const random = new SeededRandom(seed, "torment");
    const torment = setInterval(() => {
      const pid = this.#rough.hostPid;
      if (pid !== undefined && random.chance(TORMENT_SHARE))
        process.kill(pid, random.pick(["SIGKILL", "SIGSTOP"]));
    }, TORMENT_MS);
    const sampling = setInterval(() => onSample(this.#sample()), ms / SAMPLES);
    this.#timers.push(torment, sampling);
  }

  #sample(): Sample {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      seconds: Math.round((performance.now() - this.#began) / 1000),
      heapBytes: heapUsed,
      residentBytes: rss,
      openFiles: openFiles(process.pid) ?? 0,
      hostResidentBytes: residentBytes(this.#steady.hostPid ?? 0) ?? 0,
      rollouts: this.#tallies.size,
      events: this.#store.counts.recordedEvents,
    };
  }

  #stopTimers(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #surprise(what: string): void {
    this.#surprises.push(what);
  }
}

function kindOf(slot: number): SlotKind {
  const place = slot % 10;
  if (place === 0) return "in process";
  return place <= 2 ? "rough" : "steady";
}

function ascendingMinutes(): () => number {
  let now = 0;
  return () => (now += 60_000);
}
