/** The thread, turn and tool call in whose name code is running. Travels with async calls. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ThreadTrace, ToolCallTrace, TurnTrace } from "./handles.ts";

export interface TraceContext {
  readonly thread: ThreadTrace | null;
  readonly turn: TurnTrace | null;
  readonly toolCall: ToolCallTrace | null;
}

const NOTHING: TraceContext = Object.freeze({ thread: null, turn: null, toolCall: null });
const storage = new AsyncLocalStorage<TraceContext>();

/** What the running code is attributed to. All null outside of any recorded context. */
export function currentTrace(): TraceContext {
  return storage.getStore() ?? NOTHING;
}

/** Runs `fn`, and everything it starts, in a context. */
export function runInContext<Result>(context: TraceContext, fn: () => Result): Result {
  return storage.run(context, fn);
}
