/**
 * What the model would see of a thread, and where in it goes what is read: to its end, back to the end of an earlier part, or
 * into a part that the model no longer sees.
 */
import { append, type LogElement } from "../log/document.ts";
import type { Place } from "../log/thread-output.ts";
import { Branches, NOTHING, type Segment, type Step } from "./branches.ts";
import { Compactions } from "./compactions.ts";
import { ClaudeConversation } from "./conversation.ts";
import type { ClaudeOutput } from "./output.ts";
import type { Entry } from "./record.ts";
import type { ToolCalls } from "./tool-calls.ts";

export class History {
  readonly conversation: ClaudeConversation;
  readonly compactions: Compactions;
  readonly #output: ClaudeOutput;
  readonly #branches = new Branches();
  /** Whether entries of this thread name others: then one that names none begins another conversation. */
  #hasParents = false;

  constructor(output: ClaudeOutput, calls: ToolCalls) {
    this.#output = output;
    this.conversation = new ClaudeConversation(output);
    this.compactions = new Compactions({
      output,
      conversation: this.conversation,
      branches: this.#branches,
      calls,
    });
  }

  /** The part of the conversation that is under way. */
  get tip(): Segment {
    return this.#branches.tip;
  }

  /** Whether the model still sees what is in a segment. */
  isLive(segment: Segment): boolean {
    return this.#branches.isLive(segment);
  }

  /** Where an entry with this uuid was read; null for one that was not. */
  lineOf(uuid: string): number | null {
    return this.#branches.lineOf(uuid);
  }

  /** Takes note of whether an entry names another. To be done before the entry is placed. */
  note({ parent }: Entry): void {
    this.#hasParents ||= typeof parent === "string";
  }

  /** Nothing more comes to what is under way: a compaction without its summary, a response. */
  close(): void {
    this.compactions.settle();
    this.conversation.close();
  }

  /** Gives what is shown to the model where the conversation is. */
  give(element: LogElement, at: Place): void {
    if (!this.compactions.defer(element, at)) this.conversation.give(element, at);
  }

  /** What came to a part of the conversation that the model does not see: it is seen by who goes back there. */
  leaveBehind(segment: Segment, element: LogElement): void {
    const { live, given, continues } = segment.end ?? NOTHING;
    segment.end = { live: append(live, element), given: given + 1, continues };
  }

  /** Whether a message or response belongs to an earlier part. */
  goesBack(entry: Entry): boolean {
    return this.#step(entry).type === "back";
  }

  /** Goes where a message or response belongs, which begins a segment there. */
  go(entry: Entry, at: Place): void {
    this.close();
    const step = this.#step(entry);
    this.#branches.begin(step, this.conversation.context);
    if (step.type === "back") {
      this.acceptUnsent(at);
      this.conversation.restore(step.to?.end ?? NOTHING, at);
    }
    this.mark(entry, at);
  }

  /** An entry of the part that is under way. */
  mark({ uuid }: Entry, { line }: Place): void {
    if (uuid !== null) this.#branches.mark(uuid, line);
  }

  /** An entry that was read already, under another name. */
  alias({ uuid }: Entry, known: string | null): void {
    if (uuid !== null) this.#branches.alias(uuid, known);
  }

  /** An entry that begins no segment goes with the one that it follows. */
  follow({ uuid, parent }: Entry, { line }: Place): Segment {
    return uuid === null ? this.#branches.tip : this.#branches.follow(uuid, line, parent);
  }

  /** The same for what surrounds the conversation: that names no other entry where none does. */
  trail(entry: Entry, at: Place): Segment {
    return this.follow(this.#hasParents ? entry : { ...entry, parent: undefined }, at);
  }

  /** What was never answered is in no request, and yet was said. */
  acceptUnsent(at: Place): void {
    for (const element of this.conversation.unsent()) this.accept(element, at);
  }

  /** An element that no request carries any more. */
  accept(element: LogElement, at: Place): void {
    if (element.type === "line") this.#output.accept(element, at.timeUs);
  }

  #step({ parent, type }: Entry): Step {
    const says = parent === null && (!this.#hasParents || type !== "user") ? undefined : parent;
    return this.#branches.step(says);
  }
}
