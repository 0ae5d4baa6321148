/**
 * What a session owns: ids, the registry of its cells, the stored values. A cell's own state belongs to its actor.
 *
 * Cells refer to this object and never to the session that the host holds, so that a session nobody holds any more can be
 * noticed and its isolates stopped.
 */
import type { CancelCause, CellNotification, ExecuteRequest, JsonValue } from "@rollout-trace/protocol";
import type { Cancellation } from "../cell/cancellation.ts";
import { CellActor, type CellSetup, type Waiter } from "../cell/cell-actor.ts";
import type { AskedCall, CallbackGraces, CellDelegate, CellHost } from "../cell/cell-host.ts";
import type { Until } from "../cell/cell-state.ts";
import type { ObserverPort } from "../cell/observer-port.ts";
import { CodeModeError } from "../errors.ts";
import type { Lost } from "../isolate/cell-isolate.ts";
import type { IsolatePool } from "../isolate/isolate-pool.ts";
import { resolveLimits } from "../isolate/limits.ts";
import type { Toolsets } from "../isolate/toolset.ts";
import { StoredValues } from "./stored-values.ts";
import { type Answer, initialWaiter } from "./waiters.ts";

/** What the sessions of one provider share. */
export interface SessionResources {
  readonly pool: IsolatePool;
  readonly toolsets: Toolsets;
  readonly graces: CallbackGraces;
  isolateLost(cellId: string, how: Lost): void;
  /** A completed cell stored a value, given as JSON text. */
  stored?(key: string, json: string): void;
}

/** The first ids of a session that goes on where another process left off. */
export interface FirstIds {
  readonly cell: number;
  readonly wait: number;
}

export interface AdmittedCell {
  readonly cellId: string;
  readonly answer: Promise<Answer>;
}

interface MadeCell {
  readonly cell: CellActor;
  readonly answer: Promise<Answer>;
}

export class SessionCore implements CellHost {
  readonly observer: ObserverPort;
  readonly #delegate: CellDelegate;
  readonly #resources: SessionResources;
  readonly #stored = new StoredValues();
  readonly #cells = new Map<string, CellActor>();
  #nextCell: number;
  #nextWait: number;
  /** Makes the cell whose start an observer is hearing of, who may ask for it; null when none is. */
  #starting: (() => void) | null = null;
  /** Null while the session admits cells; settles when the last cell is gone. */
  #shutdown: PromiseWithResolvers<void> | null = null;

  constructor(
    delegate: CellDelegate,
    observer: ObserverPort,
    resources: SessionResources,
    first: FirstIds = { cell: 1, wait: 1 },
  ) {
    this.#delegate = delegate;
    this.observer = observer;
    this.#resources = resources;
    this.#nextCell = first.cell;
    this.#nextWait = first.wait;
  }

  /** Admits a cell and starts its script. Throws `shutting_down` and `invalid_request`, and admits nothing then. */
  execute(request: ExecuteRequest, until: Until): AdmittedCell {
    if (this.#shutdown !== null) {
      throw new CodeModeError("shutting_down", "this session is shut down and runs nothing more");
    }
    const limits = resolveLimits(request.limits);
    const { toolCallId, source, enabledTools } = request;
    const { toolsets, pool, graces } = this.#resources;
    const toolset = toolsets.of(enabledTools);
    const box = pool.take(toolset, limits);
    const cellId = String(this.#nextCell);
    this.#nextCell += 1;
    const setup = { cellId, toolCallId, toolset, limits, graces, box, chores: pool.chores };
    let made: MadeCell | null = null;
    const make = (): MadeCell => (made ??= this.#make(setup, until));
    if (this.observer.watched) {
      this.#starting = make;
      this.observer.emit({ type: "cell_started", cellId, toolCallId, source });
      this.#starting = null;
    }
    // The rest is made while the script's thread wakes up.
    const firstTurn = box.run(source, this.#stored.snapshot());
    const { cell, answer } = make();
    cell.follow(firstTurn);
    pool.refill();
    return { cellId, answer };
  }

  #make(setup: CellSetup, until: Until): MadeCell {
    const { waiter, answer } = initialWaiter(setup.cellId, this.observer);
    const cell = new CellActor(setup, this, this.observer, until, waiter);
    this.#cells.set(setup.cellId, cell);
    return { cell, answer };
  }

  cell(cellId: string): CellActor | undefined {
    this.#starting?.();
    return this.#cells.get(cellId);
  }

  nextWaitId(): string {
    const waitId = `wait-${this.#nextWait}`;
    this.#nextWait += 1;
    return waitId;
  }

  /** Cancels every cell and resolves when the last one is gone. */
  async shutdown(): Promise<void> {
    this.#starting?.();
    if (this.#shutdown === null) {
      this.#shutdown = Promise.withResolvers<void>();
      for (const cell of this.#cells.values()) terminateUnasked(cell, "session_shutdown");
      if (this.#cells.size === 0) this.#shutdown.resolve();
    }
    await this.#shutdown.promise;
  }

  invokeTool(call: AskedCall, cancellation: Cancellation): Promise<JsonValue> {
    return this.#delegate.invokeTool(call, cancellation);
  }

  notify(notification: CellNotification, cancellation: Cancellation): Promise<void> {
    return this.#delegate.notify(notification, cancellation);
  }

  refusal(writes: ReadonlyMap<string, string>): string | null {
    return this.#stored.refusal(writes);
  }

  commit(writes: ReadonlyMap<string, string>): void {
    this.adopt(writes);
    for (const [key, json] of writes) this.#resources.stored?.(key, json);
  }

  /** Takes over what cells of this session stored elsewhere; values are JSON text. */
  adopt(writes: ReadonlyMap<string, string>): void {
    this.#stored.merge(writes);
  }

  closed(cellId: string): void {
    this.#cells.delete(cellId);
    this.#resources.pool.release();
    try {
      this.#delegate.cellClosed(cellId);
    } catch {
      // The cell is gone either way.
    }
    if (this.#cells.size === 0) this.#shutdown?.resolve();
  }

  isolateLost(cellId: string, how: Lost): void {
    try {
      this.#resources.isolateLost(cellId, how);
    } catch {
      // Whoever is told cannot keep the cell from ending.
    }
  }
}

/** Nobody waits for the answer; a response that nobody took is dropped with the cell. */
function terminateUnasked(cell: CellActor, cause: CancelCause): void {
  const nobody: Waiter = { answer: () => {}, refuse: () => {}, abandon: () => {} };
  cell.terminate(cause, null, nobody);
}
