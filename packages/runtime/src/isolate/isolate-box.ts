/**
 * An isolate that is ready for one script: prelude installed, tools bound, driver compiled. Everything here is off the hot
 * path when it comes from the pool.
 */
import { randomInt } from "node:crypto";
import type { CellJournal } from "@rollout-trace/protocol";
import ivm from "isolated-vm";
import type { Deliver, Post, PreludeConfig } from "./bridge.ts";
import { JOURNAL_ENTRIES } from "./journal.ts";
import { PENDING_INPUT_CHARS, type ResolvedLimits } from "./limits.ts";
import { PRELUDE_FILE, PRELUDE_SOURCE } from "./prelude/source.ts";
import { CELL_FILE } from "./script-error.ts";
import type { Toolset } from "./toolset.ts";

const MIB = 1024 * 1024;

/** Costs that are not the text's own, so that a flood of empty messages ends too. Each is about what the host keeps. */
const MESSAGE_OVERHEAD_BYTES = 64;
const NOTIFY_OVERHEAD_BYTES = 1024;
/** The host takes this much of a script's messages before its own loop goes on; 256 cost it a few milliseconds. */
const BARRIER_MESSAGES = 256;
const BARRIER_CHARS = 256 * 1024;

/**
 * A driver runs the cell's module and then says so; nothing but the driver can import `rt`.
 *
 * Driver and probe await something so that they are async modules: V8 runs what waited for a cell's module when that fulfils,
 * and aborts the process if an isolate is disposed while it runs a module that is not async there.
 */
const DRIVER_SOURCE = 'import { done } from "rt";\nimport "cell";\ndone();\nawait undefined;';
const RT_SOURCE = "export const done = globalThis.__rt;\ndelete globalThis.__rt;";
/** Evaluating this rejects exactly when the cell's own module failed. */
const PROBE_SOURCE = 'import "cell";\nawait undefined;';

const CELL_OPTIONS = { filename: CELL_FILE };
/** What V8 makes for the first script of an isolate, and the memory that it touches, is there when the real one comes. */
const REHEARSAL_SOURCE = "const nothing = await undefined;";

/** Compiling blocks the host's loop, which is right for the usual few kilobytes: a thread hop would cost more. */
const COMPILE_SYNC_CHARS = 64 * 1024;

export interface BoxEvents {
  readonly post: Post;
  /** The isolate is lost, its thread is parked for ever, and its memory stays taken. */
  catastrophe(message: string): void;
}

export interface BoxOptions {
  /** The script sees the random numbers and the clock of an earlier run. */
  readonly replayed?: CellJournal | undefined;
  /** Made ahead of time: whatever can be done before a script is there is done. */
  readonly ahead?: boolean | undefined;
}

export class IsolateBox {
  readonly seed: number;
  readonly isolate: ivm.Isolate;
  /** One turn per call: hands something to the script and runs until it has nothing left to run. */
  readonly deliver: ivm.Reference<Deliver>;
  readonly #context: ivm.Context;
  readonly #rt: ivm.Module;
  readonly #driver: ivm.Module;
  #cell: ivm.Module | null = null;
  /** Null until a cell moves in; nothing can be posted before. */
  #events: BoxEvents | null = null;
  #catastrophe: string | null = null;

  constructor(toolset: Toolset, limits: ResolvedLimits, options: BoxOptions = {}) {
    this.seed = options.replayed?.random_seed ?? randomInt(2 ** 32);
    this.isolate = new ivm.Isolate({
      memoryLimit: Math.ceil(limits.heapBytes / MIB),
      onCatastrophicError: (message) => {
        this.#catastrophe = message;
        this.#events?.catastrophe(message);
      },
    });
    this.#context = this.isolate.createContextSync();
    const gate = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const post: Post = (kind, a, b, c, d) => this.#events?.post(kind, a, b, c, d);
    this.deliver = this.#context.evalClosureSync(
      PRELUDE_SOURCE,
      [
        new ivm.Callback(post, { ignored: true }),
        new ivm.Callback(() => openSoon(gate), { ignored: true }),
        new ivm.ExternalCopy(gate).copyInto({ release: true }),
        JSON.stringify(preludeConfig(toolset, limits, this.seed, options)),
      ],
      { filename: PRELUDE_FILE, result: { reference: true } },
    ) as ivm.Reference<Deliver>;
    this.#rt = this.isolate.compileModuleSync(RT_SOURCE, { filename: PRELUDE_FILE });
    this.#rt.instantiateSync(this.#context, noImports);
    this.#rt.evaluateSync();
    this.#driver = this.isolate.compileModuleSync(DRIVER_SOURCE, { filename: PRELUDE_FILE });
    if (options.ahead !== true) return;
    const rehearsal = this.isolate.compileModuleSync(REHEARSAL_SOURCE, CELL_OPTIONS);
    rehearsal.instantiateSync(this.#context, noImports);
    rehearsal.evaluateSync();
  }

