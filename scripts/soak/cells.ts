/** The cells of one agent: run, observed in every way that there is, and ended. */
import type {
  CodeModeObserver,
  CodeModeSession,
  CodeModeSessionProvider,
  ContentItem,
  PendingOutcome,
  RuntimeResponse,
} from "@rollout-trace/protocol";
import { shapeOutput } from "@rollout-trace/runtime/tools";
import type { SeededRandom } from "../seeded-random.ts";
import type { Scenario } from "./scenarios.ts";
import type { SoakTools } from "./tools.ts";

export interface CellsOptions {
  readonly provider: CodeModeSessionProvider;
  readonly observer: CodeModeObserver;
  readonly tools: SoakTools;
  readonly random: SeededRandom;
  readonly onNotification: (text: string) => void;
}

type Output = readonly ContentItem[];

const DEFAULT_YIELD_MS = 400;
const MAX_WAIT_MS = 150;
/** Of `exec` and `wait`, those that observe to the pending frontier. */
const PENDING_SHARE = 0.1;
/** Of waits, those whose caller goes away. */
const ABANDONED_SHARE = 0.15;

export class Cells {
  /** Those that were admitted and of which no end was seen. */
  readonly live: Set<string> = new Set();
  readonly #session: CodeModeSession;
  readonly #options: CellsOptions;
  /** Executions of which it is not known whether they were admitted. */
  readonly #starting: Set<Promise<unknown>> = new Set();

  private constructor(session: CodeModeSession, options: CellsOptions) {
    this.#session = session;
    this.#options = options;
  }

  static async open(options: CellsOptions): Promise<Cells> {
    const { provider, observer, tools, onNotification } = options;
    return new Cells(await provider.createSession(tools.delegate(onNotification), { observer }), options);
  }

  async exec(toolCallId: string, source: string, scenario: Scenario): Promise<Output> {
    const { random, tools } = this.#options;
    const request = {
      toolCallId,
      source,
      enabledTools: tools.definitions,
      limits: scenario.limits,
      yieldTimeMs: scenario.yieldTimeMs ?? DEFAULT_YIELD_MS,
    };
    if (
      random.chance(PENDING_SHARE) &&
      scenario.limits?.cpuMs === undefined &&
      !source.includes("while (true)")
    ) {
      return await this.#start(this.#session.executeToPending(request), (outcome) => this.#pending(outcome));
    }
    const cell = await this.#start(this.#session.execute(request), (started) => {
      this.live.add(started.cellId);
      return started;
    });
    return this.#seen(await cell.initialResponse);
  }

  async wait(toolCallId: string, cellId: string): Promise<Output> {
    const { random } = this.#options;
    if (random.chance(PENDING_SHARE)) {
      // A script that never rests has no frontier.
      const signal = AbortSignal.timeout(random.integer(0, MAX_WAIT_MS));
      const waited = await this.#session.waitToPending({ cellId, toolCallId, signal });
      return waited.type === "live" ? this.#pending(waited.outcome) : this.#seen(waited.response);
    }
    const signal = random.chance(ABANDONED_SHARE) ? AbortSignal.timeout(random.integer(0, 30)) : undefined;
    const yieldTimeMs = random.integer(0, MAX_WAIT_MS);
    const { response } = await this.#session.wait({ cellId, toolCallId, yieldTimeMs, signal });
    return this.#seen(response);
  }

  async terminate(toolCallId: string, cellId: string): Promise<Output> {
    const { response } = await this.#session.terminate({ cellId, toolCallId, cause: "model" });
    return this.#seen(response);
  }

  /** Ends all cells, those that are being started included, because the turn was interrupted. */
  async interrupt(): Promise<void> {
    while (this.#starting.size > 0) await Promise.allSettled(this.#starting);
    const ends = [...this.live].map(async (cellId) => {
      this.#seen((await this.#session.terminate({ cellId, cause: "turn_interrupted" })).response);
    });
    await Promise.allSettled(ends);
  }

  close(): Promise<void> {
    return this.#session.shutdown();
  }

  /** Starting is over only when `seen` knows of the cell: an interruption must not miss it. */
  async #start<Started, Known>(started: Promise<Started>, seen: (started: Started) => Known): Promise<Known> {
    const starting = started.then(seen);
    this.#starting.add(starting);
    return await starting.finally(() => this.#starting.delete(starting));
  }

  #pending(outcome: PendingOutcome): Output {
    if (outcome.type === "completed") return this.#seen(outcome.response);
    this.live.add(outcome.cellId);
    return outcome.contentItems;
  }

  #seen(response: RuntimeResponse): Output {
    if (response.type !== "yielded") this.live.delete(response.cellId);
    return shapeOutput(response, { wallTimeMs: 0 });
  }
}
