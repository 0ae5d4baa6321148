/**
 * Runs one script in one isolate: takes what the script posts, hands it one delivery per turn, notices when it has nothing
 * left to run, how it ended, and which limit it passed. Decides nothing about the cell.
 */
import type { CellJournal, ImageDetail, ContentItem } from "@rollout-trace/protocol";
import { decodeStored, type Deliver, type GuestLimit, type PostKind } from "./bridge.ts";
import { type IsolateBox, UnsupportedImport } from "./isolate-box.ts";
import { JournalRecorder } from "./journal.ts";
import { scriptErrorText, scriptLine, scriptStackText } from "./script-error.ts";
import { HostTimers, type Timers } from "./timers.ts";

/** What the isolate says about its script, in the order in which it happened. */
export type IsolateEvent =
  | { readonly type: "output"; readonly item: ContentItem }
  | {
      readonly type: "tool_called";
      readonly callId: string;
      readonly toolIndex: number;
      /** JSON; undefined without input. */
      readonly inputJson: string | undefined;
      /** The line of the script that asked; known in a replay only. */
      readonly line: number | null;
    }
  | { readonly type: "notified"; readonly text: string }
  | { readonly type: "yield_requested" }
  | { readonly type: "timer_due"; readonly timerId: number }
  /** Nothing left to run. `delivered` says how many deliveries it has seen; `timers` how many timers may still fire. */
  | { readonly type: "idle"; readonly delivered: number; readonly timers: number }
  /** The module settled, or the script left by `exit()`. Nothing but `settled` or `limit_passed` ends a script. */
  | {
      readonly type: "settled";
      readonly outcome: ScriptOutcome;
      readonly writes: ReadonlyMap<string, string>;
    }
  | { readonly type: "limit_passed"; readonly limit: GuestLimit | "memory" };

export type ScriptOutcome =
  | { readonly type: "completed" }
  | { readonly type: "failed"; readonly errorText: string };

/** What a script receives, one per turn. */
export type Delivery =
  | { readonly type: "tool_result"; readonly callId: string; readonly result: DeliveredResult }
  | { readonly type: "timer"; readonly timerId: number };

/** `json` is the value's JSON text. */
export type DeliveredResult =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly error: string };

/**
 * How an isolate was lost. `stuck`: its thread still runs and cannot be stopped. `poisoned`: V8 gave up on it, its thread and
 * memory are lost until the process ends.
 */
export type Lost = "stuck" | "poisoned";

/** Most scripts stop within a millisecond; nobody is kept waiting for one that does not. */
const STOP_WAIT_MS = 200;
/**
 * A sort of millions or a bigint product may take much longer. It counts as stuck when it has had this much of a processor since
 * it was to stop: on a busy machine a script that would stop may have to wait for that.
 */
const STUCK_MS = 500;
const STUCK_LOOK_MS = 100;
/** Then it is stuck whatever it had, because it does not even want a processor. */
const STUCK_AT_LAST_MS = 30_000;
const CALL_PREFIX = "tool-";
/** Deliveries that were made and are still held. */
const TAKEN_AT_ONCE = 256;

/** The scripts of this process that are in the middle of something, those that never stop included. */
const running = new Set<CellIsolate>();

export class CellIsolate {
  readonly #box: IsolateBox;
  readonly #journal: JournalRecorder;
  /** Null until the script sets one; many never do. */
  #timers: Timers | null;
  readonly #emit: (event: IsolateEvent) => void;
  /** Filled by `deliver`, drained by the turn loop; `#next` is the first that was not delivered. */
  #inbox: Delivery[] = [];
  #next = 0;
  #delivered = 0;
  /** The turn loop while it runs; it settles when the isolate is idle or was stopped. */
  #turns: Promise<void> | null = null;
  #phase: "open" | "closed" | "poisoned" = "open";

