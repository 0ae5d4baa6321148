/** The turns of a thread: told by the log, or made up of its user messages where it is too old to tell. */
import { asId, type ExecutionStatus, type ThreadId, type TurnId } from "@rollout-trace/protocol";
import type { Place, ThreadOutput } from "./thread-output.ts";

/** What turns need of where they are told. */
type TurnOutput = Pick<ThreadOutput<string, never>, "threadId" | "turnId" | "say" | "idAt">;

export class Turns {
  readonly #output: TurnOutput;
  /** The turn that began last, whether it has ended or not. */
  #last: { readonly id: string; status: ExecutionStatus } | null = null;
  /** Whether the log tells of turns; then user messages begin none. */
  #areTold = false;

  constructor(output: TurnOutput) {
    this.#output = output;
  }

  get areTold(): boolean {
    return this.#areTold;
  }

  get open(): string | null {
    return this.#output.turnId;
  }

  /** The log tells of a turn. One that is still open was given up. */
  begin(id: string, at: Place): void {
    this.#areTold = true;
    if (this.open === id) return;
    this.end("aborted", at);
    this.#start(id, at);
  }

  /** A user message begins a turn that the log does not tell of, and ends the one before it. */
  beginUntold(at: Place): void {
    this.end("completed", at);
    this.#start(this.#output.idAt<TurnId>(at.line), at);
  }

  /** The turn that something happens in: the open one, the last one, or one that the log does not tell of. */
  current(at: Place): string {
    const known = this.open ?? this.#last?.id;
    if (known !== undefined) return known;
    this.beginUntold(at);
    return this.open ?? "";
  }

  end(status: ExecutionStatus, at: Place): void {
    const { open } = this;
    if (open === null) return;
    this.#output.say(at.timeUs, () => ({ type: "turn_ended", turn_id: asId<TurnId>(open), status }));
    if (this.#last !== null) this.#last.status = status;
    this.#output.turnId = null;
  }

  /** The thread ends as its last turn did; one whose last turn is open may still be going on. */
  endThread({ timeUs }: Place): void {
    const status = this.#over;
    if (status === null) return;
    const thread_id = asId<ThreadId>(this.#output.threadId);
    this.#output.say(timeUs, () => ({ type: "thread_ended", thread_id, status }));
  }

  /** A thread that was taken to be at its end goes on. */
  resumeThread({ timeUs }: Place): void {
    if (this.#over === null) return;
    const thread_id = asId<ThreadId>(this.#output.threadId);
    this.#output.say(timeUs, () => ({ type: "thread_resumed", thread_id }));
  }

  /** How the last turn ended; null while it has not, and where there was none. */
  get #over(): ExecutionStatus | null {
    const status = this.#last?.status ?? null;
    return status === "running" ? null : status;
  }

  #start(id: string, at: Place): void {
    this.#last = { id, status: "running" };
    this.#output.turnId = id;
    const thread_id = asId<ThreadId>(this.#output.threadId);
    this.#output.say(at.timeUs, () => ({ type: "turn_started", turn_id: asId<TurnId>(id), thread_id }));
  }
}
