/** Following a rollout that somebody is still recording, without reading anything twice. */
import type { RolloutSource, SourceRecord } from "@rollout-trace/protocol";
import type { RolloutGraph } from "./graph/rollout-graph.ts";
import { ReduceError } from "./errors.ts";
import { createReducer, type ReduceMode, type Reducer, resumeReducer } from "./reduce.ts";
import type { ReducerCheckpoint } from "./state/checkpoint.ts";

export interface FollowOptions {
  /** Default `lenient`. */
  readonly mode?: ReduceMode | undefined;
  /** Goes on from there rather than from the first event. */
  readonly checkpoint?: ReducerCheckpoint | undefined;
}

export interface RolloutFollower {
  /**
   * Reads what the source has got since the last time, and gives the number of events that were new. Costs nothing for those
   * that were read before. Throws a `ReduceError`: what `apply` throws in strict mode, and that again each time it is asked from
   * then on; `reducer_finished` where there is something new after `finish`.
   */
  poll(): number;
  /** The `seq` of the last event that was read; 0 when there was none. */
  readonly lastSeq: number;
  /** See `Reducer.isOver`; also of what a checkpoint had come to. */
  readonly isOver: boolean;
  /** The graph so far; see `Reducer.snapshot`. */
  snapshot(): RolloutGraph;
  /** See `Reducer.save`. */
  save(): ReducerCheckpoint;
  /** The graph, when no more is wanted; see `Reducer.finish`. */
  finish(): RolloutGraph;
}

/** Follows a source whose `events` gives what is there at the time of asking, as that of a store does. */
export function followRollout(source: RolloutSource, options: FollowOptions = {}): RolloutFollower {
  return new Follower(source, options);
}

class Follower implements RolloutFollower {
  readonly #source: RolloutSource;
  readonly #reducer: Reducer;
  #lastSeq: number;
  /**
   * What was read after the last event with a `seq`: the next `poll` reads it again, and only then is it clear what it was.
   * Taken in by the next event that has one, or by `finish`.
   */
  #unplaced: SourceRecord[] = [];
  /** What strict mode has thrown: the reducer is in the middle of an event. */
  #failure: ReduceError | null = null;

  constructor(source: RolloutSource, { mode, checkpoint }: FollowOptions) {
    const { payloads, provenance } = source;
    const reducerOptions = { payloads, provenance, mode };
    this.#source = source;
    this.#reducer =
      checkpoint === undefined ? createReducer(reducerOptions) : resumeReducer(checkpoint, reducerOptions);
    this.#lastSeq = checkpoint?.last_seq ?? 0;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get isOver(): boolean {
    return this.#reducer.isOver;
  }

  poll(): number {
    if (this.#failure !== null) throw this.#failure;
    try {
      return this.#readOn();
    } catch (error) {
      if (error instanceof ReduceError) this.#failure = error;
      throw error;
    }
  }

  #readOn(): number {
    let count = 0;
    this.#unplaced = [];
    for (const record of this.#source.events(this.#lastSeq + 1)) {
      const seq = seqOf(record);
      if (seq === null || seq <= this.#lastSeq) {
        this.#unplaced.push(record);
        continue;
      }
      this.#takeUnplaced();
      this.#take(record);
      this.#lastSeq = seq;
      count += 1;
    }
    return count;
  }

  snapshot(): RolloutGraph {
    return this.#reducer.snapshot();
  }

  save(): ReducerCheckpoint {
    // An event that could not be read has moved the source on and not the reducer.
    return { ...this.#reducer.save(), last_seq: this.#lastSeq };
  }

  finish(): RolloutGraph {
    this.#takeUnplaced();
    return this.#reducer.finish();
  }

  #takeUnplaced(): void {
    for (const record of this.#unplaced) this.#take(record);
    this.#unplaced = [];
  }

  #take(record: SourceRecord): void {
    if (record.type === "problem") this.#reducer.report(record.problem);
    else this.#reducer.apply(record.value);
  }
}

function seqOf(record: SourceRecord): number | null {
  if (record.type !== "event" || typeof record.value !== "object" || record.value === null) return null;
  const { seq } = record.value as { readonly seq?: unknown };
  return typeof seq === "number" && Number.isSafeInteger(seq) ? seq : null;
}
