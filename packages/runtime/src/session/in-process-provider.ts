/** Code mode in the host's own process. */
import type {
  CodeModeObserver,
  CodeModeSession,
  CodeModeSessionDelegate,
  CodeModeSessionOptions,
  CodeModeSessionProvider,
} from "@rollout-trace/protocol";
import { type CallbackGraces, cellDelegate } from "../cell/cell-host.ts";
import { ObserverPort } from "../cell/observer-port.ts";
import { CodeModeError } from "../errors.ts";
import { IsolatePool } from "../isolate/isolate-pool.ts";
import { keepLoopsInterruptible } from "../isolate/v8-flags.ts";
import { Toolsets } from "../isolate/toolset.ts";
import { withSpans } from "../opentelemetry/traced-session.ts";
import { InProcessSession } from "./session.ts";
import { SessionCore } from "./session-core.ts";

export interface InProcessProviderOptions {
  /** Isolates kept ready per toolset; 0 makes each one when it is asked for. Default 2. */
  readonly poolSize?: number | undefined;
  /** Milliseconds that the notifications of a completed cell may take before they are aborted. Default 5 000. */
  readonly notifyDrainMs?: number | undefined;
  /** Milliseconds that an aborted tool call or notification is still waited for. Default 1 000. */
  readonly abortGraceMs?: number | undefined;
  /** Is told about isolates whose thread or memory this process will not get back. Default: nobody. */
  readonly onIsolateLost?: ((loss: IsolateLoss) => void) | undefined;
}

/**
 * `stuck`: the isolate's thread goes on running after its disposal. `poisoned`: V8 gave up on the isolate; its thread is
 * parked and its memory kept until the process ends, and `process.exit` may hang.
 */
export interface IsolateLoss {
  readonly cellId: string;
  readonly how: "stuck" | "poisoned";
}

const DEFAULTS = Object.freeze({
  /** One for the next cell and one for a cell beside it. */
  poolSize: 2,
  /** A notification is a message to a model that is being written down; seconds are plenty. */
  notifyDrainMs: 5_000,
  /** A tool that does not answer its signal within a second will not. */
  abortGraceMs: 1_000,
});

/**
 * Runs cells in isolates of this process.
 *
 * Fast, and contains scripts that are wrong rather than malicious: an isolate is no boundary against crashes. A few one-line
 * scripts abort the process or leave a thread that cannot be stopped (growing a `Map` without end, `new Array(4e8).fill(1)`).
 * Use it for scripts you trust and in tests.
 *
 * Making a provider sets the V8 flag `--no-turboshaft-loop-unrolling` for the whole process: with loop unrolling some loops
 * lose their interrupt check and could never be terminated.
 */
export class InProcessSessionProvider implements CodeModeSessionProvider, AsyncDisposable {
  readonly #pool: IsolatePool;
  readonly #toolsets = new Toolsets();
  readonly #graces: CallbackGraces;
  readonly #onIsolateLost: (loss: IsolateLoss) => void;
  readonly #sessions = new Set<WeakRef<SessionCore>>();
  #closed: Promise<void> | null = null;

  constructor(options: InProcessProviderOptions = {}) {
    keepLoopsInterruptible();
    this.#pool = new IsolatePool(options.poolSize ?? DEFAULTS.poolSize);
    this.#graces = {
      notifyDrainMs: options.notifyDrainMs ?? DEFAULTS.notifyDrainMs,
      abortGraceMs: options.abortGraceMs ?? DEFAULTS.abortGraceMs,
    };
    this.#onIsolateLost = options.onIsolateLost ?? (() => {});
  }

  /** Throws `shutting_down` once the provider was closed. */
  async createSession(
    delegate: CodeModeSessionDelegate,
    options: CodeModeSessionOptions = {},
  ): Promise<CodeModeSession & AsyncDisposable> {
    if (this.#closed !== null) {
      throw new CodeModeError("shutting_down", "this provider is closed and makes no more sessions");
    }
    return withSpans(options.observer, (observer) => this.#open(delegate, observer));
  }

  #open(delegate: CodeModeSessionDelegate, observer: CodeModeObserver | undefined): InProcessSession {
    const core = new SessionCore(cellDelegate(delegate), new ObserverPort(observer), {
      pool: this.#pool,
      toolsets: this.#toolsets,
      graces: this.#graces,
      isolateLost: (cellId, how) => {
        this.#onIsolateLost({ cellId, how });
      },
    });
    for (const session of this.#sessions) if (session.deref() === undefined) this.#sessions.delete(session);
    this.#sessions.add(new WeakRef(core));
    return new InProcessSession(core);
  }

  /** Shuts down every session and throws away the pool. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sessions].map(async (session) => await session.deref()?.shutdown()));
    this.#pool[Symbol.dispose]();
  }
}
