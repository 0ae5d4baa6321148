/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * The one way out: what is posted is bounded per turn of the host's loop, since the guest waits at the barrier, and in all,
 * since it has a budget. Once `end` was called nothing leaves any more.
 */
import type { Gate, GuestLimit, Post, PostKind, PreludeConfig } from "../bridge.ts";

export interface Outbox {
  /** `chars` is what the message makes the host keep. When this throws, which it may where the stack ends, nothing was sent. */
  send(chars: number, ...message: Parameters<Post>): void;
  /** Takes the text's bytes from the output budget; ends the cell when it is used up. */
  spend(text: string, overhead: number): void;
  /** Throws once the cell is over, so that nothing a script goes on to do has an effect. */
  assertLive(): void;
  isOver(): boolean;
  /** Says how the cell ended. Later calls do nothing. */
  end(kind: PostKind, a: string, b?: string): void;
  /** Ends the cell and leaves the script by an exception; catching it leads nowhere. */
  passLimit(limit: GuestLimit): never;
  /** Gathers a clock read; reads leave at the end of the microtask queue, and before an end. */
  clockRead(time: number): void;
}

export function makeOutbox(post: Post, gate: Gate, config: PreludeConfig): Outbox {
  const apply = Reflect.apply;
  const ErrorOf = Error;
  const then = Promise.prototype.then;
  const resolved = Promise.resolve();
  const charCodeAt = String.prototype.charCodeAt;
  const read = Atomics.load;
  const waitWhile = Atomics.wait;
  const opened = new Int32Array(gate.opened);
  const knock = gate.knock;

  let over = false;
  let messages = 0;
  let chars = 0;
  const send: Outbox["send"] = (size, kind, a, b, c, d) => {
    // Not what is not there: it would be copied.
    if (d !== undefined) post(kind, a, b, c, d);
    else if (c !== undefined) post(kind, a, b, c);
    else post(kind, a, b);
    messages += 1;
    chars += size;
    if (messages < config.barrierMessages && chars < config.barrierChars) return;
    try {
      const before = read(opened, 0);
      knock();
      waitWhile(opened, 0, before);
      messages = 0;
      chars = 0;
    } catch {
      // The stack ended here; the next message waits.
    }
  };

  let clock = "";
  let clockReads = 0;
  const flushClock = (): void => {
    const reads = clock;
    clock = "";
    if (reads !== "" && !over) send(reads.length, "clock", reads);
  };
  const end: Outbox["end"] = (kind, a, b) => {
    if (over) return;
    flushClock();
    over = true;
    post(kind, a, b);
  };
  const passLimit: Outbox["passLimit"] = (limit) => {
    end("limit", limit);
    throw new ErrorOf("exec cell has ended");
  };

  const utf8Length = (text: string): number => {
    let bytes = text.length;
    for (let index = 0; index < text.length; index += 1) {
      const code = apply(charCodeAt, text, [index]);
      const surrogate = code >= 0xd800 && code <= 0xdfff;
      if (code > 0x7f) bytes += code > 0x7ff && !surrogate ? 2 : 1;
    }
    return bytes;
  };
  let spent = 0;

  return {
    send,
    end,
    passLimit,
    isOver: () => over,
    assertLive() {
      if (over) throw new ErrorOf("exec cell has ended");
    },
    spend(text, overhead) {
      // The length alone may already decide, and counting the bytes of a huge text takes time.
      if (spent + overhead + text.length > config.outputBytes) passLimit("output");
      spent += overhead + utf8Length(text);
      if (spent > config.outputBytes) passLimit("output");
    },
    clockRead(time) {
      // One more than the journal takes, which tells it that there were more.
      if (over || clockReads > config.clockReads) return;
      clockReads += 1;
      if (clock === "") void apply(then, resolved, [flushClock]);
      clock += clock === "" ? time : `,${time}`;
    },
  };
}
