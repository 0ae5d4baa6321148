/**
 * Writes a rollout event by event, in words close to what happens.
 *
 * Builders only spare typing: each method records exactly one event (and the payloads it names), in the order of the calls, so
 * a test can leave out, repeat or reorder whatever it is about. `event` records anything.
 */
import type {
  ExecutionStatus,
  JsonValue,
  PayloadId,
  PayloadKind,
  PayloadRef,
  RawEvent,
  RolloutSource,
  RolloutStatus,
} from "@rollout-trace/protocol";
import { type MemoryPayload, memorySource } from "./memory-source.ts";
import { TurnBuilder } from "./turn-builder.ts";

/** An event payload; its ids are plain strings, and a test may leave out or misspell what it likes. */
export interface LooseObject {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RolloutBuilderOptions {
  /** Default `rollout-1`. */
  readonly rolloutId?: string;
  /** Default `root`; the root thread is started with the agent path `/root`. */
  readonly rootThreadId?: string;
  /** Microseconds between two events. Default 1000. */
  readonly stepUs?: number;
}

const START_US = 1_700_000_000_000_000;

/**
 * A recording in memory, event by event in the order of calling: `seq` counts from 1, times are evenly spaced. Says nothing that it
 * is not told to, so it can be as wrong as a test wants. `source()` is what a reducer reads.
 */
export class RolloutBuilder {
  readonly events: RawEvent[] = [];
  readonly payloads: Map<string, MemoryPayload> = new Map();
  readonly root: ThreadBuilder;
  readonly #rolloutId: string;
  readonly #stepUs: number;
  #counters = new Map<string, number>();

  /** Records `rollout_started` and the start of the root thread. */
  constructor(options: RolloutBuilderOptions = {}) {
    this.#rolloutId = options.rolloutId ?? "rollout-1";
    this.#stepUs = options.stepUs ?? 1000;
    const rootThreadId = options.rootThreadId ?? "root";
    this.event({ type: "rollout_started", trace_id: "trace-1", root_thread_id: rootThreadId });
    this.root = this.thread(rootThreadId, { agentPath: "/root", origin: { type: "root" } });
  }

  /** When the next event happens. */
  get nextTimeUs(): number {
    return START_US + (this.events.length + 1) * this.#stepUs;
  }

  /** Records an event. */
  event(payload: LooseObject, place: { thread?: string | null; turn?: string | null } = {}): this {
    const seq = this.events.length + 1;
    const event = {
      schema_version: 1,
      seq,
      time_unix_us: this.nextTimeUs,
      rollout_id: this.#rolloutId,
      thread_id: place.thread ?? null,
      turn_id: place.turn ?? null,
      payload,
    };
    // Whether it is one is for the reducer to say: tests also write what no recorder would.
    this.events.push(event as unknown as RawEvent);
    return this;
  }

  /** Stores a payload and gives the reference to it. */
  payload(kind: PayloadKind, value: JsonValue, id: string = this.next("payload")): PayloadRef {
    this.payloads.set(id, { kind, value });
    return { payload_id: id as PayloadId, kind };
  }

  /** `name-1`, `name-2`, … */
  next(name: string): string {
    const count = (this.#counters.get(name) ?? 0) + 1;
    this.#counters.set(name, count);
    return `${name}-${count}`;
  }

  thread(
    id: string,
    options: { agentPath: string; origin: LooseObject; metadata?: JsonValue },
  ): ThreadBuilder {
    const { agentPath, origin, metadata } = options;
    this.event({
      type: "thread_started",
      thread_id: id,
      agent_path: agentPath,
      origin,
      ...(metadata === undefined ? {} : { metadata: this.payload("thread_metadata", metadata) }),
    });
    return new ThreadBuilder(this, id);
  }

  /** A child of the root thread. */
  child(id: string, agentPath = `/root/${id}`, parent: ThreadBuilder = this.root): ThreadBuilder {
    return this.thread(id, { agentPath, origin: { type: "spawned", parent_thread_id: parent.id } });
  }

  end(status: RolloutStatus = "completed"): this {
    return this.event({ type: "rollout_ended", status });
  }

  complete(): this {
    return this.event({ type: "recording_completed" });
  }

  source(): RolloutSource {
    return memorySource(this.#rolloutId, this);
  }
}

/** A thread that has started: records its turns, its children and its end. */
export class ThreadBuilder {
  readonly rollout: RolloutBuilder;
  readonly id: string;

  constructor(rollout: RolloutBuilder, id: string) {
    this.rollout = rollout;
    this.id = id;
  }

  turn(id: string = this.rollout.next("turn")): TurnBuilder {
    this.rollout.event(
      { type: "turn_started", turn_id: id, thread_id: this.id },
      { thread: this.id, turn: id },
    );
    return new TurnBuilder(this, id);
  }

  end(status: ExecutionStatus = "completed"): this {
    this.rollout.event({ type: "thread_ended", thread_id: this.id, status });
    return this;
  }

  resume(): this {
    this.rollout.event({ type: "thread_resumed", thread_id: this.id });
    return this;
  }
}
