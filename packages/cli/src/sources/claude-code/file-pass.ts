/**
 * One pass over a file: its lines go to the threads that they are of. Most files have one; early versions write what
 * sub-agents do into the transcript of the session, and later ones repeat it there.
 */
import { asId, type ExecutionStatus, isJsonObject, type ThreadId } from "@rollout-trace/protocol";
import { ROOT_PATH } from "../log/agents.ts";
import { idOf } from "../log/fields.ts";
import { type LogFile, type LogLine, readAs } from "../log/log-file.ts";
import { mergeByTime } from "../log/merge-by-time.ts";
import type { Adders, LateEvent } from "../log/thread-output.ts";
import type { IsCopy } from "./copies.ts";
import { ThreadPass } from "./import-thread.ts";
import type { ClaudeDraft } from "./output.ts";
import { blocksOf, type Entry, readEntry, type Repeated, repeatedIn, textOf } from "./record.ts";
import { pathName, type Roster } from "./roster.ts";
import type { TranscriptHead } from "./transcript-head.ts";

export interface FilePassOptions {
  readonly head: TranscriptHead;
  readonly threadId: string;
  readonly file: LogFile;
  readonly adders: Adders;
  readonly isCopy: IsCopy;
  /** Whether this file is the one to tell of a sub-agent: what others have of it, too, is left to that one. */
  readonly mayTell: (agentId: string) => boolean;
}

/** Events of sub-agents that wait for those of the agent that started them. */
const MAX_WAITING = 100_000;

/** The drafts of a file, in the order of their times as far as one request reaches. */
export function* passOverFile(options: FilePassOptions): Generator<ClaudeDraft, void, undefined> {
  const pass = new FilePass(options);
  for (const line of options.file.lines()) {
    pass.read(line);
    yield* pass.take();
  }
  pass.finish();
  yield* pass.take();
}

