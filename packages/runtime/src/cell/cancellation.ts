/**
 * Says once that something is not needed any more. Most calls are answered and nobody asks: an AbortSignal, which takes longer to
 * make than the rest of a call, is there for whoever wants one.
 */
export class Cancellation {
  #abort: AbortController | null = null;
  /** The last one who wanted to hear of it. */
  #listener: (() => void) | null = null;
  #reason: DOMException | null = null;

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#reason !== null) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /** At most one listener, called at most once and not for what was cancelled before. */
  onCancel(listener: () => void): void {
    this.#listener = listener;
  }

  cancel(reason: DOMException): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#abort?.abort(reason);
    this.#listener?.();
  }
}
