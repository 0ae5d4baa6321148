/**
 * Which earlier payload a new one is written against.
 *
 * Payload n of a chain is written against payload n − 8^k, with 8^k the largest power of 8 that divides n: mostly its
 * predecessor, every 8th time the one 8 earlier, and so on. A payload is thus read through at most 7 others per power of 8
 * (35 for the 10 000th) and each of its new parts is listed about once per power, so that neither reading nor writing
 * grows with the length of the session, as it would with full lists at fixed distances.
 */
import type { RopeDocument } from "./rope.ts";

const RADIX = 8;

/** A document with fewer parts is written whole: there is nothing worth sharing. */
export const MIN_SHARED_PARTS = 8;

/** Bytes. Larger documents are not kept in memory for comparison; their pieces are still stored only once. */
const MAX_KEPT_SIZE = 32 * 1024 * 1024;

/** A document with its ordinal among the payloads of its rollout. */
export interface PlacedDocument {
  readonly ordinal: number;
  readonly document: RopeDocument;
}

/** The payloads of one kind in one thread. */
export class RopeChain {
  #count = 0;
  #first: PlacedDocument | null = null;
  #last: RopeDocument | null = null;
  /** At index k the latest document whose number is a multiple of 8^k. */
  readonly #levels: PlacedDocument[] = [];

  /** What the next document is compared with, piece by piece. */
  get last(): RopeDocument | null {
    return this.#last;
  }

  /** Takes a document into the chain and gives the one to write it against. */
  add(placed: PlacedDocument): PlacedDocument | null {
    const { document } = placed;
    if (document.parts.length < MIN_SHARED_PARTS || document.size > MAX_KEPT_SIZE) return null;
    this.#last = document;
    const level = levelOf(this.#count);
    const base = this.#levels[level] ?? this.#first;
    this.#first ??= placed;
    for (let index = 0; index <= level; index += 1) this.#levels[index] = placed;
    this.#count += 1;
    return base;
  }
}

function levelOf(count: number): number {
  let level = 0;
  for (let rest = count; rest > 0 && rest % RADIX === 0; rest /= RADIX) level += 1;
  return level;
}
