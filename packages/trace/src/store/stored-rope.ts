/**
 * The parts of a payload as they are read back.
 *
 * Most payloads begin as the one that they are written against does, however long that is. So a rope has its own parts and says how
 * many of its base's it begins with; what two of them have in common is known from there, and nobody has to walk over it.
 */
import type { PayloadItem } from "@rollout-trace/protocol";

/** A part as it is read back: its bytes, or the chunk that has them. */
export interface StoredPart {
  readonly kind: "text" | "value" | "item" | "open" | "close";
  readonly chunk: number | null;
  readonly text: string;
  /** Made when somebody first asks for the element. */
  item: PayloadItem | null;
}

/** A part that is no item of an array. */
interface FramePart {
  readonly index: number;
  readonly part: StoredPart;
}

/** What a rope is made of. */
interface RopeParts {
  readonly base: StoredRope | null;
  readonly shared: number;
  readonly own: readonly StoredPart[];
}

/** More than a document has that somebody meant for a model. */
const KEPT_FRAME_PARTS = 256;

export class StoredRope {
  readonly length: number;
  /** How many parts of its base come first. */
  readonly shared: number;
  /** The parts after those. */
  readonly own: readonly StoredPart[];
  readonly #base: StoredRope | null;
  /** How many bases it is made of. */
  readonly #depth: number;
  #frame: readonly FramePart[] | null = null;

  constructor({ base, shared, own }: RopeParts) {
    this.#base = shared > 0 ? base : null;
    this.shared = shared;
    this.#depth = this.#base === null ? 0 : this.#base.#depth + 1;
    this.own = own;
    this.length = shared + own.length;
  }

  /** The parts from `start` to before `end`, which is at most the length. Costs as much as they are many, whatever comes before. */
  slice(start: number = 0, end: number = this.length): StoredPart[] {
    const pieces: (readonly StoredPart[])[] = [];
    let last = end;
    for (const { own, shared } of this.#chain()) {
      if (last > shared) pieces.push(own.slice(Math.max(start - shared, 0), last - shared));
      last = Math.min(last, shared);
      if (last <= start) break;
    }
    return ([] as StoredPart[]).concat(...pieces.reverse());
  }

  /** Those that are no items of arrays, in order. Costs what the own parts do where that was asked of its base. */
  frame(): readonly FramePart[] {
    const missing: StoredRope[] = [];
    let frame: readonly FramePart[] = [];
    for (const rope of this.#chain()) {
      if (rope.#frame !== null) {
        frame = rope.#frame;
        break;
      }
      missing.push(rope);
    }
    for (const { shared, own } of missing.reverse()) {
      const parts = frame.filter(({ index }) => index < shared);
      for (const [index, part] of own.entries()) {
        if (part.kind !== "item") parts.push({ index: shared + index, part });
      }
      frame = parts;
    }
    if (frame.length <= KEPT_FRAME_PARTS) this.#frame = frame;
    return frame;
  }

  /** How many parts it begins with like another; perhaps less than there are. Costs what the two have after what they share. */
  sharedWith(other: StoredRope): number {
    let shared = Math.min(this.length, other.length);
    let [one, two]: [StoredRope, StoredRope] = [this, other];
    while (one !== two) {
      const [deeper, rest]: [StoredRope, StoredRope] = one.#depth >= two.#depth ? [one, two] : [two, one];
      if (deeper.#base === null) return 0;
      shared = Math.min(shared, deeper.shared);
      [one, two] = [deeper.#base, rest];
    }
    const [mine, others] = [this.slice(shared), other.slice(shared)];
    let same = 0;
    while (same < mine.length && isSamePart(mine[same], others[same])) same += 1;
    return shared + same;
  }

  /** This rope, its base, the base of that, and so on. */
  *#chain(): Generator<StoredRope, void> {
    yield this;
    for (let rope = this.#base; rope !== null; rope = rope.#base) yield rope;
  }
}

function isSamePart(one: StoredPart | undefined, other: StoredPart | undefined): boolean {
  if (one === other) return one !== undefined;
  return one?.kind === other?.kind && one?.chunk === other?.chunk && one?.text === other?.text;
}
