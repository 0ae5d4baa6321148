/**
 * The two inputs of a cell's actor, taken one message at a time. Whoever posts while a message is being handled, which
 * effects do, is queued and not handled in between; a control message is always taken before any data.
 */
export class Mailbox<Control, Data> {
  readonly #handle: (message: Control | Data) => void;
  readonly #control: Control[] = [];
  readonly #data: Data[] = [];
  /** Invariant: true exactly while `#drain` is on the stack. */
  #draining = false;

  constructor(handle: (message: Control | Data) => void) {
    this.#handle = handle;
  }

  control(message: Control): void {
    if (this.#draining) this.#control.push(message);
    else this.#drain(message);
  }

  data(message: Data): void {
    if (this.#draining) this.#data.push(message);
    else this.#drain(message);
  }

  /** Invariant: nothing is queued when this is called. */
  #drain(first: Control | Data): void {
    this.#draining = true;
    try {
      this.#handle(first);
      while (this.#control.length > 0 || this.#data.length > 0) {
        const message = this.#control.shift() ?? this.#data.shift();
        if (message !== undefined) this.#handle(message);
      }
    } finally {
      this.#draining = false;
    }
  }
}
