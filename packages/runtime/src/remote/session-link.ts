/**
 * A session seen from its host process: which cells run in which child, what its observer was told, which calls to its delegate
 * are open, and what its cells stored. Outlives children; knows nothing of the object that the host holds, so that a session
 * nobody holds any more can be noticed.
 */
import type { CodeModeObserver, CodeModeSessionDelegate, JsonValue } from "@rollout-trace/protocol";
import { ObserverPort } from "../cell/observer-port.ts";
import { CodeModeError, messageOf } from "../errors.ts";
import { type Check, json } from "../wire/check.ts";
import type { CallAnswer, Operation } from "../wire/client-messages.ts";
import { CellLedger } from "./cell-ledger.ts";
import type { Connection, SessionMessage } from "./connection.ts";
import type { HostEnd } from "./host-end.ts";

export interface SentRequest<Value> {
  readonly id: number;
  /** Rejected as `Requester.failed` says, and with `protocol` when the answer is not what was asked for. */
  readonly answer: Promise<Value>;
}

type Of<Type extends SessionMessage["type"]> = Extract<SessionMessage, { readonly type: Type }>;

export class SessionLink {
  readonly number: number;
  readonly observer: ObserverPort;
  readonly ledger: CellLedger<Connection> = new CellLedger();
  readonly #observed: boolean;
  readonly #delegate: CodeModeSessionDelegate;
  /** A child in which new cells start; throws when there can be none. */
  readonly #connect: () => Connection;
  readonly #closed: () => void;
  /** The children that know of this session, each with the calls to the delegate that it waits for. */
  readonly #openIn = new Map<Connection, Map<number, AbortController>>();
  /** JSON texts; what a new child has to be told. */
  readonly #stored = new Map<string, string>();
  /** Cells that were asked for and have no number yet, and waits that may have none. */
  #unnumbered = { cells: 0, waits: 0 };
  #shutdown: Promise<void> | null = null;