class FilePass {
  readonly #options: FilePassOptions;
  readonly #main: ThreadPass;
  /** Threads of sub-agents that are in this file, by what tells them apart. */
  readonly #side = new Map<string, ThreadPass>();
  /** The sub-agent that an entry is of. */
  readonly #sideOf = new Map<string, ThreadPass>();
  #lastSide: ThreadPass | null = null;
  /** Threads of sub-agents that may have said something since it was last collected. */
  readonly #touched = new Set<ThreadPass>();
  /** Calls of the main thread that may have started an agent, by what they ask of it. */
  readonly #spawns = new Map<string, string[]>();
  /** What has come out of the threads and is not said yet: the main thread's, and that of the others. */
  #ready: { readonly main: ClaudeDraft[]; readonly side: Map<ThreadPass, ClaudeDraft[]>; waiting: number } = {
    main: [],
    side: new Map(),
    waiting: 0,
  };
  #isOver = false;

  constructor(options: FilePassOptions) {
    this.#options = options;
    const { head, threadId, file, adders } = options;
    this.#main = new ThreadPass(
      {
        threadId,
        started: (roster) => startedEvent(roster, { threadId, head, name: null }),
        startedTimeUs: head.startedTimeUs,
        hasUsage: true,
        model: head.model,
      },
      file,
      adders,
    );
  }

  read(logLine: LogLine): void {
    const line = logLine.number;
    const entry = readAs(logLine, readEntry, "no entry of a transcript");
    if (typeof entry === "string") {
      this.#main.output.report(line, this.#main.last.timeUs, entry);
      return;
    }
    const repeated = repeatedIn(entry);
    const isSpoken = entry.type === "user" || entry.type === "assistant";
    if (repeated !== null) this.#repeat(repeated, entry, line);
    else if (this.#options.isCopy(entry)) this.#threadOf(entry, line).inherit(entry, line);
    else if (entry.isSidechain && this.#options.head.agentId === null) this.#sideEntry(entry, line);
    else {
      this.#main.read(entry, line);
      if (isSpoken) this.#noteCalls(entry);
    }
    this.#collect();
  }

  finish(): void {
    for (const thread of this.#side.values()) this.#finishSide(thread, null);
    this.#main.finish();
    this.#main.output.reportDamage(this.#main.last);
    this.#isOver = true;
    this.#collect();
  }

  /** What can be said by now. */
  *take(): Generator<ClaudeDraft, void, undefined> {
    const { main, side, waiting } = this.#ready;
    // What a sub-agent did comes after the call that started it, which comes out with the response that made it.
    if (main.length === 0 && this.#main.output.held > 0 && !this.#isOver && waiting < MAX_WAITING) return;
    if (main.length === 0 && side.size === 0) return;
    this.#ready = { main: [], side: new Map(), waiting: 0 };
    if (side.size === 0) yield* main;
    else yield* mergeByTime([main, ...side.values()]);
  }

  #collect(): void {
    for (const draft of this.#main.take()) this.#ready.main.push(draft);
    const { side } = this.#ready;
    for (const thread of this.#touched) {
      const drafts = thread.take();
      if (drafts.length === 0) continue;
      let known = side.get(thread);
      if (known === undefined) side.set(thread, (known = []));
      for (const draft of drafts) known.push(draft);
      this.#ready.waiting += drafts.length;
    }
    this.#touched.clear();
  }

  /** Ends a thread of a sub-agent. `told` is how it ended, where its call says so. */
  #finishSide(thread: ThreadPass, told: ExecutionStatus | null): void {
    thread.finish(told);
    this.#touched.add(thread);
  }

  /** What a sub-agent did, as the transcript of the session repeats it. */
  #repeat({ agentId, callId, entry }: Repeated, whole: Entry, line: number): void {
    const call = callId === null ? undefined : this.#main.calls.get(callId);
    const agent = call?.agent ?? null;
    if (agent !== null) {
      agent.agentId ??= agentId;
      agent.isLogged ||= agent.agentId === agentId;
    }
    if (!this.#options.mayTell(agentId) || agentId === this.#options.head.agentId) {
      this.#main.read(whole, line);
      return;
    }
    const thread = this.#sideThread(agentId, { threadId: agentId, entry, hasUsage: false });
    thread.read(entry, line);
    this.#touched.add(thread);
  }

  /** An entry of a sub-agent that is in the transcript of the session. */
  #sideEntry(entry: Entry, line: number): void {
    const { agentId } = entry;
    if (agentId !== null && !this.#options.mayTell(agentId)) {
      this.#main.breadcrumb(entry, { line, timeUs: entry.timeUs ?? this.#main.last.timeUs });
      return;
    }
    this.#threadOf(entry, line).read(entry, line);
  }

  /** The thread that an entry is of; one of a sub-agent that is not known yet begins. */
  #threadOf(entry: Entry, line: number): ThreadPass {
    if (!entry.isSidechain || this.#options.head.agentId !== null) return this.#main;
    const { agentId, parent, uuid } = entry;
    const threadId = agentId ?? `${this.#options.threadId}:${line}`;
    const known = agentId === null ? this.#known(parent, entry) : undefined;
    const thread = known ?? this.#sideThread(threadId, { threadId, entry, hasUsage: true });
    if (uuid !== null && !this.#sideOf.has(uuid)) this.#sideOf.set(uuid, thread);
    this.#lastSide = thread;
    this.#touched.add(thread);
    return thread;
  }

  /** The sub-agent that has the entry which this one follows, or that spoke last unless this one asks for something new. */
  #known(parent: Entry["parent"], entry: Entry): ThreadPass | undefined {
    const followed = typeof parent === "string" ? this.#sideOf.get(parent) : undefined;
    if (followed !== undefined) return followed;
    const isAsking = entry.type === "user" && !hasResults(entry);
    return isAsking ? undefined : (this.#lastSide ?? undefined);
  }

  #sideThread(
    key: string,
    { threadId, entry, hasUsage }: { threadId: string; entry: Entry; hasUsage: boolean },
  ): ThreadPass {
    const known = this.#side.get(key);
    if (known !== undefined) return known;
    const { file, adders } = this.#options;
    const prompt = textOf(entry.message["content"]);
    this.#claim(prompt, threadId);
    const thread = new ThreadPass(
      {
        threadId,
        started: (roster) => startedEvent(roster, { threadId, head: null, name: entry.agentId }),
        startedTimeUs: entry.timeUs ?? this.#main.last.timeUs,
        hasUsage,
        model: null,
      },
      file,
      adders,
    );
    this.#side.set(key, thread);
    return thread;
  }

  /** Takes note of calls that ask another agent for something, and of those that have ended. */
  #noteCalls({ type, message }: Entry): void {
    for (const block of blocksOf(message)) {
      if (!isJsonObject(block)) continue;
      const id = idOf(block[type === "assistant" ? "id" : "tool_use_id"]);
      const agent = id === null ? null : (this.#main.calls.get(id)?.agent ?? null);
      if (id === null || agent === null) continue;
      if (type === "assistant" && agent.message !== null) {
        const calls = this.#spawns.get(agent.message);
        if (calls === undefined) this.#spawns.set(agent.message, [id]);
        else calls.push(id);
      } else if (type === "user" && agent.agentId !== null) {
        // An agent in the background goes on; of any other the result is the end.
        const thread = this.#side.get(agent.agentId);
        if (agent.end !== null && thread !== undefined) this.#finishSide(thread, agent.end);
      }
    }
  }

  /** The first call that asks for just this, and is not known to have started another agent, has started this one. */
  #claim(prompt: string, threadId: string): void {
    const calls = this.#spawns.get(prompt) ?? [];
    for (let id = calls.shift(); id !== undefined; id = calls.shift()) {
      const agent = this.#main.calls.get(id)?.agent ?? null;
      if (agent === null || agent.agentId !== null || agent.failed) continue;
      agent.agentId = threadId;
      agent.isLogged = true;
      return;
    }
  }
}

function hasResults({ message }: Entry): boolean {
  return blocksOf(message).some((block) => isJsonObject(block) && block["type"] === "tool_result");
}

interface Started {
  readonly threadId: string;
  readonly head: TranscriptHead | null;
  readonly name: string | null;
}

/** The start of a thread, once the roster knows who started it. */
function startedEvent(roster: Roster, { threadId, head, name }: Started): readonly LateEvent[] {
  const thread = roster.know(threadId);
  // A call may have told of it before its own entries did.
  if (thread.state === "started") return [];
  if (thread.state === "ended") {
    return [{ turnId: null, payload: { type: "thread_resumed", thread_id: asId<ThreadId>(threadId) } }];
  }
  const isRoot = threadId === roster.rootId;
  const parentId = thread.parent?.threadId ?? roster.rootId;
  const description = thread.parent?.description ?? head?.description ?? null;
  const role = thread.parent?.role ?? head?.role ?? null;
  if (!isRoot) {
    const parentPath = roster.get(parentId)?.agentPath ?? "";
    const words = pathName(description) ?? pathName(role) ?? name ?? threadId;
    thread.agentPath = roster.pathFor(parentPath === "" ? ROOT_PATH : parentPath, words);
  }
  return [
    {
      turnId: null,
      payload: {
        type: "thread_started",
        thread_id: asId<ThreadId>(threadId),
        agent_path: thread.agentPath,
        origin: isRoot
          ? { type: "root" }
          : {
              type: "spawned",
              parent_thread_id: asId<ThreadId>(parentId),
              task_name: description,
              agent_role: role,
            },
        model: head?.model ?? null,
      },
    },
  ];
}
