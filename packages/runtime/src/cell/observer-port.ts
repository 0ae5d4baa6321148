/** The observer, made safe: whatever it throws changes nothing. */
import type { CodeModeEvent, CodeModeObserver, NestedToolCall } from "@rollout-trace/protocol";

export class ObserverPort {
  readonly #observer: CodeModeObserver | undefined;

  constructor(observer: CodeModeObserver | undefined) {
    this.#observer = observer;
  }

  /** Whether anybody is told. */
  get watched(): boolean {
    return this.#observer !== undefined;
  }

  emit(event: CodeModeEvent): void {
    try {
      this.#observer?.observe(event);
    } catch {
      // Watching a session never changes it.
    }
  }

  /** Runs `run` exactly once, inside the observer's context where it has one. */
  runNestedCall<Result>(
    call: { readonly whole: NestedToolCall },
    run: () => Promise<Result>,
  ): Promise<Result> {
    const observer = this.#observer;
    return observer?.runNestedCall === undefined ? run() : runInside(observer, call.whole, run);
  }
}

async function runInside<Result>(
  observer: CodeModeObserver,
  call: NestedToolCall,
  run: () => Promise<Result>,
): Promise<Result> {
  let started: Promise<Result> | undefined;
  // What `run` throws at once is a rejection like any other, lest it be taken for one that never ran.
  const runOnce = (): Promise<Result> => (started ??= (async () => await run())());
  try {
    const observed = observer.runNestedCall?.(call, runOnce);
    if (started === undefined) await observed;
    else observed?.catch(() => {});
  } catch {
    // As above; if it failed before it ran the call, the call runs without it.
  }
  return await runOnce();
}