  constructor(
    number: number,
    delegate: CodeModeSessionDelegate,
    observer: CodeModeObserver | undefined,
    provider: { readonly connect: () => Connection; readonly closed: (link: SessionLink) => void },
  ) {
    this.number = number;
    this.observer = new ObserverPort(observer);
    this.#observed = observer !== undefined;
    this.#delegate = delegate;
    this.#connect = provider.connect;
    this.#closed = () => {
      provider.closed(this);
    };
  }

  get isShutDown(): boolean {
    return this.#shutdown !== null;
  }

  /** The child that a request about this cell goes to. */
  connectionFor(cellId: string): Connection {
    return this.ledger.hostOf(cellId) ?? this.forNewCells();
  }

  forNewCells(): Connection {
    const connection = this.#connect();
    if (this.#openIn.has(connection)) return connection;
    this.#openIn.set(connection, new Map());
    const { cell, wait } = this.ledger.next;
    connection.send({
      type: "open_session",
      session: this.number,
      firstCell: cell + this.#unnumbered.cells,
      firstWait: wait + this.#unnumbered.waits,
      observed: this.#observed,
    });
    for (const [key, json] of this.#stored) this.#tell(connection, key, json);
    return connection;
  }

  /** Throws `limit` when the operation is larger than a frame. `started` hears of the cell that the operation starts. */
  request<Value>(
    connection: Connection,
    operation: Operation,
    check: Check<Value>,
    started?: PromiseWithResolvers<string>,
  ): SentRequest<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const numbered = this.#number(operation);
    let isStarted = started === undefined;
    const failed = (error: Error): void => {
      numbered();
      // Whoever dropped the promise does not want to hear of it.
      promise.catch(() => {});
      reject(error);
      started?.reject(error);
    };
    const requester = {
      admitted: (cellId: string): void => {
        numbered();
        if (this.#admitted(connection, cellId)) {
          isStarted = true;
          started?.resolve(cellId);
        } else connection.kill("garbled", `it admitted cell ${cellId}, which is not one that it started`);
      },
      answered: (value: JsonValue): void => {
        const problem = isStarted ? check(value) : BEFORE_ITS_CELL;
        if (!isStarted) connection.kill("garbled", `it sent ${BEFORE_ITS_CELL}`);
        if (problem === null) {
          numbered();
          resolve(value as Value);
        } else failed(notUnderstood(problem));
      },
      failed,
    };
    try {
      return { id: connection.request(this.number, operation, requester), answer: promise };
    } catch (error) {
      // It was never made.
      numbered();
      throw error;
    }
  }

  /** Returns false when that makes no sense after what was heard before. */
  #admitted(connection: Connection, cellId: string): boolean {
    // An observer is told of the start first.
    if (this.#observed) return this.ledger.hostOf(cellId) === connection;
    if (!this.ledger.admit(connection, cellId)) return false;
    connection.cellStarted();
    return true;
  }

  /** Something was asked for that gets a number of its own; returns what to call when it has one, as often as one likes. */
  #number({ type }: Operation): () => void {
    if (type === "terminate" || type === "shutdown") return () => {};
    const kind = type === "execute" || type === "execute_to_pending" ? "cells" : "waits";
    this.#unnumbered[kind] += 1;
    let open = 1;
    return () => {
      this.#unnumbered[kind] -= open;
      open = 0;
    };
  }

  /** Resolves when no cell is left, in whatever child. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#shutDown();
    return this.#shutdown;
  }

  async #shutDown(): Promise<void> {
    const requests = [...this.#openIn.keys()].map(async (connection) => {
      try {
        await this.request(connection, { type: "shutdown" }, json).answer;
      } catch (error) {
        // With the child its cells are gone.
        if (!connection.ended) throw error;
      }
    });
    await Promise.all(requests);
    this.#closed();
  }

  /** Returns false when the message makes no sense after those before it. */
  receive(connection: Connection, message: SessionMessage): boolean {
    switch (message.type) {
      case "event": {
        const { event } = message;
        if (!this.ledger.note(connection, event)) return false;
        if (event.type === "cell_started") connection.cellStarted();
        if (event.type === "cell_ended") connection.cellEnded();
        this.observer.emit(event);
        return true;
      }
      case "invoke_tool":
        this.#invoke(connection, message);
        return true;
      case "notify":
        this.#notify(connection, message);
        return true;
      case "cell_closed":
        return this.#close(connection, message.cellId);
      case "stored":
        this.#stored.set(message.key, message.json);
        for (const other of this.#openIn.keys()) {
          if (other !== connection) this.#tell(other, message.key, message.json);
        }
        return true;
      case "cancel_call":
        this.#openIn.get(connection)?.get(message.call)?.abort(overReason());
        return true;
      case "isolate_lost":
        return true;
    }
  }

  /** The child is gone: everything of this session in it ends. */
  lost(connection: Connection, { cause }: HostEnd): readonly string[] {
    const calls = this.#openIn.get(connection);
    this.#openIn.delete(connection);
    for (const abort of calls?.values() ?? []) abort.abort(overReason());
    const { events, closed } = this.ledger.lose(connection, cause);
    for (const event of events) this.observer.emit(event);
    for (const cellId of closed) this.#cellClosed(cellId);
    return closed;
  }

  #invoke(connection: Connection, { call, invocation }: Of<"invoke_tool">): void {
    this.#answer(connection, call, (signal) =>
      this.observer.runNestedCall({ whole: invocation }, () => this.#delegate.invokeTool(invocation, signal)),
    );
  }

  #notify(connection: Connection, { call, notification }: Of<"notify">): void {
    this.#answer(connection, call, async (signal) => {
      await this.#delegate.notify(notification, signal);
      return null;
    });
  }

  /** Runs something of the host's as soon as the child takes answers, and answers with what it gives. */
  #answer(connection: Connection, call: number, run: (signal: AbortSignal) => Promise<JsonValue>): void {
    const calls = this.#openIn.get(connection);
    if (calls === undefined) return;
    const abort = new AbortController();
    calls.set(call, abort);
    const answered = async (): Promise<void> => {
      let answer: CallAnswer;
      try {
        abort.signal.throwIfAborted();
        answer = { ok: true, value: (await run(abort.signal)) ?? null };
      } catch (error) {
        answer = { ok: false, error: messageOf(error) };
      }
      calls.delete(call);
      // Many calls may have been running when the child stopped to read, and their answers are as large as they like.
      connection.whenReading(() => {
        sendAnswer(connection, call, answer);
      });
    };
    connection.whenReading(() => void answered());
  }

  #close(connection: Connection, cellId: string): boolean {
    const live = this.ledger.isLive(connection, cellId);
    // Whoever is told of ends was not told of this one.
    if (live === null || (live && this.#observed)) return false;
    this.ledger.close(cellId);
    if (live) connection.cellEnded();
    this.#cellClosed(cellId);
    return true;
  }

  #cellClosed(cellId: string): void {
    try {
      this.#delegate.cellClosed(cellId);
    } catch {
      // The cell is gone either way.
    }
  }

  #tell(connection: Connection, key: string, json: string): void {
    try {
      connection.send({ type: "store", session: this.number, key, json });
    } catch (error) {
      // A value as large as a frame came from the child it lives in, and stays there.
      if (!(error instanceof CodeModeError)) throw error;
    }
  }
}

function sendAnswer(connection: Connection, call: number, answer: CallAnswer): void {
  try {
    connection.send({ type: "call_answered", call, answer });
  } catch (error) {
    // A value that is no JSON or larger than a frame is a failure of this call, as the script sees it.
    connection.send({ type: "call_answered", call, answer: { ok: false, error: messageOf(error) } });
  }
}

const BEFORE_ITS_CELL = "a cell's response before the cell";

function notUnderstood(problem: string): CodeModeError {
  const text = `code-mode-host answered with something that is not understood: ${problem}`;
  return new CodeModeError("protocol", text);
}

function overReason(): DOMException {
  return new DOMException("the cell that asked for this is over", "AbortError");
}
