/** The public way in: a reducer that is fed event by event, and the loop that feeds it from a source. */
import type { PayloadReader, RolloutSource, SourceProblem } from "@rollout-trace/protocol";
import { admit } from "./admit.ts";
import { ReduceError } from "./errors.ts";
import type { Provenance } from "./graph/base.ts";
import { buildGraph } from "./graph/build.ts";
import { copyDraft, type Finish, takeDraft } from "./graph/draft.ts";
import type { RolloutGraph } from "./graph/rollout-graph.ts";
import { dispatch } from "./handlers/table.ts";
import { findSessions } from "./linking/sessions.ts";
import { pendingDiagnostics } from "./pending.ts";
import { Reduction } from "./reduction.ts";
import { type ReducerCheckpoint, restoreState, saveState } from "./state/checkpoint.ts";
import type { ReducerState } from "./state/reducer-state.ts";

/**
 * What to do about a diagnostic of severity `error`: `lenient` records it, applies what still makes sense and goes on;
 * `strict` throws it as a `ReduceError`. A recording without errors gives the same graph either way.
 */
export type ReduceMode = "lenient" | "strict";

export interface ReducerOptions {
  readonly payloads: PayloadReader;
  /** Default `lenient`. */
  readonly mode?: ReduceMode | undefined;
  /** What the objects of the graph are marked as. Default `recorded`. */
  readonly provenance?: Provenance | undefined;
}

export interface Reducer {
  /**
   * Takes the next event, in `seq` order, and keeps parts of it: it must not change afterwards. Lenient mode takes anything at all;
   * strict mode throws a `ReduceError` with the code of the first diagnostic of severity `error`, and is then of no more use.
   */
  apply(event: unknown): void;
  /** Takes a place that the source could not read; becomes the diagnostic `source_problem`, which strict mode throws. */
  report(problem: SourceProblem): void;
  /** Whether the recording has been closed, or found to have stopped: nothing more is to come. */
  readonly isOver: boolean;
  /**
   * The graph of what was applied so far: what `finish` would give, or throw, if the input ended here, but that as long as the
   * rollout runs nothing is missing that may still come. Costs the size of the graph; changes nothing.
   */
  snapshot(): RolloutGraph;
  /**
   * Everything gathered so far, to go on from later and elsewhere with `resumeReducer`. JSON; costs the size of the graph and
   * changes nothing.
   */
  save(): ReducerCheckpoint;
  /** The graph. In strict mode, what only the end shows is thrown too: events that still wait for what they name as `unknown_reference`, writes to another process than they named as `call_id_conflict`. `apply` and `report` throw `ReduceError` (`reducer_finished`) afterwards. */
  finish(): RolloutGraph;
}

export interface ReduceOptions {
  /** Default `lenient`. */
  readonly mode?: ReduceMode | undefined;
  /** Looked at between events; its reason is thrown. */
  readonly signal?: AbortSignalLike | undefined;
  /** Called now and then, and once at the end. */
  readonly onProgress?: ((progress: ReduceProgress) => void) | undefined;
}

/** The part of `AbortSignal` that the reducer needs; it has no types of a platform. */
export interface AbortSignalLike {
  throwIfAborted(): void;
}

export interface ReduceProgress {
  readonly events: number;
  /** Null when the source does not know. */
  readonly total: number | null;
}

/** A reducer that is given events one by one, from the first on. Reads payloads as events name them, and nothing else. */
export function createReducer(options: ReducerOptions): Reducer {
  return new EventReducer(options);
}

/**
 * A reducer that goes on where `save` was called: give it the events after `checkpoint.last_seq`. Its payloads are those of
 * the same recording; mode and provenance are as `options` say, whatever they were before. Throws `ReduceError`
 * (`invalid_checkpoint`).
 */
export function resumeReducer(checkpoint: ReducerCheckpoint, options: ReducerOptions): Reducer {
  return new EventReducer(options, restoreState(checkpoint));
}

/** Reduces a whole source. Throws `ReduceError` in strict mode only, and whatever `signal` says. */
export function reduceRollout(source: RolloutSource, options: ReduceOptions = {}): RolloutGraph {
  const { payloads, provenance, eventCount: total } = source;
  const reducer = new EventReducer({ payloads, provenance, mode: options.mode });
  let events = 0;
  for (const record of source.events()) {
    if (events % PROGRESS_EVERY_EVENTS === 0) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ events, total });
    }
    events += 1;
    if (record.type === "event") reducer.apply(record.value);
    else reducer.report(record.problem);
  }
  options.signal?.throwIfAborted();
  options.onProgress?.({ events, total });
  return reducer.takeGraph();
}

/** Often enough for a person to see it move and to stop soon, seldom enough to cost nothing. */
const PROGRESS_EVERY_EVENTS = 256;

class EventReducer implements Reducer {
  readonly #reduction: Reduction;
  #finished = false;

  constructor({ payloads, mode = "lenient", provenance = "recorded" }: ReducerOptions, state?: ReducerState) {
    this.#reduction = new Reduction({ payloads, provenance, strict: mode === "strict" }, dispatch, state);
  }

  apply(value: unknown): void {
    this.#refuseWhenFinished();
    const event = admit(this.#reduction, value);
    if (event !== null) this.#reduction.apply(event);
  }

  report({ where, message }: SourceProblem): void {
    this.#refuseWhenFinished();
    this.#reduction.diagnose("source_problem", `${where}: ${message}`, null);
  }

  get isOver(): boolean {
    return this.#reduction.state.isOver;
  }

  snapshot(): RolloutGraph {
    return this.#build(copyDraft, { isLast: false });
  }

  /** `finish` for a reducer that is not asked for anything else: the graph consists of what the reducer has gathered. */
  takeGraph(): RolloutGraph {
    return this.#build(takeDraft, { isLast: true });
  }

  save(): ReducerCheckpoint {
    return saveState(this.#reduction.state);
  }

  finish(): RolloutGraph {
    const graph = this.#build(copyDraft, { isLast: true });
    this.#finished = true;
    return graph;
  }

  #build(finish: Finish, { isLast }: { isLast: boolean }): RolloutGraph {
    const { state, strict } = this.#reduction;
    const sessions = findSessions(state);
    const diagnostics = pendingDiagnostics(state, { sessions, isLast });
    const error = diagnostics.find(({ severity }) => severity === "error");
    if (strict && error !== undefined) throw new ReduceError(error.code, error.message, error);
    return buildGraph(state, { diagnostics, sessions }, finish);
  }

  #refuseWhenFinished(): void {
    if (!this.#finished) return;
    throw new ReduceError("reducer_finished", "the reducer has finished", { seq: null, object: null });
  }
}
