/** The threads of a rollout, as far as they are known at a point of the merged transcripts. */
export interface RosterThread {
  readonly threadId: string;
  agentPath: string;
  /** What it was asked first, for an agent whose transcript begins with that. */
  readonly prompt: string | null;
  /** Who started it, once that is known. */
  parent: Spawn | null;
  /** The turn that began last. */
  turnId: string | null;
  /** How far it has come. */
  state: "announced" | "started" | "ended";
}

/** The call that started an agent. */
export interface Spawn {
  readonly threadId: string;
  readonly callId: string;
  readonly description: string | null;
  readonly role: string | null;
}

export class Roster {
  readonly rootId: string;
  readonly #threads = new Map<string, RosterThread>();
  /** Agents that nobody is known to have started, by what they were asked. */
  readonly #waiting = new Map<string, { readonly list: RosterThread[]; next: number }>();
  readonly #paths = new Set<string>();

  constructor(rootId: string) {
    this.rootId = rootId;
  }

  add(thread: RosterThread): void {
    this.#threads.set(thread.threadId, thread);
    this.#paths.add(thread.agentPath);
    if (thread.prompt === null || thread.parent !== null) return;
    const waiting = this.#waiting.get(thread.prompt);
    if (waiting === undefined) this.#waiting.set(thread.prompt, { list: [thread], next: 0 });
    else waiting.list.push(thread);
  }

  /** Adds an agent whose entries are still to come. */
  know(threadId: string): RosterThread {
    const known = this.#threads.get(threadId);
    if (known !== undefined) return known;
    const thread = {
      threadId,
      agentPath: "",

      prompt: null,
      parent: null,
      turnId: null,
      state: "announced",
    } as const;
    this.#threads.set(threadId, thread);
    return thread;
  }

  get(threadId: string): RosterThread | undefined {
    return this.#threads.get(threadId);
  }

  /** The agent that a call started: the one it names, or the first with that prompt that no other call has started. */
  startedBy(
    spawn: Spawn,
    { agentId, prompt }: { agentId: string | null; prompt: string | null },
  ): RosterThread | undefined {
    const thread = agentId === null ? this.#takeWaiting(prompt) : this.#threads.get(agentId);
    if (thread !== undefined) thread.parent ??= spawn;
    return thread;
  }

  /** A path that no other agent has. */
  pathFor(parentPath: string, name: string): string {
    const path = `${parentPath}/${name}`;
    let free = path;
    for (let count = 2; this.#paths.has(free); count += 1) free = `${path}_${count}`;
    this.#paths.add(free);
    return free;
  }

  #takeWaiting(prompt: string | null): RosterThread | undefined {
    const waiting = prompt === null ? undefined : this.#waiting.get(prompt);
    if (waiting === undefined) return undefined;
    const { list } = waiting;
    while (waiting.next < list.length && list[waiting.next]?.parent !== null) waiting.next += 1;
    return list[waiting.next];
  }
}

const NAME_CODE_POINTS = 40;

/** A name for an agent path, out of a few words. */
export function pathName(words: string | null): string | null {
  const name = (words ?? "")
    .slice(0, NAME_CODE_POINTS * 2)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_+|_+$/g, "");
  const short = Array.from(name).slice(0, NAME_CODE_POINTS).join("").replace(/_+$/, "");
  return short === "" ? null : short;
}
