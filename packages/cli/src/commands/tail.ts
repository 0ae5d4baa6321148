import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@rollout-trace/protocol";
import { TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace";
import { CliError, EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { eventOf } from "../objects/evidence.ts";
import { fitText } from "../render/escape.ts";
import { eventLine } from "../render/event-line.ts";
import { page } from "../render/page.ts";
import { detectFormat } from "../sources/open-source.ts";
import { openStore } from "./open-store.ts";

export interface TailCommandOptions {
  /** By id, or `latest`. Default: the latest, be it one that is yet to start. */
  readonly rollout?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Milliseconds between two looks at the store: soon enough for an eye, seldom enough for a writer not to notice. */
const LOOK_MS = 100;

const PROBLEM_COLUMNS = 300;

/** Events after which nothing more comes. */
const LAST: ReadonlySet<string> = new Set(["recording_completed", "recording_stopped"]);

/**
 * Prints a rollout's events as another process writes them, beginning with those that are there. Ends with the recording
 * (exit code 0) or with Ctrl-C (130). Throws `CliError`: `unreadable_source`, `unknown_format`, `unknown_rollout`.
 */
export async function tailCommand(path: string, options: TailCommandOptions, io: CommandIo): Promise<number> {
  if (detectFormat(path) !== "store") {
    throw new CliError(
      "unknown_format",
      `${path}: \`tail\` follows stores (SQLite files), which this is not`,
    );
  }
  using store = openStore(path);
  const signal = io.untilInterrupted();
  try {
    const traceId = await chosen(path, store, options.rollout, signal);
    if (traceId === null) return EXIT.interrupted;
    const follower = new Follower(store, traceId, options, io);
    while (!signal.aborted) {
      if (follower.printNew()) return EXIT.ok;
      await pause(signal);
    }
    return EXIT.interrupted;
  } catch (error) {
    // The file may go away, or become another one, while it is followed.
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}

/** The trace id of the rollout that was asked for; waits for the first one of an empty store. Null when interrupted. */
async function chosen(
  path: string,
  store: TraceStoreReader,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  while (!signal.aborted) {
    const rollouts = store.rollouts();
    const found =
      wanted === undefined || wanted === "latest"
        ? rollouts.at(-1)
        : rollouts.findLast(({ rolloutId, traceId }) => rolloutId === wanted || traceId === wanted);
    if (found !== undefined) return found.traceId;
    if (wanted !== undefined && wanted !== "latest") {
      throw new CliError("unknown_rollout", `${path}: no rollout ${wanted}; \`list\` shows which there are`);
    }
    await pause(signal);
  }
  return null;
}

async function pause(signal: AbortSignal): Promise<void> {
  await wait(LOOK_MS, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

class Follower {
  readonly #store: TraceStoreReader;
  readonly #traceId: string;
  readonly #isJson: boolean;
  readonly #io: CommandIo;
  readonly #agents: Map<string, string> = new Map();
  readonly #reported: Set<string> = new Set();
  #startUs: number | null = null;
  #next = 1;

  constructor(store: TraceStoreReader, traceId: string, { json }: TailCommandOptions, io: CommandIo) {
    this.#store = store;
    this.#traceId = traceId;
    this.#isJson = json === true;
    this.#io = io;
  }

  /** Prints what has come since the last time. Whether the recording is over. */
  printNew(): boolean {
    let isOver = false;
    for (const record of this.#store.openRollout(this.#traceId).events(this.#next)) {
      if (record.type === "problem") {
        this.#report(`${record.problem.where}: ${record.problem.message}`);
        continue;
      }
      const event = eventOf(record.value);
      if (event === null) continue;
      this.#next = event.seq + 1;
      this.#startUs ??= event.timeUs;
      this.#learn(event.type, event.body);
      const agent = event.threadId === null ? null : (this.#agents.get(event.threadId) ?? event.threadId);
      const line = this.#isJson
        ? JSON.stringify(record.value)
        : eventLine({ event, agent, startUs: this.#startUs }, this.#io);
      if (this.#isJson) outJson(this.#io, `${line}\n`);
      else this.#io.out(page([line], this.#io));
      isOver ||= LAST.has(event.type);
    }
    return isOver;
  }

  /** Once: a place that cannot be read is met again whenever nothing came after it. */
  #report(problem: string): void {
    if (this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.#io.err(`${fitText(problem, PROBLEM_COLUMNS)}\n`);
  }

  #learn(type: string, { thread_id: id, agent_path: path }: JsonObject): void {
    if (type === "thread_started" && typeof id === "string" && typeof path === "string")
      this.#agents.set(id, path);
  }
}
