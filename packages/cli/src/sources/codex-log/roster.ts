/** The threads of a rollout, as far as they are known at a point of the merged logs. */
export interface RosterThread {
  readonly threadId: string;
  readonly agentPath: string;
  /** Whether the rollout has a log of it. */
  readonly hasLog: boolean;
  /** The turn that began last. */
  turnId: string | null;
}

export class Roster {
  readonly #threads = new Map<string, RosterThread>();
  readonly #byPath = new Map<string, RosterThread>();

  add(thread: RosterThread): void {
    this.#threads.set(thread.threadId, thread);
    this.#byPath.set(thread.agentPath, thread);
  }

  /** Threads that the rollout has no log of. */
  unlogged(): readonly RosterThread[] {
    return [...this.#threads.values()].filter(({ hasLog }) => !hasLog);
  }

  get(threadId: string): RosterThread | undefined {
    return this.#threads.get(threadId);
  }

  /** The thread that an agent path or a thread id names. */
  find(name: string): RosterThread | undefined {
    return this.#byPath.get(name) ?? this.#threads.get(name);
  }
}
