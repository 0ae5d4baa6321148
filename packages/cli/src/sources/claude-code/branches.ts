/**
 * Where in a conversation an entry belongs.
 *
 * Entries name the one before them, but not as the model saw them: of several calls that run at once each result follows its
 * own call, and records of hooks and of progress stand in between. So a conversation is made of segments: a message of a person
 * or a response, and whatever came with it. An entry that follows anything in the last segment goes on from its end. A message
 * or response that follows something in an earlier one goes back there: what came since is history that the model no longer
 * sees.
 */
import type { Context } from "./conversation.ts";

/** A line of segments; another begins where somebody went back. */
interface Branch {
  readonly parent: Branch | null;
  /** The last segment of the parent that it has in common. */
  readonly from: number;
}

export interface Segment {
  readonly branch: Branch;
  readonly order: number;
  /** The context at its end, once something came after it. */
  end: Context | null;
}

interface Mark {
  readonly segment: Segment;
  readonly line: number;
}

export type Step =
  | { readonly type: "on" }
  /** Back to the end of an earlier segment; null for the beginning of another conversation. */
  | { readonly type: "back"; readonly to: Segment | null };

const ON: Step = { type: "on" };

export class Branches {
  readonly #marks = new Map<string, Mark>();
  #tip: Segment = { branch: { parent: null, from: 0 }, order: 0, end: null };

  get tip(): Segment {
    return this.#tip;
  }

  /** Where an entry with this uuid was read; null for one that was not. */
  lineOf(uuid: string): number | null {
    return this.#marks.get(uuid)?.line ?? null;
  }

  /** Where a message or a response goes. */
  step(parent: string | null | undefined): Step {
    if (parent === undefined || this.#marks.size === 0) return ON;
    if (parent === null) return { type: "back", to: null };
    const mark = this.#marks.get(parent);
    // What the file does not have is taken to be what stands before the entry.
    if (mark === undefined || mark.segment === this.#tip) return ON;
    return { type: "back", to: mark.segment };
  }

  /** A message or response begins a segment, after a step that leaves `context` at the end of the one before it. */
  begin(step: Step, context: Context): void {
    this.#tip.end = context;
    const { branch, order } = this.#tip;
    if (step.type === "on") this.#tip = { branch, order: order + 1, end: null };
    else {
      const parent = step.to?.branch ?? null;
      this.#tip = {
        branch: { parent, from: step.to?.order ?? 0 },
        order: (step.to?.order ?? 0) + 1,
        end: null,
      };
    }
  }

  /** An entry that begins no segment belongs to that of the entry it follows. */
  follow(uuid: string, line: number, parent: string | null | undefined): Segment {
    const segment = this.#segmentAfter(parent);
    this.#marks.set(uuid, { segment, line });
    return segment;
  }

  #segmentAfter(parent: string | null | undefined): Segment {
    // Another conversation may begin with records of hooks.
    if (parent === null && this.#marks.size > 0)
      return { branch: { parent: null, from: 0 }, order: 0, end: NOTHING };
    return this.#marks.get(parent ?? "")?.segment ?? this.#tip;
  }

  /** An entry of the last segment. */
  mark(uuid: string, line: number): void {
    this.#marks.set(uuid, { segment: this.#tip, line });
  }

  /** Another name for an entry that was read already. */
  alias(uuid: string, known: string | null): void {
    const mark = known === null ? undefined : this.#marks.get(known);
    if (mark !== undefined && !this.#marks.has(uuid)) this.#marks.set(uuid, mark);
  }

  /** Whether the model still sees what is in a segment. */
  isLive(segment: Segment): boolean {
    let upTo = this.#tip.order;
    for (let branch: Branch | null = this.#tip.branch; branch !== null; branch = branch.parent) {
      if (segment.branch === branch) return segment.order <= upTo;
      upTo = branch.from;
    }
    return false;
  }
}

/** The context at the beginning of a conversation. */
export const NOTHING: Context = Object.freeze({ live: null, given: 0, continues: null });
