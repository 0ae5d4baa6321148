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
    this.#control.push(message);
    this.#drain();
  }

  data(message: Data): void {
    this.#data.push(message);
    this.#drain();
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (;;) {
        const message = this.#control.shift() ?? this.#data.shift();
        if (message === undefined) return;
        this.#handle(message);
      }
    } finally {
      this.#draining = false;
    }
  }
}
