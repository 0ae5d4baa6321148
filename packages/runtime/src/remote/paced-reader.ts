/**
 * Hands on what a stream brings in portions, with turns of the loop in between: a child that has very much to say does not hold
 * up everything else in this process. It waits meanwhile, because nothing more is read.
 */
import type { Readable } from "node:stream";

/** Less than a frame of a flood costs a millisecond; everything usual fits whole. */
const PORTION_BYTES = 4096;
/** Then everybody else has a turn. What the frames set off comes on top. */
const TURN_MS = 3;

export class PacedReader {
  readonly #source: Readable;
  readonly #take: (bytes: Buffer) => void;

  constructor(source: Readable, take: (bytes: Buffer) => void) {
    this.#source = source;
    this.#take = take;
    source.on("data", (bytes: Buffer) => {
      if (bytes.length <= PORTION_BYTES) take(bytes);
      else if (this.#takeSome(bytes) > 0) source.pause();
    });
  }

  /** Returns how many bytes are left for a later turn. */
  #takeSome(bytes: Buffer): number {
    const until = performance.now() + TURN_MS;
    let at = 0;
    do {
      this.#take(bytes.subarray(at, at + PORTION_BYTES));
      at += PORTION_BYTES;
    } while (at < bytes.length && performance.now() < until);
    const rest = bytes.subarray(at);
    if (rest.length > 0) {
      setImmediate(() => {
        if (this.#takeSome(rest) === 0) this.#source.resume();
      });
    }
    return rest.length;
  }
}
