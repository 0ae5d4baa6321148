/** Code mode in a child process. */
import type {
  CodeModeSession,
  CodeModeSessionDelegate,
  CodeModeSessionOptions,
  CodeModeSessionProvider,
} from "@rollout-trace/protocol";
import { CodeModeError } from "../errors.ts";
import { Connection, type SessionMessage } from "./connection.ts";
import { withSpans } from "../opentelemetry/traced-session.ts";
import { hostCommand } from "./host-command.ts";
import type { HostEnd, HostEndReason } from "./host-end.ts";
import { RemoteSession } from "./remote-session.ts";
import { type Clock, type CrashLoop, RestartPolicy } from "./restart-policy.ts";
import { SessionLink } from "./session-link.ts";
import { startChild } from "./start-child.ts";

export interface ProcessProviderOptions {
  /** The program and its arguments. Default: this `node` and the host of this package, with everything taken from it. */
  readonly command?: readonly [string, ...string[]] | undefined;
  /** Bytes of resident memory at which the child is killed while cells run; Linux only. Default 1 GiB. */
  readonly residentBytes?: number | undefined;
  /**
   * Milliseconds without a word after which a started child that should answer is killed. On Linux, those in which it waited for a
   * processor do not count, up to six times as many in all. Default 10 000.
   */
  readonly silenceMs?: number | undefined;
  /** Milliseconds that the other cells have to finish when a child must be replaced. Default 5 000. */
  readonly replacementGraceMs?: number | undefined;
  /** Is told how each child ended, after the observers. Default: nobody. */
  readonly onHostEnd?: ((report: HostEndReport) => void) | undefined;
  /** Gets the lines that the child logs. Default: nobody; the last ones are in the message of an unexpected end. */
  readonly onHostLog?: ((line: string) => void) | undefined;
  /** Milliseconds that only grow, for the pauses between attempts. Default `performance.now`. */
  readonly clock?: Clock | undefined;
}

export interface HostEndReport {
  readonly pid: number | undefined;
  readonly reason: HostEndReason;
  /** For a person. */
  readonly message: string;
  /** How many cells were lost or closed unread. */
  readonly lostCells: number;
  /** Not null when children keep ending before they are of use; requests fail until the time is over. */
  readonly crashLoop: CrashLoop | null;
}

const DEFAULTS = Object.freeze({
  /** A child without cells has about 80 MB; this leaves room for several heaps at their default limit. */
  residentBytes: 1024 * 1024 * 1024,
  /** The child's loop is never busy for long, but a platform may not say how busy the machine is. */
  silenceMs: 10_000,
  /** Most cells are done by then; a stuck thread should not burn a core for longer. */
  replacementGraceMs: 5_000,
});

/**
 * Runs cells in a child process, which all sessions of the provider share. The child starts with the first request, and
 * another takes its place when it ends.
 *
 * When a child is lost, whatever was in flight in it is rejected with `host_lost`; its nested calls end as `aborted` and its
 * cells as `terminated`, with an error text that says so. Sessions go on: ids continue, and stored values are kept. A
 * `shutting_down` error says that session or provider are closed, `protocol` that the child is of another version, and
 * `limit` that a request is larger than a frame.
 */
export class ProcessSessionProvider implements CodeModeSessionProvider, AsyncDisposable {
  readonly #options: ProcessProviderOptions;
  readonly #restarts: RestartPolicy;
  readonly #links = new Map<number, SessionLink>();
  /** Where new cells start; null until they do. */
  #current: Connection | null = null;
  /** Children that are on their way out, with the timers that end them. */
  readonly #retiring = new Map<Connection, NodeJS.Timeout>();
  #lastEnd = "";
  #nextSession = 1;
  #closed: Promise<void> | null = null;

  constructor(options: ProcessProviderOptions = {}) {
    this.#options = options;
    this.#restarts = new RestartPolicy(options.clock ?? (() => performance.now()));
  }

  /** The child's process id; undefined while there is none. */
  get hostPid(): number | undefined {
    return this.#current?.pid;
  }