  /** `timers` keeps the script's timers; by default they fire when they are due. */
  constructor(box: IsolateBox, emit: (event: IsolateEvent) => void, timers: Timers | null = null) {
    this.#box = box;
    this.#emit = emit;
    this.#journal = new JournalRecorder(box.seed);
    this.#timers = timers;
    box.moveIn({
      post: (kind, a, b, c, d) => {
        this.#posted(kind, a, b, c, d);
      },
      catastrophe: () => {
        const wasOpen = this.#phase === "open";
        this.#phase = "poisoned";
        running.delete(this);
        if (wasOpen) this.#emit({ type: "limit_passed", limit: "memory" });
      },
    });
  }

  /** Once, in the turn of the loop in which the box began to run the script. */
  follow(firstTurn: Promise<unknown>): void {
    this.#turns = this.#run(firstTurn);
  }

  deliver(delivery: Delivery): void {
    if (this.#phase !== "open") return;
    this.#inbox.push(delivery);
    this.#turns ??= this.#run(null);
  }

  /** Milliseconds of CPU that the script has used, readable while it runs. */
  cpuMs(): number {
    return this.#box.isolate.isDisposed ? 0 : Number(this.#box.isolate.cpuTime) / 1e6;
  }

  journal(): CellJournal {
    return this.#journal.finish();
  }

  /** The script is over: nothing that it still does counts. `lost` is called when it goes on running all the same. */
  retire(lost: (how: Lost) => void): void {
    this.#shut();
    void this.#dispose(lost);
  }

  /**
   * Stops the script where it is. Resolves when it has really stopped, or after 200 ms; `lost` is called when it was found not to
   * stop.
   */
  async stop(lost: (how: Lost) => void): Promise<void> {
    if (this.#turns !== null) this.#journal.interrupted();
    this.#shut();
    await settlesWithin(this.#dispose(lost), STOP_WAIT_MS);
  }

  /** Disposes the isolate, waits for what it is in the middle of, and says when that does not end. */
  async #dispose(lost: (how: Lost) => void): Promise<void> {
    const interrupted = this.#turns;
    this.#box.dispose();
    const isOver = this.#phase === "poisoned" || interrupted === null;
    const stopped = isOver || (await this.#settlesInTime(interrupted));
    if (this.#phase === "poisoned") lost("poisoned");
    else if (!stopped) lost("stuck");
  }

  /** Whether that settles before the thread counts as stuck. */
  async #settlesInTime(turns: Promise<void>): Promise<boolean> {
    const since = performance.now();
    const before = scriptsCpuMs();
    for (;;) {
      if (await settlesWithin(turns, STUCK_LOOK_MS)) return true;
      if (this.#phase === "poisoned") return false;
      const tookMs = performance.now() - since;
      // What each of them got, all in all.
      const cpuMs = (scriptsCpuMs() - before) / running.size;
      if ((tookMs >= STUCK_MS && cpuMs >= STUCK_MS) || tookMs >= STUCK_AT_LAST_MS) return false;
    }
  }

  #shut(): void {
    if (this.#phase === "open") this.#phase = "closed";
    this.#inbox = [];
    this.#next = 0;
    this.#timers?.[Symbol.dispose]();
  }

  /** Says how the script ended; nothing is emitted after it. */
  #close(end: Extract<IsolateEvent, { type: "settled" | "limit_passed" }>): void {
    if (this.#phase !== "open") return;
    this.#phase = "closed";
    this.#emit(end);
  }

  /** The turn loop: `first`, then one turn per delivery until there is none. */
  async #run(first: Promise<unknown> | null): Promise<void> {
    running.add(this);
    let turn = first;
    // isolated-vm walks the stack at each call: from here on it is a short one.
    if (turn === null) await Promise.resolve();
    while (turn !== null || this.#next < this.#inbox.length) {
      try {
        await (turn ?? this.#box.deliver.apply(undefined, this.#nextDelivery()));
      } catch (error) {
        if (this.#phase === "open") await this.#rejectedTurn(error);
      }
      turn = null;
    }
    running.delete(this);
    this.#inbox = [];
    this.#next = 0;
    this.#turns = null;
    if (this.#phase !== "open") return;
    this.#emit({ type: "idle", delivered: this.#delivered, timers: this.#timers?.size ?? 0 });
  }

  /** Takes the next delivery from the inbox, which is not empty, in the form in which it crosses. */
  #nextDelivery(): Parameters<Deliver> {
    const delivery = this.#inbox[this.#next];
    if (delivery === undefined) throw new RangeError("nothing to deliver");
    this.#next += 1;
    this.#delivered += 1;
    if (this.#next === TAKEN_AT_ONCE) {
      // A script that asks on and on never empties it.
      this.#inbox.splice(0, TAKEN_AT_ONCE);
      this.#next = 0;
    }
    if (delivery.type === "timer") {
      this.#journal.delivered({ type: "timer", timer_id: delivery.timerId });
      return [delivery.timerId, "", "timer"];
    }
    const { callId, result } = delivery;
    this.#journal.delivered({ type: "tool_result", runtime_tool_call_id: callId, ok: result.ok });
    const number = Number(callId.slice(CALL_PREFIX.length));
    return result.ok ? [number, result.json] : [number, result.error, "error"];
  }

  /**
   * A turn rejects when any promise was left rejected in it, the script's own or a floating one; asking the module itself
   * tells which.
   */
  async #rejectedTurn(error: unknown): Promise<void> {
    if (this.#box.isolate.isDisposed) {
      this.#close({ type: "limit_passed", limit: "memory" });
      return;
    }
    if (error instanceof UnsupportedImport) {
      this.#fail(`Error: ${error.message}`, "");
      return;
    }
    let failure: { readonly error: unknown } | null = null;
    try {
      if (this.#box.compiled) await this.#box.probe();
      else failure = { error };
    } catch (probed) {
      failure = { error: probed };
    }
    if (failure !== null) await this.#settleFailure(failure.error);
  }

  async #settleFailure(error: unknown): Promise<void> {
    let writes = "";
    try {
      const text = await this.#box.deliver.apply(undefined, [0, "", "flush"]);
      if (typeof text === "string") writes = text;
    } catch {
      // The flush ran microtasks of the script, one of which was left rejected or passed the memory limit.
    }
    if (this.#phase !== "open") return;
    if (this.#box.isolate.isDisposed) this.#close({ type: "limit_passed", limit: "memory" });
    else this.#fail(scriptErrorText(error), writes);
  }

  #fail(errorText: string, writes: string): void {
    this.#close({ type: "settled", outcome: { type: "failed", errorText }, writes: decodeStored(writes) });
  }

  /** Called by the guest. Must never throw: what a host function throws is copied into the guest, host paths and all. */
  #posted(kind: PostKind, a?: string | number, b?: string | number, c?: string, d?: string): void {
    if (this.#phase !== "open") return;
    switch (kind) {
      case "call":
        this.#emit({
          type: "tool_called",
          callId: `${CALL_PREFIX}${a}`,
          toolIndex: Number(b),
          inputJson: c,
          line: scriptLine(d),
        });
        return;
      case "rehearsal":
        return;
      case "text":
        this.#emit({ type: "output", item: { type: "input_text", text: String(a) } });
        return;
      case "image": {
        const detail = b as ImageDetail;
        this.#emit({ type: "output", item: { type: "input_image", image_url: String(a), detail } });
        return;
      }
      case "notify":
        this.#emit({ type: "notified", text: String(a) });
        return;
      case "timer_set":
        this.#timers ??= new HostTimers((timerId) => {
          this.#emit({ type: "timer_due", timerId });
        });
        this.#timers.set(Number(a), Number(b));
        return;
      case "timer_clear":
        this.#timers?.clear(Number(a));
        return;
      case "yield":
        this.#emit({ type: "yield_requested" });
        return;
      case "clock":
        this.#journal.clockRead(String(a));
        return;
      case "done":
        this.#close({
          type: "settled",
          outcome: { type: "completed" },
          writes: decodeStored(String(a)),
        });
        return;
      case "fail":
        this.#fail(scriptStackText(String(a)), String(b));
        return;
      case "limit":
        this.#close({ type: "limit_passed", limit: a as GuestLimit });
        return;
    }
  }
}

/** What all threads of this process but this one have had. */
function scriptsCpuMs(): number {
  const all = process.cpuUsage();
  const own = process.threadCpuUsage();
  return (all.user + all.system - own.user - own.system) / 1000;
}

function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, false);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
