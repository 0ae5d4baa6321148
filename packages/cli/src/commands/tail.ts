import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@rollout-trace/protocol";
import { recordingWriterState, TraceStoreError, type TraceStoreReader } from "@rollout-trace/trace/store";
import { CliError, ENDING_SIGNALS, EXIT, exitCodeAfter } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { eventOf } from "../objects/evidence.ts";
import { fitText } from "../render/escape.ts";
import { eventLine } from "../render/event-line.ts";
import { page } from "../render/page.ts";
import { openStore, requireStore } from "./open-store.ts";

export interface TailCommandOptions {
  /**
   * By id: that rollout. `latest`: the latest one, and each that starts after it. Default: the one that is the latest now, be it
   * one that is yet to start.
   */
  readonly rollout?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Milliseconds between two looks at the store: soon enough for an eye, seldom enough for a writer not to notice. */
const LOOK_MS = 100;

/** Looks without anything new between two questions that cost more: whether the writer is there, and what else has started. */
const QUIET_LOOKS = 5;

const PROBLEM_COLUMNS = 300;

/** Events after which nothing more comes, and how `tail` then ends. */
const LAST: ReadonlyMap<string, number> = new Map([
  ["recording_completed", EXIT.ok],
  ["recording_stopped", EXIT.traceErrors],
]);

/**
 * Prints a rollout's events as another process writes them, beginning with those that are there. Ends with the recording
 * (exit code 0), when the recording was cut off, as by the death of the process that writes it (1), or with Ctrl-C (130).
 * `latest` goes on to the next rollout instead. Throws `CliError`: `unreadable_source`, `unknown_format`, `unknown_rollout`.
 */
export async function tailCommand(path: string, options: TailCommandOptions, io: CommandIo): Promise<number> {
  await requireStore(path, "tail");
  using store = openStore(path);
  const signal = io.untilInterrupted();
  const isLatest = options.rollout === "latest";
  try {
    let traceId = await chosen(path, store, options.rollout, signal);
    while (traceId !== null) {
      const follower = new Follower(store, traceId, options, io);
      const code = await follow(path, follower, {
        signal,
        until: isLatest ? () => newer(store, follower) : null,
      });
      if (code === EXIT.traceErrors) io.err(`${path}: ${CUT_OFF}\n`);
      if (!isLatest || signal.aborted) return code ?? codeAfter(signal);
      traceId = await next(store, follower, signal);
      if (traceId !== null) io.err(`rollout ${rolloutIdOf(store, traceId)}\n`);
    }
    return codeAfter(signal);
  } catch (error) {
    // The file may go away, or become another one, while it is followed.
    if (!(error instanceof TraceStoreError)) throw error;
    throw new CliError("unreadable_source", error.message, { cause: error });
  }
}

const CUT_OFF = "the recording was cut off: the process that wrote it is gone, and nothing more will come";

function codeAfter({ reason }: AbortSignal): number {
  const signal = ENDING_SIGNALS.find((name) => name === reason);
  return signal === undefined ? EXIT.interrupted : exitCodeAfter(signal);
}

interface FollowOptions {
  readonly signal: AbortSignal;
  /** Gives the rollout to go on with, if there is one. */
  readonly until: (() => string | null) | null;
}

/** The exit code that the end of the recording comes to; null when interrupted, or when another rollout is next. */
async function follow(
  path: string,
  follower: Follower,
  { signal, until }: FollowOptions,
): Promise<number | null> {
  for (let quiet = 0; !signal.aborted; quiet += 1) {
    const seen = follower.nextSeq;
    const code = follower.printNew();
    if (code !== null) return code;
    if (follower.nextSeq > seen) quiet = 0;
    if (quiet % QUIET_LOOKS === QUIET_LOOKS - 1) {
      if (until !== null && until() !== null) return null;
      // What it wrote before it went is there by now.
      if (recordingWriterState(path, follower.traceId) === "gone")
        return follower.printNew() ?? EXIT.traceErrors;
    }
    await pause(signal);
  }
  return null;
}

/** The trace id of a rollout that started after the one that is followed. */
function newer(store: TraceStoreReader, { traceId }: Follower): string | null {
  const latest = store.rollouts().at(-1)?.traceId ?? null;
  return latest === traceId ? null : latest;
}

async function next(
  store: TraceStoreReader,
  follower: Follower,
  signal: AbortSignal,
): Promise<string | null> {
  while (!signal.aborted) {
    const traceId = newer(store, follower);
    if (traceId !== null) return traceId;
    await pause(signal);
  }
  return null;
}

function rolloutIdOf(store: TraceStoreReader, traceId: string): string {
  return store.openRollout(traceId).rolloutId;
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
  readonly traceId: string;
  readonly #isJson: boolean;
  readonly #io: CommandIo;
  readonly #agents: Map<string, string> = new Map();
  readonly #reported: Set<string> = new Set();
  #startUs: number | null = null;
  /** Of the first event that was not printed yet. */
  nextSeq = 1;

  constructor(store: TraceStoreReader, traceId: string, { json }: TailCommandOptions, io: CommandIo) {
    this.#store = store;
    this.traceId = traceId;
    this.#isJson = json === true;
    this.#io = io;
  }

  /** Prints what has come since the last time. The exit code that its end comes to when the recording is over. */
  printNew(): number | null {
    let code: number | null = null;
    for (const record of this.#store.openRollout(this.traceId).events(this.nextSeq)) {
      if (record.type === "problem") {
        this.#report(`${record.problem.where}: ${record.problem.message}`);
        continue;
      }
      const event = eventOf(record.value);
      if (event === null) continue;
      this.nextSeq = event.seq + 1;
      this.#startUs ??= event.timeUs;
      this.#learn(event.type, event.body);
      const agent = event.threadId === null ? null : (this.#agents.get(event.threadId) ?? event.threadId);
      const line = this.#isJson
        ? JSON.stringify(record.value)
        : eventLine({ event, agent, startUs: this.#startUs }, this.#io);
      if (this.#isJson) outJson(this.#io, `${line}\n`);
      else this.#io.out(page([line], this.#io));
      code ??= LAST.get(event.type) ?? null;
    }
    return code;
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