  /** Throws `shutting_down` once the provider was closed. Starts nothing. */
  async createSession(
    delegate: CodeModeSessionDelegate,
    options: CodeModeSessionOptions = {},
  ): Promise<CodeModeSession & AsyncDisposable> {
    this.#assertOpen();
    const number = this.#nextSession;
    this.#nextSession += 1;
    return withSpans(options.observer, (observer) => {
      const link = new SessionLink(number, delegate, observer, {
        connect: () => this.#connect(),
        closed: () => this.#links.delete(number),
      });
      this.#links.set(number, link);
      return new RemoteSession(link);
    });
  }

  /** Shuts down every session, and resolves when no child is left. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#links.values()].map(async (link) => await link.shutdown()));
    const children = [...this.#retiring.keys()];
    if (this.#current !== null) children.push(this.#current);
    await Promise.all(children.map(async (child) => await child.close()));
  }

  #assertOpen(): void {
    if (this.#closed === null) return;
    throw new CodeModeError("shutting_down", "this provider is closed and makes no more sessions");
  }

  #connect(): Connection {
    if (this.#current !== null) return this.#current;
    this.#assertOpen();
    const waiting = this.#restarts.waiting();
    if (waiting !== null) {
      throw new CodeModeError(
        "host_lost",
        `code-mode-host ended ${waiting.consecutive} times in a row before it was of use, last because ${this.#lastEnd}; the next attempt is in ${Math.ceil(waiting.retryInMs)} ms`,
      );
    }
    const { residentBytes, silenceMs, onHostLog } = this.#options;
    const [command, ...args] = this.#options.command ?? hostCommand();
    const connection: Connection = new Connection({
      name: command,
      start: () => startChild(command, args),
      residentBytes: residentBytes ?? DEFAULTS.residentBytes,
      silenceMs: silenceMs ?? DEFAULTS.silenceMs,
      onMessage: (message) => {
        this.#receive(connection, message);
      },
      onIdle: () => {
        this.#endIfIdle(connection);
      },
      onEnd: (end) => {
        this.#ended(connection, end);
      },
      onLog: onHostLog ?? (() => {}),
    });
    this.#current = connection;
    return connection;
  }

  #receive(connection: Connection, message: SessionMessage): void {
    const link = this.#links.get(message.session);
    // A session that was shut down may be told the rest of what was under way.
    if (link === undefined) return;
    if (!link.receive(connection, message)) {
      connection.kill("garbled", `it sent a ${message.type} that makes no sense after those before it`);
      return;
    }
    if (message.type === "isolate_lost") this.#retire(connection, message);
    // That an isolate is lost may be found out when its cell was the last to be closed.
    if (message.type === "isolate_lost" || message.type === "cell_closed") this.#endIfIdle(connection);
  }

  /** No new cells for this child; it ends when its cells have, or after the grace. */
  #retire(connection: Connection, { cellId, how }: Extract<SessionMessage, { type: "isolate_lost" }>): void {
    if (this.#retiring.has(connection)) return;
    if (this.#current === connection) this.#current = null;
    const why = `the isolate of exec cell ${cellId} was ${how}`;
    const timer = setTimeout(() => {
      connection.kill("replaced", why);
    }, this.#options.replacementGraceMs ?? DEFAULTS.replacementGraceMs);
    timer.unref();
    this.#retiring.set(connection, timer);
  }

  #endIfIdle(connection: Connection): void {
    if (!this.#retiring.has(connection)) return;
    if (!connection.idle || [...this.#links.values()].some((link) => link.ledger.hasCellsIn(connection)))
      return;
    connection.kill("replaced", "an isolate of it was lost, and its cells are done");
  }

  #ended(connection: Connection, end: HostEnd): void {
    if (this.#current === connection) this.#current = null;
    clearTimeout(this.#retiring.get(connection));
    this.#retiring.delete(connection);
    this.#lastEnd = end.message;
    const planned = end.reason === "closed" || end.reason === "replaced";
    const crashLoop = this.#restarts.ended(planned || connection.useful);
    let lostCells = 0;
    for (const link of this.#links.values()) lostCells += link.lost(connection, end).length;
    try {
      const { reason, message } = end;
      this.#options.onHostEnd?.({ reason, message, pid: connection.pid, lostCells, crashLoop });
    } catch {
      // Whoever is told changes nothing.
    }
  }
}
