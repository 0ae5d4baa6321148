/**
 * What one session's observer was told and not yet told the end of. When a child is lost, this says which ends are missing, so
 * that every cell, nested call and wait that an observer heard of also ends. Of a session that nobody observes it knows the cells.
 */
import type { CodeModeEvent, RuntimeResponse } from "@rollout-trace/protocol";

interface LedgerCell<Host> {
  readonly host: Host;
  /** False once the observer heard of its end; what it printed last may not have been read yet. */
  live: boolean;
  readonly calls: Set<string>;
}

/** `Host` is where a cell runs. */
export class CellLedger<Host> {
  /** Until they are closed, in the order of starting. */
  readonly #cells = new Map<string, LedgerCell<Host>>();
  readonly #waits = new Map<string, { readonly host: Host; readonly cellId: string }>();
  #nextCell = 1;
  #nextWait = 1;

  /** The lowest numbers that no cell and no wait has had. */
  get next(): { readonly cell: number; readonly wait: number } {
    return { cell: this.#nextCell, wait: this.#nextWait };
  }

  hostOf(cellId: string): Host | undefined {
    return this.#cells.get(cellId)?.host;
  }

  /** Whether a cell in it is not closed. */
  hasCellsIn(host: Host): boolean {
    return this.#cells.values().some((cell) => cell.host === host);
  }

  /** An id for a wait that no host sees. */
  takeWaitId(): string {
    const waitId = `${WAIT_PREFIX}${this.#nextWait}`;
    this.#nextWait += 1;
    return waitId;
  }

  /** A cell began, or was admitted in a session that nobody observes. Returns whether it is new. */
  admit(host: Host, cellId: string): boolean {
    if (this.#cells.has(cellId)) return false;
    this.#cells.set(cellId, { host, live: true, calls: new Set() });
    this.#nextCell = after(this.#nextCell, cellId);
    return true;
  }

  /** Whether the event fits what was heard before; one that does not comes from a host that is out of its mind. */
  note(host: Host, event: CodeModeEvent): boolean {
    switch (event.type) {
      case "cell_started":
        return this.admit(host, event.cellId);
      case "wait_started":
        if (this.#waits.has(event.waitId)) return false;
        this.#waits.set(event.waitId, { host, cellId: event.cellId });
        this.#nextWait = after(this.#nextWait, event.waitId.slice(WAIT_PREFIX.length));
        return true;
      case "wait_ended":
        return this.#waits.delete(event.waitId);
      case "nested_call_started": {
        const calls = this.#live(host, event.call.cellId)?.calls;
        if (calls === undefined || calls.has(event.call.runtimeToolCallId)) return false;
        calls.add(event.call.runtimeToolCallId);
        return true;
      }
      case "nested_call_ended":
        return this.#live(host, event.cellId)?.calls.delete(event.runtimeToolCallId) ?? false;
      case "cell_ended": {
        const cell = this.#live(host, event.cellId);
        if (cell === undefined || cell.calls.size > 0) return false;
        cell.live = false;
        return true;
      }
      case "cancel_requested":
      case "cell_initial_response":
      case "notification":
        return this.#cells.get(event.cellId)?.host === host;
    }
  }

  /** Null when there is no such cell; otherwise whether it is not known to have ended. */
  isLive(host: Host, cellId: string): boolean | null {
    const cell = this.#cells.get(cellId);
    return cell?.host === host ? cell.live : null;
  }

  close(cellId: string): void {
    this.#cells.delete(cellId);
  }

  /** The host is gone: the ends that its observer is owed, in order, and the cells that are closed by it. */
  lose(
    host: Host,
    why: string,
  ): { readonly events: readonly CodeModeEvent[]; readonly closed: readonly string[] } {
    const events: CodeModeEvent[] = [];
    const closed: string[] = [];
    for (const [waitId, wait] of this.#waits) {
      if (wait.host !== host) continue;
      this.#waits.delete(waitId);
      events.push({ type: "wait_ended", waitId, cellId: wait.cellId, outcome: "abandoned", response: null });
    }
    for (const [cellId, cell] of this.#cells) {
      if (cell.host !== host) continue;
      this.#cells.delete(cellId);
      closed.push(cellId);
      if (cell.live) events.push(...lostCell(cellId, cell.calls, why));
    }
    return { events, closed };
  }

  #live(host: Host, cellId: string): LedgerCell<Host> | undefined {
    const cell = this.#cells.get(cellId);
    return cell?.live === true && cell.host === host ? cell : undefined;
  }
}

const WAIT_PREFIX = "wait-";

/** Ids are numbers in the order of admission; whatever else a host calls them keeps no number. */
function after(next: number, id: string): number {
  const number = Number(id);
  return Number.isSafeInteger(number) ? Math.max(next, number + 1) : next;
}

function lostCell(cellId: string, calls: ReadonlySet<string>, why: string): CodeModeEvent[] {
  const response: RuntimeResponse = {
    type: "terminated",
    cellId,
    contentItems: [],
    errorText: `exec cell ${cellId} was lost with the process that ran it: ${why}`,
  };
  return [
    ...[...calls].map((runtimeToolCallId): CodeModeEvent => ({
      type: "nested_call_ended",
      cellId,
      runtimeToolCallId,
      status: "aborted",
      endCause: "cell_cancelled",
      result: null,
    })),
    { type: "cell_ended", cellId, status: "terminated", response, journal: null },
  ];
}
