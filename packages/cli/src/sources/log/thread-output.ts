/**
 * Where what is read in a thread's log goes: out in the order of the log, except that a request's events come out together.
 *
 * A log tells the parts of a request in its own order: the items of a response, then what the tools did and returned, then
 * perhaps what it cost. Events are held from the first item of a response to the first item of the next (or the end of the
 * turn), so that the response can come out whole, before the calls that it asks for, and a call can say what only its output
 * tells. What is held is one request's worth.
 */
import {
  asId,
  type Branded,
  type PayloadKind,
  type PayloadRef,
  type ProviderItemId,
  type RawEventPayload,
  type SourceProblem,
} from "@rollout-trace/protocol";
import type { LineDocument, LineRef, LogDocument } from "./document.ts";
import type { LogFile } from "./log-file.ts";
import type { AddPayload, AddView, LogDraft } from "./log-rollout.ts";

/** Events of one request that are waited for. No request has had a hundredth of this; a log could go on for ever. */
const MAX_HELD = 100_000;

/** How payloads are kept. */
export interface Adders {
  readonly add: AddPayload;
  readonly addView: AddView;
}

/** A draft, or one that needs to know of the other threads (`Roster`) as of its time. */
export type ThreadDraft<Roster> =
  | LogDraft
  | {
      readonly type: "late";
      readonly timeUs: number;
      readonly resolve: (roster: Roster) => readonly LogDraft[];
    };

/** An event of this thread and turn, unless it says otherwise. */
export interface LateEvent {
  readonly payload: RawEventPayload;
  readonly threadId?: string;
  readonly turnId?: string | null;
}

/** A line and when it was written. */
export interface Place {
  readonly line: number;
  readonly timeUs: number;
}

/** Makes the payload of an event when the event comes out; null for an event that turned out not to have happened. */
export type MakePayload = () => RawEventPayload | null;

interface Held<Roster> {
  readonly timeUs: number;
  readonly make: () => ThreadDraft<Roster> | null;
}

/** `View` names the format's views of a line, `Roster` is what it keeps of the threads of a rollout. */
export class ThreadOutput<View extends string, Roster> {
  readonly threadId: string;
  readonly #file: LogFile;
  readonly #adders: Adders;
  /** The turn that events belong to from now on. */
  turnId: string | null = null;
  #ready: ThreadDraft<Roster>[] = [];
  /** Null while nothing is held. */
  #held: Held<Roster>[] | null = null;

  constructor(threadId: string, file: LogFile, adders: Adders) {
    this.threadId = threadId;
    this.#file = file;
    this.#adders = adders;
  }

  /** An event, of the current turn unless another is named. */
  say(timeUs: number, make: MakePayload, turnId: string | null = this.turnId): void {
    this.#put({ timeUs, make: () => this.#event(timeUs, turnId, make()) });
  }

  /** An event that happened before what was read last, as far back as events are held. */
  sayEarlier(timeUs: number, make: MakePayload, turnId: string | null = this.turnId): void {
    const held = this.#held;
    if (held === null) {
      this.say(timeUs, make, turnId);
      return;
    }
    let at = held.length;
    while (at > 0 && (held[at - 1]?.timeUs ?? 0) > timeUs) at -= 1;
    held.splice(at, 0, { timeUs, make: () => this.#event(timeUs, turnId, make()) });
  }

  /** Events that depend on what the other threads have done by then. */
  sayLate(timeUs: number, resolve: (roster: Roster) => readonly LateEvent[]): void {
    const { turnId, threadId } = this;
    const draft: ThreadDraft<Roster> = {
      type: "late",
      timeUs,
      resolve: (roster) =>
        resolve(roster).map((event) => ({ type: "event", timeUs, threadId, turnId, ...event })),
    };
    this.#put({ timeUs, make: () => draft });
  }

  report(line: number, timeUs: number, message: string): void {
    const problem: SourceProblem = { where: `${this.#file.path}:${line}`, message };
    this.#put({ timeUs, make: () => ({ type: "problem", timeUs, problem }) });
  }

  /** A file that is damaged ends before its end. */
  reportDamage({ line, timeUs }: Place): void {
    const { damage } = this.#file;
    if (damage !== null) this.report(line, timeUs, `the file ends here: ${damage}`);
  }

  /** An element of the history that no request of the log carries any more. `name` is its own, where it has one. */
  accept(element: LineDocument, timeUs: number, name: string | null = null): void {
    const { line } = element;
    const item_id = name === null ? this.idAt<ProviderItemId>(line) : asId<ProviderItemId>(name);
    const item = this.payload(line, "item", "protocol_event", element);
    this.say(timeUs, () => ({ type: "history_item_accepted", item_id, item }));
  }

  /** A payload that is a view of one line. */
  view(line: number, view: View): PayloadRef {
    return this.#adders.addView(this.threadId, this.line(line), view);
  }

  /** A payload that is made of several lines, named by the one that it is told in. */
  payload(line: number, what: string, kind: PayloadKind, document: LogDocument): PayloadRef {
    return this.#adders.add(`${this.threadId}:${line}:${what}`, kind, document);
  }

  line(line: number): LineRef {
    return { file: this.#file, line };
  }

  /** An id for what the log does not name, by the line that tells of it. */
  idAt<Id extends Branded<string, string>>(line: number): Id {
    return `${this.threadId}:${line}` as Id;
  }

  /** How many events are held. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  /** Whether so much is held that its request has to be taken for over. */
  get isFull(): boolean {
    return this.held > MAX_HELD;
  }

  /** Holds what comes from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets what was held come out, after `first`. */
  release(
    first: readonly { readonly timeUs: number; readonly payload: RawEventPayload }[],
    turnId: string,
  ): void {
    for (const { timeUs, payload } of first) this.#push(this.#event(timeUs, turnId, payload));
    const held = this.#held ?? [];
    this.#held = null;
    for (const { make } of held) this.#push(make());
  }

  /** What has come out since the last call. */
  take(): readonly ThreadDraft<Roster>[] {
    if (this.#ready.length === 0) return [];
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #put(entry: Held<Roster>): void {
    if (this.#held === null) this.#push(entry.make());
    else this.#held.push(entry);
  }

  #push(draft: ThreadDraft<Roster> | null): void {
    if (draft !== null) this.#ready.push(draft);
  }

  #event(timeUs: number, turnId: string | null, payload: RawEventPayload | null): LogDraft | null {
    return payload === null ? null : { type: "event", timeUs, threadId: this.threadId, turnId, payload };
  }
}