  /** Whether a script may move in. */
  get usable(): boolean {
    return this.#catastrophe === null && !this.isolate.isDisposed;
  }

  /** Whether the script got past its compilation. */
  get compiled(): boolean {
    return this.#cell !== null;
  }

  moveIn(events: BoxEvents): void {
    this.#events = events;
  }

  /**
   * Compiles the script and runs its first turn; what comes of it comes in a later turn of the host's loop. `stored` is what `load`
   * finds, encoded; empty when there is nothing. Rejects with the script's error, or because something floating was rejected.
   */
  run(source: string, stored: string): Promise<unknown> {
    try {
      // Runs no code of the script, so it may block.
      if (stored !== "") this.deliver.applySync(undefined, [0, stored, "store"]);
      if (source.length <= COMPILE_SYNC_CHARS) {
        return this.#evaluate(this.isolate.compileModuleSync(source, CELL_OPTIONS));
      }
      return this.isolate.compileModule(source, CELL_OPTIONS).then((cell) => this.#evaluate(cell));
    } catch (error) {
      return new Promise((_, reject) => {
        setImmediate(reject, error);
      });
    }
  }

  #evaluate(cell: ivm.Module): Promise<unknown> {
    this.#driver.instantiateSync(this.#context, (specifier, referrer) => {
      if (referrer !== this.#driver) throw new UnsupportedImport(specifier);
      return specifier === "rt" ? this.#rt : cell;
    });
    this.#cell = cell;
    return this.#driver.evaluate();
  }

  /** Rejects with the script's own error if it has failed. */
  async probe(): Promise<void> {
    const cell = this.#cell;
    if (cell === null) return;
    const probe = this.isolate.compileModuleSync(PROBE_SOURCE, { filename: PRELUDE_FILE });
    probe.instantiateSync(this.#context, () => cell);
    await probe.evaluate();
  }

  dispose(): void {
    if (!this.isolate.isDisposed) this.isolate.dispose();
  }
}

/** A script wanted to import something. Its message is for the model. */
export class UnsupportedImport extends Error {
  constructor(specifier: string) {
    super(`Unsupported import in exec: ${specifier}`);
  }
}

/** Lets the guest past its barrier once timers, requests and everybody else had their turn of the loop. */
function openSoon(gate: SharedArrayBuffer): void {
  setImmediate(() => {
    const opened = new Int32Array(gate);
    Atomics.add(opened, 0, 1);
    Atomics.notify(opened, 0);
  });
}

function noImports(): never {
  throw new Error("this module imports nothing");
}

function preludeConfig(
  toolset: Toolset,
  limits: ResolvedLimits,
  seed: number,
  { replayed, ahead = false }: BoxOptions,
): PreludeConfig {
  return {
    tools: toolset.tools.map(({ tool, identifier }) => ({
      identifier,
      description: tool.description,
      freeform: tool.kind === "freeform",
    })),
    seed,
    rehearsed: ahead,
    replay: replayed === undefined ? null : { clockReads: replayed.clock_reads },
    outputBytes: limits.outputBytes,
    pendingToolCalls: limits.pendingToolCalls,
    pendingInputChars: PENDING_INPUT_CHARS,
    timers: limits.timers,
    clockReads: JOURNAL_ENTRIES,
    messageOverheadBytes: MESSAGE_OVERHEAD_BYTES,
    notifyOverheadBytes: NOTIFY_OVERHEAD_BYTES,
    barrierMessages: BARRIER_MESSAGES,
    barrierChars: BARRIER_CHARS,
  };
}
