/**
 * What a rollout has to have in its graph: counted by the host and by a listener beside the recorder, and counted again in the
 * graph.
 */
import type { CodeModeEvent, CodeModeObserver } from "@rollout-trace/protocol";
import type { ExecutionWindow, RolloutGraph } from "@rollout-trace/reducer";

/** A cell that never was: a wait for it belongs to no cell. */
export const UNKNOWN_CELL = "999999";

export class Tally {
  readonly #counts: Map<string, number> = new Map();

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  add(other: Tally): void {
    for (const [what, times] of other.#counts) this.count(what, times);
  }

  /** By name; what was counted the same way is the same object. */
  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([left], [right]) => (left < right ? -1 : 1)));
  }
}

/** Counts what a session says on its way to its recorder. */
export function counting(observer: CodeModeObserver, tally: Tally): CodeModeObserver {
  return {
    tracesSpans: observer.tracesSpans,
    observe(event) {
      const what = nameOf(event);
      if (what !== null) tally.count(what);
      observer.observe(event);
    },
    runNestedCall: (call, run) => observer.runNestedCall?.(call, run) ?? run(),
  };
}

function nameOf(event: CodeModeEvent): string | null {
  switch (event.type) {
    case "cell_ended":
      return `cell ${event.status}`;
    case "wait_ended":
      return event.cellId === UNKNOWN_CELL ? null : `wait ${event.outcome}`;
    case "nested_call_ended":
      return `nested call ${event.status}`;
    case "notification":
      return "notification";
    default:
      return null;
  }
}

/** The same counts, of a graph. */
export function tallyOf(graph: RolloutGraph): Tally {
  const tally = new Tally();
  const all = (name: string, objects: readonly { readonly execution: ExecutionWindow }[]): void => {
    for (const { execution } of objects) tally.count(`${name} ${execution.status}`);
  };
  const calls = Object.values(graph.tool_calls);
  all("thread", Object.values(graph.threads));
  all("turn", Object.values(graph.turns));
  all("inference", Object.values(graph.inference_calls));
  all(
    "call",
    calls.filter(({ requester }) => requester.type !== "code_cell"),
  );
  all(
    "nested call",
    calls.filter(({ requester }) => requester.type === "code_cell"),
  );
  for (const cell of Object.values(graph.code_cells)) {
    tally.count(`cell ${cell.runtime_status}`);
    // A model's wait that only ended the cell is a call, and nothing that the session waited for.
    for (const { wait_id, outcome } of cell.waits) if (wait_id !== null) tally.count(`wait ${outcome}`);
    if (cell.notifications.length > 0) tally.count("notification", cell.notifications.length);
  }
  return tally;
}
